"""Lines and tables from the record that the bench of the law makes of each case."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from faults.project import SCOPES
from law.edits import EDITS
from law.trial import Row

_WHAT = {
    "plan": "one edit, planned",
    "single": "one edit",
    "pair": "two edits at once",
    "stop": "an edit, a run stopped at a stage, the same command",
    "between": "an edit, a kill at a stage, another edit",
    "undo": "an edit, a kill at a stage, the edit undone",
}


def line(row: Row) -> str:
    """A case and its result, on one line."""
    said = (
        f"runs {' '.join(row['planned']) or 'nothing'}, "
        if row["what"] in ("single", "plan")
        else ""
    )
    if row["stops"] and not row["hit"]:
        said += "not reached, "
    end = "BROKEN: " + " | ".join(row["problems"]) if row["problems"] else "held"
    text = f"{row['what']} {row['number']}: {row['case']}: {said}{row['seconds']} s -> {end}"
    return text.replace("\n", "\\n")


def read(path: Path) -> list[Row]:
    """The rows of a record; the last one of a case that was tried again."""
    rows = [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]
    return list({(row["what"], row["seed"], row["case"]): row for row in rows}.values())


def tables(rows: Sequence[Row]) -> str:
    """Markdown tables: the counts, and what each edit alone runs again."""
    return "\n\n".join([_counts(rows), *(_edits(rows, scope) for scope in SCOPES)])


def _counts(rows: Sequence[Row]) -> str:
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        count = counts[row["what"], row["scope"]]
        count["cases"] += 1
        count["stopped"] += row["hit"]
        count["held"] += not row["problems"]
        count["seconds"] += round(row["seconds"])
    head = ("case", "benchmark", "cases", "runs stopped", "the law held", "seconds")
    body = [
        [_WHAT[what], scope, *(str(counts[what, scope][key]) for key in
                               ("cases", "stopped", "held", "seconds"))]
        for what in _WHAT
        for scope in SCOPES
        if (what, scope) in counts
    ]  # fmt: skip
    return _markdown([head, *body])


def _edits(rows: Sequence[Row], scope: str) -> str:
    # Cases that ran come after those that were only planned, and replace them.
    found = {
        row["edits"][0][0]: row
        for row in sorted(rows, key=lambda row: str(row["what"]))
        if row["what"] in ("plan", "single") and row["scope"] == scope
    }
    head = (f"edit ({scope})", "kind", "runs again", "the law held")
    body = [
        [name, EDITS[scope][name].kind, " ".join(row["planned"]) or "nothing",
         "no" if row["problems"] else "yes"]
        for name, row in found.items()
        if name in EDITS[scope]
    ]  # fmt: skip
    return _markdown([head, *body])


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])
