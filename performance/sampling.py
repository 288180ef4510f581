"""Speed and memory of the batch sampler on one million items in nine languages.

    python performance/sampling.py [--items 1000000] [--batch-size 100] [--json FILE]

Each sampling runs in a process of its own, to measure its own peak memory. Half of the items are in
all nine languages, the others lack some. Prints lines `name value unit`; `pairs_per_second` is the
slowest sampling's rate, building the candidates included, and `peak_gb` the largest memory of a
process, the interpreter and the item arrays included.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from hybridbatch.training.sampling import Items, Sampler, SamplingOptions
from hybridbatch.training.samplings import SAMPLINGS

LANGUAGES = ("ar", "de", "en", "es", "hi", "ru", "th", "tr", "zh")  # the paper's nine
MEASURED = ("x-x-mono", "x-y", "hybrid", "x-x")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--batch-size", type=int, default=100, help="pairs; 100 is the paper's")
    parser.add_argument("--pairs", type=int, default=3_000_000, help="drawn with each sampling")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--sampling", choices=MEASURED, help="only this one, as JSON")
    args = parser.parse_args()
    if args.sampling:
        print(json.dumps(measure(args.sampling, args)))
        return
    found = {name: measured_apart(name, args) for name in MEASURED}
    figures = {
        f"{figure}_{name}": (values[figure], unit)
        for name, values in found.items()
        for figure, unit in (("pairs_per_second", "pairs/s"), ("peak_gb", "GB"))
    }
    figures |= {
        "pairs_per_second": (min(v["pairs_per_second"] for v in found.values()), "pairs/s"),
        "peak_gb": (max(v["peak_gb"] for v in found.values()), "GB"),
    }
    for name, (value, unit) in figures.items():
        print(f"{name} {value:.3f} {unit}")
    if args.json:
        args.json.write_text(json.dumps({name: value for name, (value, _) in figures.items()}))


def measured_apart(sampling: str, args: argparse.Namespace) -> dict[str, float]:
    """`measure` in a process of its own."""
    sizes = ("items", "batch_size", "pairs")
    options = [f"--{name.replace('_', '-')}={getattr(args, name)}" for name in sizes]
    command = [sys.executable, __file__, "--sampling", sampling, *options]
    values: dict[str, float] = json.loads(subprocess.check_output(command))
    return values


def measure(sampling: str, args: argparse.Namespace) -> dict[str, float]:
    """Pairs a second and the peak memory of this process in GB."""
    items = make_items(args.items)
    options = SamplingOptions(
        batch_size=args.batch_size,
        sampling=sampling,
        batches=SAMPLINGS[sampling].batches,
        languages=LANGUAGES,
        source_weights=(1.0,),
        alpha=0.5,
        source_exponent=1.0,
    )
    begin = time.perf_counter()
    sampler = Sampler(items, options, seed=1)
    drawn = 0
    while drawn < args.pairs:
        drawn += len(next(sampler))
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    return {"pairs_per_second": drawn / seconds, "peak_gb": peak}


def make_items(count: int) -> Items:
    """Items of one source; two of every three share a question."""
    random = np.random.default_rng(1)
    has_language = random.random((count, len(LANGUAGES))) < 0.7
    has_language[::2] = True
    has_language[np.arange(count), random.integers(len(LANGUAGES), size=count)] = True
    numbers = np.arange(count, dtype=np.int32)
    return Items(
        has_language=has_language,
        source=np.zeros(count, dtype=np.int32),
        question_group=numbers // 3 * 3 + np.minimum(numbers % 3, 1),
        passage_group=numbers,
        languages=LANGUAGES,
        sources=("simulated",),
    )


if __name__ == "__main__":
    main()
