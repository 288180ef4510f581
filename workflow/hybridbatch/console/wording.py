"""Durations, shares and names of jobs as short text."""

from collections.abc import Mapping, Sequence

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def clock(seconds: float) -> str:
    """A duration that is counted up: `0:05`, `12:30`, `1:02:03`."""
    whole = max(int(seconds), 0)
    minutes, rest = divmod(whole, _MINUTE)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def duration(seconds: float) -> str:
    """A duration in words, with two units at most: `8 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{max(whole, 0)} s"
    for unit, name, below, lower in (
        (_DAY, "d", _HOUR, "h"),
        (_HOUR, "h", _MINUTE, "min"),
        (_MINUTE, "min", 1, "s"),
    ):
        if whole >= unit:
            count, rest = divmod(whole, unit)
            return f"{count} {name} {rest // below} {lower}" if rest // below else f"{count} {name}"
    raise AssertionError("every duration from a minute on has a unit")


def roughly(seconds: float) -> str:
    """An estimate in words, no finer than it can be: `10 s`, `4 min`, `1 h 30 min`."""
    for below, step in ((_MINUTE, 5), (10 * _MINUTE, _MINUTE), (_HOUR, 5 * _MINUTE)):
        if seconds < below:
            return duration(max(round(seconds / step), 1) * step)
    return duration(round(seconds / (10 * _MINUTE)) * 10 * _MINUTE)


def percent(share: float) -> str:
    """A share of 1 in whole percent, 100 only for all of it: `46 %`."""
    return f"{int(100 * share)} %"


def job_name(rule: str, wildcards: Mapping[str, str]) -> str:
    """The name of a job: `encode embedded.untrained/cldr`."""
    return f"{rule} {'/'.join(wildcards.values())}".strip()


def counted(count: int, noun: str) -> str:
    """`1 job`, `1,200 jobs`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def of_rules(counts: Mapping[str, int]) -> str:
    """`train 3, encode 4, report`: a number where there is more than one."""
    return ", ".join(rule if n == 1 else f"{rule} {n:,}" for rule, n in counts.items())


def shortened(text: str, columns: int) -> str:
    """The text in at most `columns`; what distinguishes names, their end, stays."""
    if len(text) <= columns:
        return text
    if columns < 4:
        return text[: max(columns, 0)]
    head = (columns - 1) // 3
    return f"{text[:head]}…{text[len(text) - (columns - 1 - head) :]}"


def table(rows: Sequence[tuple[str, str, str]], columns: int) -> list[str]:
    """Lines of a name, a number and words, which continue below themselves in narrow terminals."""
    name = max(len(row[0]) for row in rows)
    number = max(len(row[1]) for row in rows)
    indent = name + number + 4
    lines = []
    for first, second, words in rows:
        begin = f"{first:{name}}  {second:>{number}}  "
        wrapped = wrapped_words(words, max(columns - indent, 12))
        lines.append((begin + (wrapped[0] if wrapped else "")).rstrip())
        lines.extend(" " * indent + line for line in wrapped[1:])
    return lines


def wrapped_words(text: str, columns: int) -> list[str]:
    """The text in lines of at most `columns`, cut between words alone."""
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= columns:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
