"""Faults at length: `python tests/faults/run.py --kills 200 --seed 1`.

One line for each case on the standard output, and a closing line with counts; ends with 1 where a case broke the promise.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from faults.kills import Verdict, draw, try_case
from faults.project import References


def main() -> int:
    """Try cases until so many kills have hit; returns the exit code."""
    args = _arguments()
    args.work.mkdir(parents=True, exist_ok=True)
    references = References(args.work / "references")
    number, hits, broken = args.begin, 0, []
    while hits < args.kills:
        case = draw(number, seed=args.seed)
        verdict = try_case(case, references, args.work / f"case-{number}", limit=args.limit)
        hits += sum(each.hit for each in verdict.strikes)
        print(line(verdict), flush=True)
        broken += [number] if verdict.problems else []
        number += 1
    print(f"{hits} kills, {number - args.begin} cases, broken {broken}")
    return 1 if broken else 0


def line(verdict: Verdict) -> str:
    """What a case did, on one line."""
    strikes = " ".join(
        f"{s.kill.target}/{s.kill.signal.name[3:]}@{'+'.join(s.running) or '-'}"
        + ("" if s.hit else "(late)") + ("u" if s.unlocked else "") + ("r" if s.refused else "")
        + (f"o{len(s.left)}" if s.left else "") + ("c" if s.resumed else "")
        for s in verdict.strikes
    )  # fmt: skip
    end = "same bytes" if not verdict.problems else "BROKEN: " + " | ".join(verdict.problems)
    return f"{verdict.case.number} {verdict.case}: {strikes} -> {end} ({verdict.seconds:.0f} s)"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--from", dest="begin", type=int, default=0)
    parser.add_argument("--limit", type=float, default=300)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "hybridbatch-faults")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
