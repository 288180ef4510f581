"""The full check of the law: `python tests/law/run.py --singles --stops --pairs 60 --seed 1`.

Prints one line for each case, and a closing line with counts. The exit code is 1 if a case broke
the law; its folder stays in the work folder. Rows are added to a record, which `--tables` prints as
Markdown.
"""

import argparse
import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from law import cases, record
from law.cases import Case
from law.forks import forks
from law.trial import Finished, Row, try_case


def main() -> int:
    """Run the cases that the options choose; return the exit code."""
    args = _arguments()
    args.work.mkdir(parents=True, exist_ok=True)
    path = args.record or args.work / "record.jsonl"
    if args.tables:
        print(record.tables(record.read(path)))
        return 0
    wanted, begin = _cases(args), time.monotonic()
    rows: list[Row] = []
    with forks() as server, ThreadPoolExecutor(args.parallel) as pool:
        finished = Finished(args.work / "references", server)
        for scope in sorted({case.scope for case in wanted}):
            finished.project(scope)

        def one(case: Case) -> Row:
            name = f"{case.what}-{args.seed}-{case.number}"
            return try_case(case, finished, args.work / name) | {"seed": args.seed}

        for row in pool.map(one, wanted):
            rows.append(row)
            with path.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(row) + "\n")
            print(record.line(row), flush=True)
    broken = sum(bool(row["problems"]) for row in rows)
    seconds = time.monotonic() - begin
    print(f"{len(rows)} cases, {broken} broken; seed {args.seed}, {seconds:.0f} s")
    return 1 if broken else 0


def _cases(args: argparse.Namespace) -> list[Case]:
    found = list(islice(cases.pairs(seed=args.seed), args.begin, args.begin + args.pairs))
    if args.plans:
        found += cases.plans()
    if args.stops:
        found += cases.stops()
    if args.undos:
        found += cases.undos()
    found += islice(cases.betweens(seed=args.seed), args.begin, args.begin + args.betweens)
    if args.singles:
        found += cases.singles()
    return [case for case in found if args.only in str(case)]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plans", action="store_true", help="what each edit would run again")
    parser.add_argument("--singles", action="store_true", help="each edit alone")
    parser.add_argument("--pairs", type=int, default=0, help="number of pairs of edits")
    parser.add_argument("--stops", action="store_true", help="stop at each stage after an edit")
    parser.add_argument("--undos", action="store_true", help="kill after an edit, and undo it")
    parser.add_argument("--betweens", type=int, default=0, help="number of kills between two edits")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--from", dest="begin", type=int, default=0, help="number of the first")
    parser.add_argument("--only", default="", help="only cases whose line holds this text")
    parser.add_argument("--parallel", type=int, default=1, help="cases side by side")
    parser.add_argument("--tables", action="store_true", help="print the record as tables")
    parser.add_argument("--record", type=Path, help="default: record.jsonl in the work folder")
    parser.add_argument(
        "--work", type=Path, default=Path(tempfile.gettempdir()) / "hybridbatch-law"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
