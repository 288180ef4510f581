"""The record of each case of the bench, and the tables that are made from the records."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from faults.damage import Outcome
from faults.kills import SIGNALS, STARTS, TARGETS, Verdict
from faults.surroundings import Trial

Row = dict[str, Any]


def of_verdict(verdict: Verdict, *, seed: int) -> Row:
    """A chain of kills, as a row for JSON."""
    case = verdict.case
    strikes = [
        {
            "target": each.kill.target,
            "signal": each.kill.signal.name,
            "hit": each.hit,
            "running": list(each.running),
            "left": len(each.left),
            "unlocked": each.unlocked,
            "refused": each.refused,
            "resumed": each.resumed,
        }
        for each in verdict.strikes
    ]
    return {
        "what": "kills",
        "seed": seed,
        "number": case.number,
        "scope": case.scope,
        "start": case.start,
        "case": str(case),
        "strikes": strikes,
        "problems": verdict.problems,
        "seconds": round(verdict.seconds, 1),
    }


def of_outcome(outcome: Outcome, *, seed: int, number: int, scope: str) -> Row:
    """A damaged file, as a row for JSON."""
    damage = outcome.damage
    return {
        "what": "damage",
        "seed": seed,
        "number": number,
        "scope": scope,
        "case": str(damage),
        "rule": damage.job.rule,
        "file": damage.file,
        "kind": damage.kind,
        "outcome": outcome.kind,
        "text": outcome.text,
        "problems": [f"{outcome.kind}: {outcome.text}"] if outcome.broken else [],
    }


def of_trial(trial: Trial, *, what: str, number: int) -> Row:
    """A fault of the surroundings, or damage with its remedy, as a row for JSON."""
    return {
        "what": what,
        "number": number,
        "case": trial.fault,
        "lines": list(trial.lines),
        "problems": list(trial.problems),
    }


def line(row: Row) -> str:
    """A case and its result, on one line."""
    if row["what"] == "kills":
        said = " ".join(map(_strike, row["strikes"])) + f" ({row['seconds']:.0f} s)"
    else:
        said = row.get("text") or " | ".join(row.get("lines", ())) or row.get("outcome", "")
    end = "BROKEN: " + " | ".join(row["problems"]) if row["problems"] else "held"
    return f"{row['what']} {row['number']}: {row['case']}: {said} -> {end}".replace("\n", "\\n")


def _strike(row: Row) -> str:
    name = f"{row['target']}/{row['signal'][3:]}"
    if not row["hit"]:
        return f"{name}:late"
    marks = [key for key in ("unlocked", "refused", "resumed") if row[key]]
    marks += [f"left {row['left']}"] if row["left"] else []
    return f"{name}@{'+'.join(row['running']) or 'planning'}" + "".join(f",{m}" for m in marks)


def read(path: Path) -> list[Row]:
    """All rows of a record."""
    return [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]


def hits(row: Row) -> int:
    """The number of kills of a chain that hit a running process."""
    return sum(each["hit"] for each in row.get("strikes", ()))


def tables(rows: Sequence[Row]) -> str:
    """Markdown tables of all cases, by kind."""
    parts = [
        _table_of_kills([row for row in rows if row["what"] == "kills"]),
        _table_of_starts([row for row in rows if row["what"] == "kills"]),
        _table_of_damages([row for row in rows if row["what"] == "damage"]),
        _table_of_trials([row for row in rows if row["what"] == "surroundings"]),
        _table_of_trials([row for row in rows if row["what"] == "remedies"]),
    ]
    return "\n\n".join(parts)


def _table_of_kills(rows: Iterable[Row]) -> str:
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        for each in row["strikes"]:
            if not each["hit"]:
                continue
            count = counts[each["target"], each["signal"]]
            count["kills"] += 1
            count["running"] += bool(each["running"])
            count["broken"] += bool(row["problems"])
            for key in ("unlocked", "refused", "resumed"):
                count[key] += each[key]
    head = (
        "target",
        "signal",
        "kills",
        "while a stage ran",
        "`--unlock` needed",
        "refused, a job still ran",
        "training resumed",
        "in a chain that broke",
    )
    keys = ("kills", "running", "unlocked", "refused", "resumed", "broken")
    body = [
        [target, number.name, *(str(counts[target, number.name][key]) for key in keys)]
        for target in TARGETS
        for number in SIGNALS
    ]
    total = [str(sum(int(line[at]) for line in body)) for at in range(2, len(head))]
    return _markdown([head, *body, ["all", "", *total]])


def _table_of_starts(rows: Iterable[Row]) -> str:
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        count = counts[row["scope"], row["start"]]
        count["chains"] += 1
        count["kills"] += hits(row)
        count["same bytes"] += not row["problems"]
    keys = ("chains", "kills", "same bytes")
    body = [
        [scope, start, *(str(counts[scope, start][key]) for key in keys)]
        for scope in ("memory", "sharded")
        for start in STARTS
    ]
    return _markdown(
        [("benchmark", "from", "chains", "kills", "chains with the same bytes"), *body]
    )


def _table_of_damages(rows: Iterable[Row]) -> str:
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    outcomes = ("line", "same bytes", "other content")
    for row in rows:
        ours = "ours" if row["file"].startswith("results/") else "the user's"
        count = counts[f"`{_ending(row['file'])}`, {ours}", row["kind"]]
        count[row["outcome"] if row["outcome"] in outcomes else "broken"] += 1
    head = ("file", "damage", "cases", "one line", "same bytes", "taken as other content", "broken")
    body = [
        [file, kind, str(sum(count.values())), *(str(count[key]) for key in (*outcomes, "broken"))]
        for (file, kind), count in sorted(counts.items())
    ]
    return _markdown([head, *body])


def _ending(file: str) -> str:
    path = Path(file)
    return path.name if path.suffix in (".json", ".md", ".txt") else path.suffix or path.name


def _table_of_trials(rows: Iterable[Row]) -> str:
    body = [
        [
            row["case"],
            " ".join(row["lines"]) or "(Snakemake's own)",
            "no" if row["problems"] else "yes",
        ]
        for row in rows
    ]
    return _markdown([("fault", "line", "then the same bytes"), *body])


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])
