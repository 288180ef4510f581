"""Time and resident memory of search: over shards, and in one flat index of all vectors.

    python performance/search.py [--vectors 2000000] [--shard 100000] [--json FILE]

Unit vectors of 384 dimensions (32-bit floats), 1,000 queries, the first 100 of each. The shards lie
on disk, in the page cache, and are mapped into memory; the competitor is one FAISS `IndexFlatIP`,
loaded before. `floats` are the shards without the first pass in integers. Each runs in a process of
its own, in turns; times are medians. Prints lines `name value unit`: `shard_memory_gb` is the peak
resident memory of the process that searches the shards; `search_speedup` is the time of the one
index divided by that of the shards, `first_pass_speedup` that of `floats` divided by it;
`refined_share` is the share of the pairs that the first pass could not decide.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

THREADS = len(os.sched_getaffinity(0))
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ[variable] = str(THREADS)

DIMENSION, QUERIES, K = 384, 1000, 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=int, default=2_000_000)
    parser.add_argument("--shard", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the vectors go; default: temporary")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", choices=["shards", "floats", "flat"], help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.only:
        if args.only == "flat":
            print(json.dumps(search_flat(args.folder)))
        else:
            os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as in the stage
            print(json.dumps(search_shards(args.folder, first_pass=args.only == "shards")))
        return
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        prepare(Path(folder), vectors=args.vectors, shard=args.shard)
        figures = compare(Path(folder), rounds=args.rounds, pairs=args.vectors * QUERIES)
    for name, (value, unit) in figures.items():
        print(f"{name} {value:.3f} {unit}")
    if args.json:
        args.json.write_text(json.dumps({name: value for name, (value, _) in figures.items()}))


def compare(folder: Path, *, rounds: int, pairs: int) -> dict[str, tuple[float, str]]:
    """All in turns, each in a process of its own."""
    measured: dict[str, list[dict[str, float]]] = {"shards": [], "floats": [], "flat": []}
    for _ in range(rounds):
        for name, runs in measured.items():
            command = [sys.executable, __file__, "--only", name, "--folder", str(folder)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            runs.append(json.loads(done.stdout.splitlines()[-1]))
            print(f"{name}: {runs[-1]['seconds']:.2f} s, {runs[-1]['gb']:.2f} GB")
    assert measured["shards"][0]["found"] == measured["flat"][0]["found"] == QUERIES * K
    assert measured["shards"][0]["digest"] == measured["floats"][0]["digest"]
    seconds = {
        name: statistics.median(run["seconds"] for run in runs) for name, runs in measured.items()
    }
    return {
        "shard_seconds": (seconds["shards"], "s"),
        "flat_seconds": (seconds["flat"], "s"),
        "flat_memory_gb": (max(run["gb"] for run in measured["flat"]), "GB"),
        "shard_memory_gb": (max(run["gb"] for run in measured["shards"]), "GB"),
        "search_speedup": (seconds["flat"] / seconds["shards"], "x"),
        "first_pass_speedup": (seconds["floats"] / seconds["shards"], "x"),
        "refined_share": (measured["shards"][0]["refined"] / pairs, "share"),
    }


def prepare(folder: Path, *, vectors: int, shard: int) -> None:
    """Write shards as the stages `encode` and `index` do, and the one index."""
    import faiss
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    whole = faiss.IndexFlatIP(DIMENSION)
    for number, begin in enumerate(range(0, vectors, shard)):
        values = unit_vectors(number, min(shard, vectors - begin))
        part = faiss.IndexFlatIP(DIMENSION)
        part.add(values)
        whole.add(values)
        faiss.write_index(part, str(folder / f"{number:04d}.faiss"))
        ids = pa.array([f"en:{row:09d}" for row in range(begin, begin + len(values))])
        flat = pa.array(np.zeros(len(values), dtype=np.float32))
        table = pa.table(
            {"passage_id": ids, "embedding": pa.FixedSizeListArray.from_arrays(flat, 1)}
        )
        pq.write_table(table, folder / f"{number:04d}.parquet")
    faiss.write_index(whole, str(folder / "whole.faiss"))


def search_shards(folder: Path, *, first_pass: bool) -> dict[str, float | str]:
    """The project's search, timed from the opening of the first shard."""
    import hashlib

    import pyarrow.parquet as pq

    from hybridbatch.common.options import options_from_dict
    from hybridbatch.planning.stage_options import completed
    from hybridbatch.retrieval import search

    refined = []
    rounded = search.search_rounded

    def counted(*args: object, **options: object) -> None:
        refined.append(rounded(*args, **options))

    search.search_rounded = counted
    if not first_pass:
        search.pays = lambda **_: False
    queries = unit_vectors(10**6, QUERIES)
    read_files(sorted(folder.glob("0*.faiss")))
    shards = [
        search.Shard(path, path.with_suffix(".faiss"), pq.ParquetFile(path).metadata.num_rows)
        for path in sorted(folder.glob("0*.parquet"))
    ]
    options = options_from_dict(search.Options, completed("search", {"language": "en", "top_k": K}))
    begin = time.perf_counter()
    found = search.search_shards(shards, queries, options, threads=THREADS)
    seconds = time.perf_counter() - begin
    text = repr((found.ids.tolist(), found.scores.tolist()))
    return {
        "seconds": seconds,
        "gb": peak_gb(),
        "found": len(found.ids),
        "refined": sum(refined),
        "digest": hashlib.sha256(text.encode()).hexdigest(),
    }


def search_flat(folder: Path) -> dict[str, float]:
    """One index in memory; loading it is not counted."""
    import faiss

    queries = unit_vectors(10**6, QUERIES)
    index = faiss.read_index(str(folder / "whole.faiss"))
    begin = time.perf_counter()
    _, rows = index.search(queries, K)
    return {
        "seconds": time.perf_counter() - begin,
        "gb": peak_gb(),
        "found": int((rows >= 0).sum()),
    }


def unit_vectors(seed: int, count: int) -> "np.ndarray":  # noqa: F821
    """(count, 384) float32, uniform on the sphere."""
    import numpy as np

    values = np.random.default_rng(seed).standard_normal((count, DIMENSION), dtype=np.float32)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def read_files(paths: list[Path]) -> None:
    """Bring files into the page cache, a little at a time."""
    for path in paths:
        with path.open("rb") as file:
            while file.read(1 << 20):
                pass


def peak_gb() -> float:
    """Peak resident memory of this process in GB, its mapped files included."""
    status = Path("/proc/self/status")
    if status.is_file():
        # The peak of getrusage starts at the peak of the parent process.
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e9  # macOS counts bytes


if __name__ == "__main__":
    main()
