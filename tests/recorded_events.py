"""Events that Snakemake sent in real runs of the tiny project, and what is shown of them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hybridbatch.console import EVENT
from hybridbatch.console.run import Run, Wanted

FOLDER = Path(__file__).parent / "console" / "events"


class Shown:
    """An output that keeps what it is given; `live` decides whether lines are drawn."""

    def __init__(self, *, live: bool = False, columns: int = 80) -> None:
        self.live, self.columns = live, columns
        self.text: list[str] = []
        self.drawn: list[list[str]] = []

    def write(self, text: str) -> None:
        self.text += text.split("\n")

    def draw(self, lines: Sequence[str]) -> None:
        self.drawn.append(list(lines))

    def size(self) -> tuple[int, int]:
        return self.columns, 24

    def close(self) -> None:
        self.drawn.append([])


def events(name: str) -> list[dict[str, Any]]:
    """The events of `console/events/NAME.jsonl`; `at` is seconds from the first one."""
    text = (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def replayed(
    name: str | Sequence[Mapping[str, Any]],
    *,
    wanted: Wanted | None = None,
    output: Shown | None = None,
    forecast: Mapping[str, Any] | None = None,
) -> Shown:
    """What is shown of recorded events; the forecast comes after the plan, as in the workflow."""
    output = output or Shown()
    now = [0.0]
    run = Run(output, wanted or Wanted(), clock=lambda: now[0], colours=False)
    for event in events(name) if isinstance(name, str) else name:
        now[0] = event["at"]
        run.take(event)
        if event.get("event") == "run_info" and forecast is not None:
            run.take({EVENT: forecast})
    run.end()
    return output
