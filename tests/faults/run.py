"""The full bench of faults: `python tests/faults/run.py --kills 200 --seed 1`.

Prints one line for each case, and a closing line with counts. The exit code is 1 if a case failed;
its folder and log stay in the work folder. Rows are added to a record, which `--tables` prints as
Markdown. `--from N` continues an earlier run.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from faults import damage, kills, record, remedies, surroundings
from faults.project import SCOPES, References, copy
from faults.record import Row
from faults.surroundings import Trial

Task = Callable[[], Row]


@dataclass
class Bench:
    """Runs cases side by side, and collects their results."""

    path: Path
    parallel: int
    end: float
    rows: list[Row] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)

    def run(self, tasks: Iterator[tuple[int, Task]], *, enough: Callable[[], bool]) -> None:
        """Start cases until there are enough or time is up, and wait for those that run."""
        with ThreadPoolExecutor(self.parallel) as pool:
            running: set[Future[Row]] = set()
            while True:
                while len(running) < self.parallel and not enough() and time.monotonic() < self.end:
                    found = next(tasks, None)
                    if found is None:
                        break
                    self.numbers.append(found[0])
                    running.add(pool.submit(found[1]))
                if not running:
                    return
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for each in done:
                    self.add(each.result())

    def add(self, row: Row) -> None:
        """Add a row to the record and print it."""
        self.rows.append(row)
        with self.path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(row) + "\n")
        print(record.line(row), flush=True)


def main() -> int:
    """Run the cases that the options choose; return the exit code."""
    args = _arguments()
    args.work.mkdir(parents=True, exist_ok=True)
    path = args.record or args.work / "record.jsonl"
    if args.tables:
        print(record.tables(record.read(path)))
        return 0
    bench = Bench(path, args.parallel, time.monotonic() + 60 * args.minutes)
    references = References(args.work / "references")
    if args.kills:
        enough = lambda: sum(map(record.hits, bench.rows)) >= args.kills  # noqa: E731
        bench.run(_chains(args, references), enough=enough)
    if args.damages:
        bench.run(_damages(args, references), enough=lambda: False)
    if args.surroundings:
        found = surroundings.trials(references)
        bench.run(_trials(args, "surroundings", found), enough=lambda: False)
    if args.remedies:
        found = remedies.trials(references)
        bench.run(_trials(args, "remedies", found), enough=lambda: False)
    broken = [row for row in bench.rows if row["problems"]]
    after = max(bench.numbers, default=args.begin - 1) + 1
    print(
        f"{len(bench.rows)} cases, {sum(map(record.hits, bench.rows))} kills, "
        f"{len(broken)} broken; seed {args.seed}, continue with --from {after}"
    )
    return 1 if broken else 0


def _chains(args: argparse.Namespace, references: References) -> Iterator[tuple[int, Task]]:
    def one(number: int) -> Row:
        case = kills.draw(number, seed=args.seed)
        folder = args.work / f"case-{args.seed}-{number}"
        verdict = kills.try_case(case, references, folder, limit=args.limit)
        return record.of_verdict(verdict, seed=args.seed)

    number = args.begin
    while True:
        yield number, partial(one, number)
        number += 1


def _damages(args: argparse.Namespace, references: References) -> Iterator[tuple[int, Task]]:
    """Half of the damages in each scope, one after the other: they share a project."""
    for at, scope in enumerate(SCOPES):
        wanted = references.digests(scope)
        project = copy(references.project(scope), args.work / f"damaged-{scope}")
        drawn = islice(damage.draw(project, seed=args.seed), args.begin, args.begin + args.damages)
        for number, each in enumerate(drawn, args.begin):
            if number % len(SCOPES) == at:
                outcome = damage.try_damage(each, project, wanted)
                row = record.of_outcome(outcome, seed=args.seed, number=number, scope=scope)
                yield number, lambda row=row: row


def _trials(
    args: argparse.Namespace, what: str, trials: Sequence[Callable[[Path], Trial]]
) -> Iterator[tuple[int, Task]]:
    def one(number: int) -> Row:
        folder = args.work / f"{what}-{number}"
        trial = trials[number](folder)
        if not trial.problems:
            shutil.rmtree(folder)
        return record.of_trial(trial, what=what, number=number)

    for number in range(args.begin, len(trials)):
        yield number, partial(one, number)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=0, help="number of kills that must hit")
    parser.add_argument("--damages", type=int, default=0, help="number of files to damage")
    parser.add_argument("--surroundings", action="store_true", help="full disk, NaN and so on")
    parser.add_argument("--remedies", action="store_true", help="damage, and do what the line says")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--from", dest="begin", type=int, default=0, help="number of the first case"
    )
    parser.add_argument("--parallel", type=int, default=1, help="cases side by side")
    parser.add_argument("--limit", type=float, default=600, help="seconds that a chain may take")
    parser.add_argument("--minutes", type=float, default=600, help="no case starts after these")
    parser.add_argument("--tables", action="store_true", help="print the record as tables")
    parser.add_argument("--record", type=Path, help="default: record.jsonl in the work folder")
    parser.add_argument(
        "--work", type=Path, default=Path(tempfile.gettempdir()) / "hybridbatch-faults"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
