"""Pairs a second and memory of training, ours and sentence-transformers' trainer.

    python performance/training.py [--model FOLDER] [--pairs FILE] [--json FILE]

e5-small on MLQA-R, batch 32, all parameters, the model's own dropout, in fp32 and bf16. Each system
trains in a process of its own, in turn, `--rounds` times; figures are medians. The competitor runs
with MultipleNegativesRankingLoss and the cached variant, with its default options on our batches
and with the best options found (batches of passages of similar length, separate passes for
questions and passages). Frozen embeddings are a separate row. Prints lines `name value unit`; the
workflow makes the default `--model` and `--pairs`. Extra packages: performance/requirements.txt.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np

from hybridbatch.common.threads import export_threads, processors

# Forward operations of e5-small's layers for a token: 12 layers of 4 h^2 + 2 h (4 h), h = 384.
PRODUCTS_PER_TOKEN = 2 * 12 * 12 * 384**2
# Backward has two products for each forward one.
PASSES = 3
SYSTEMS = (
    ("ours", False),
    ("st", False),
    ("st", True),
    ("st-cached", False),
    ("st-cached", True),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=Path("results/models/embedded"))
    parser.add_argument("--pairs", type=Path, default=Path("results/pairs/mlqa-r.parquet"))
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--max-tokens", type=int, default=128)
    parser.add_argument("--precisions", nargs="+", default=["fp32", "bf16"])
    parser.add_argument("--without-dropout", action="store_true")
    parser.add_argument("--threads", type=int, default=processors())
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    check(args)
    figures = measure(args)
    for name, (value, unit) in figures.items():
        print(f"{name} {value:.3f} {unit}")
    if args.json:
        args.json.write_text(json.dumps({name: value for name, (value, _) in figures.items()}))


def check(args: argparse.Namespace) -> None:
    for package in ("sentence_transformers", "accelerate"):
        if importlib.util.find_spec(package) is None:
            sys.exit(f"{package} is missing: pip install -r performance/requirements.txt")
    for path in (args.model / "config.json", args.pairs):
        if not path.is_file():
            sys.exit(f"{path}: no such file; run `make xquad` first, or name another")


def measure(args: argparse.Namespace) -> dict[str, tuple[float, str]]:
    rows = [(*system, False) for system in SYSTEMS]
    rows += [("ours", False, True), ("st", False, True)]  # frozen embeddings
    jobs = list(product(args.precisions, rows))
    found: dict[tuple, list[dict]] = {job: [] for job in jobs}
    for _ in range(args.rounds):
        for precision, (system, best, frozen) in jobs:
            result = run(args, system=system, precision=precision, best=best, frozen=frozen)
            found[precision, (system, best, frozen)].append(result)
    speeds = {
        job: float(np.median([each["pairs"] / sum(each["seconds"]) for each in results]))
        for job, results in found.items()
    }
    peaks = {
        job: float(np.median([each["peak_mb"] for each in results]))
        for job, results in found.items()
    }
    figures = {}
    for job in jobs:
        name = name_of(job)
        figures[f"{name}_speed"] = (speeds[job], "pairs/s")
        figures[f"{name}_memory"] = (peaks[job], "MB")
    shares = {}
    for precision in args.precisions:
        results = found[precision, ("ours", False, False)]
        shares[precision] = float(np.median([share_of(each) for each in results]))
        rate = float(np.median([each["rate"] for each in results])) / 1e9
        figures[f"{precision}_product_rate"] = (rate, "GFLOP/s")
        figures[f"peak_share_{precision}"] = (shares[precision], "ratio")
    figures |= ratios(speeds, peaks, precisions=args.precisions)
    figures["peak_share"] = (min(shares.values()), "ratio")
    return figures


def ratios(speeds: dict, peaks: dict, *, precisions: list[str]) -> dict[str, tuple[float, str]]:
    """The ratios to sentence-transformers, at the least favourable precision."""
    default, best, memory, frozen = [], [], [], []
    for precision in precisions:
        ours = (precision, ("ours", False, False))
        theirs = [(precision, (*system, False)) for system in SYSTEMS[1:]]
        default.append(speeds[ours] / speeds[precision, ("st", False, False)])
        best.append(speeds[ours] / max(speeds[job] for job in theirs))
        memory.append(peaks[ours] / min(peaks[job] for job in theirs))
        row = [speeds[precision, (name, False, True)] for name in ("ours", "st")]
        frozen.append(row[0] / row[1])
    return {
        "speedup_frozen": (min(frozen), "ratio"),
        "speedup_default": (min(default), "ratio"),
        "speedup_best": (min(best), "ratio"),
        "memory_ratio": (max(memory), "ratio"),
    }


def share_of(result: dict) -> float:
    operations = result["tokens"] * PRODUCTS_PER_TOKEN * PASSES
    return operations / sum(result["seconds"]) / result["rate"]


def name_of(job: tuple) -> str:
    precision, (system, best, frozen) = job
    settings = "_frozen" if frozen else "" if system == "ours" else "_best" if best else "_default"
    return f"{system.replace('-', '_')}{settings}_{precision}"


def run(args: argparse.Namespace, **what: object) -> dict:
    """The measurements of one process."""
    job = {
        **what,
        "model": str(args.model),
        "pairs": str(args.pairs),
        "threads": args.threads,
        "batch_size": args.batch_size,
        "steps": args.steps,
        "max_tokens": args.max_tokens,
        "dropout": not args.without_dropout,
    }
    environment = dict(os.environ)
    export_threads(args.threads, environment)
    worker = Path(__file__).with_name("training_workers.py")
    done = subprocess.run(
        [sys.executable, str(worker), json.dumps(job)],
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"{what}: {done.stderr}")
    result: dict = json.loads(done.stdout.splitlines()[-1])
    speed = result["pairs"] / sum(result["seconds"])
    print(f"# {what}: {speed:.2f} pairs/s, {result['peak_mb']:.0f} MB", file=sys.stderr)
    return result


if __name__ == "__main__":
    main()
