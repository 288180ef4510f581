"""Time of the ranks and metrics of every setting, ours and sentence-transformers' evaluator.

    python performance/evaluation.py [--benchmark results/benchmarks/xquad-r]
        [--embeddings results/embeddings/embedded.untrained/xquad-r] [--json FILE]

Ours: from embeddings in memory to both metric tables in memory, every ordered pair of languages
and every pool. Theirs: InformationRetrievalEvaluator for each pair and each pool, with the same
embeddings and the same figures (mAP over the full ranking). A sample of the pairs and pools is run,
in turn with ours; the time of the others is extrapolated by the number of scores.
`speedup_evaluator_cut` is for its default, only mAP@100.

`--growth` adds a table of time and memory for synthetic pools of 13 thousand to 5 million
passages, 1,000 queries, each in a process of its own.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", str(len(os.sched_getaffinity(0))))
os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ["OMP_NUM_THREADS"])

import numpy as np
import pyarrow as pa

from hybridbatch.data.sources.catalog import XQUAD_R
from hybridbatch.evaluation.measures import named
from hybridbatch.evaluation.metrics import evaluate
from hybridbatch.planning.config import defaults
from hybridbatch.retrieval.index import read_vectors
from hybridbatch.retrieval.judgements import Benchmark, make_benchmark, read_benchmark
from hybridbatch.retrieval.retrieve import align
from hybridbatch.schemas import every as schemas

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from ranking_cases import full_ranks

MEASURES = named(defaults()["evaluation"]["measures"])
THREADS = int(os.environ["OMP_NUM_THREADS"])
GROWTH = (13_000, 130_000, 1_300_000, 5_000_000)
GROWTH_QUERIES, GROWTH_LANGUAGES, DIMENSION = 1_000, 11, 384
SCORE_BYTES = 1 << 29  # the largest block of scores


@dataclass(frozen=True)
class Task:
    """One setting as the evaluator takes it: rows of queries and passages, and what is relevant."""

    queries: np.ndarray
    passages: np.ndarray
    relevant: dict[str, set[str]]

    @property
    def scores(self) -> int:
        return len(self.queries) * len(self.passages)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--benchmark", type=Path, default=Path("results/benchmarks/xquad-r"))
    parser.add_argument(
        "--embeddings", type=Path, default=Path("results/embeddings/embedded.untrained/xquad-r")
    )
    parser.add_argument("--pairs", type=int, default=6, help="sampled pairs of languages")
    parser.add_argument("--pools", type=int, default=2, help="sampled query languages of the pool")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--grow", type=int, help=argparse.SUPPRESS)  # one row of the table
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    if args.grow:
        print(json.dumps(grow(args.grow)))
        return
    figures = compare(args)
    if args.growth:
        figures |= growth_table()
    for name, (value, unit) in figures.items():
        print(f"{name} {value:.3f} {unit}")
    if args.json:
        args.json.write_text(json.dumps({name: value for name, (value, _) in figures.items()}))


def compare(args: argparse.Namespace) -> dict[str, tuple[float, str]]:
    """Ours and theirs in turn."""
    benchmark = read_benchmark(args.benchmark)
    queries, passages = load(args.embeddings, benchmark)
    pairs, pools = tasks(benchmark)
    random = np.random.default_rng(1)
    sample = [pairs[i] for i in random.choice(len(pairs), args.pairs, replace=False)]
    sample += [pools[i] for i in random.choice(len(pools), args.pools, replace=False)]
    ours: list[float] = []
    full: dict[str, list[float]] = {"pair": [], "pool": []}
    cut: dict[str, list[float]] = {"pair": [], "pool": []}
    agreement = 0.0
    evaluation = run_ours(benchmark, queries, passages, ours)
    ours.clear()  # the first run warms the memory
    for number, task in enumerate(sample):
        kind = "pair" if number < args.pairs else "pool"
        if len(ours) < args.repeats:
            evaluation = run_ours(benchmark, queries, passages, ours)
        seconds, value = theirs(task, benchmark, queries, passages, full_ranking=True)
        full[kind].append(seconds / task.scores)
        cut[kind].append(
            theirs(task, benchmark, queries, passages, full_ranking=False)[0] / task.scores
        )
        agreement = max(agreement, abs(value - our_value(evaluation, benchmark, task)))
    seconds = statistics.median(ours)
    totals = {
        name: sum(
            statistics.median(rates[kind]) * sum(task.scores for task in group)
            for kind, group in (("pair", pairs), ("pool", pools))
        )
        for name, rates in (("full", full), ("cut", cut))
    }
    return {
        "settings": (float(len(pairs) + len(pools)), "settings"),
        "evaluator_settings_run": (float(len(sample)), "settings, the others extrapolated"),
        "evaluator_seconds": (totals["full"], "s, extrapolated"),
        "evaluator_cut_seconds": (totals["cut"], "s, extrapolated"),
        "largest_difference_of_map": (agreement, "mAP"),
        "all_settings_seconds": (seconds, "s"),
        "speedup_evaluator_cut": (totals["cut"] / seconds, "ratio"),
        "speedup_evaluator": (totals["full"] / seconds, "ratio"),
    }


def load(folder: Path, benchmark: Benchmark) -> tuple[np.ndarray, np.ndarray]:
    queries = read_vectors(folder / "queries.parquet", schemas.QUERY_EMBEDDINGS)
    passages = read_vectors(folder / "passages.parquet", schemas.PASSAGE_EMBEDDINGS)
    return (
        align(queries, benchmark.query_ids, origin=f"{folder}/queries"),
        align(passages, benchmark.passage_ids, origin=f"{folder}/passages"),
    )


def run_ours(benchmark: Benchmark, queries: Any, passages: Any, seconds: list[float]) -> Any:
    begin = time.perf_counter()
    ranks = full_ranks(
        queries, passages, pool=benchmark.pool, relevant=benchmark.relevant, threads=THREADS
    )
    evaluation = evaluate(benchmark, ranks, measures=MEASURES)
    seconds.append(time.perf_counter() - begin)
    return evaluation


def tasks(benchmark: Benchmark) -> tuple[list[Task], list[Task]]:
    """Every ordered pair of languages and every pool, as the evaluator takes them."""
    query_ids = benchmark.query_ids.to_pylist()
    passage_ids = benchmark.passage_ids.to_pylist()
    query_languages = np.array(benchmark.query_languages.to_pylist())
    passage_languages = np.array([each.partition(":")[0] for each in passage_ids])
    relevant = benchmark.relevant
    rows = benchmark.pool.rows[relevant.columns]

    def task(query_language: str, passage_language: str | None) -> Task:
        asked = np.flatnonzero(query_languages == query_language)
        searched = np.arange(len(passage_ids))
        if passage_language:
            searched = np.flatnonzero(passage_languages == passage_language)
        keep = (query_languages[relevant.queries] == query_language) & np.isin(rows, searched)
        judged: dict[str, set[str]] = {}
        for query, row in zip(relevant.queries[keep], rows[keep], strict=True):
            judged.setdefault(query_ids[query], set()).add(passage_ids[row])
        asked = np.array([row for row in asked if query_ids[row] in judged])
        return Task(asked, searched, judged)

    names = sorted(set(query_languages))
    return [task(one, other) for one in names for other in names], [
        task(name, None) for name in names
    ]


def theirs(
    task: Task, benchmark: Benchmark, queries: Any, passages: Any, *, full_ranking: bool
) -> tuple[float, float]:
    """Seconds of the evaluator, and its mAP."""
    import torch
    from sentence_transformers.sentence_transformer.evaluation import (
        InformationRetrievalEvaluator,
    )
    from sentence_transformers.util import dot_score

    query_ids = benchmark.query_ids.take(pa.array(task.queries)).to_pylist()
    passage_ids = benchmark.passage_ids.take(pa.array(task.passages)).to_pylist()
    depth = len(passage_ids) if full_ranking else 100

    class Given(InformationRetrievalEvaluator):
        """The evaluator with the embeddings in memory, so that nothing is encoded."""

        def embed_inputs(self, *_: Any, **__: Any) -> Any:
            return torch.from_numpy(queries[task.queries])

    begin = time.perf_counter()
    evaluator = Given(
        queries=dict.fromkeys(query_ids, ""),
        corpus=dict.fromkeys(passage_ids, ""),
        relevant_docs=task.relevant,
        mrr_at_k=[1],
        ndcg_at_k=[10],
        accuracy_at_k=[1],
        precision_recall_at_k=[1, 10, 100],
        map_at_k=[depth],
        write_csv=False,
        score_functions={"dot": dot_score},
    )
    embedded = torch.from_numpy(passages[task.passages])
    found = evaluator.compute_all_metrics(None, corpus_embeddings=embedded)
    return time.perf_counter() - begin, found["dot"]["map@k"][depth]


def our_value(evaluation: Any, benchmark: Benchmark, task: Task) -> float:
    """Our mAP of the same setting; they break ties differently, which changes it very little."""
    language = benchmark.query_languages[int(task.queries[0])].as_py()
    whole = len(task.passages) == len(benchmark.passage_ids)
    first = benchmark.passage_ids[int(task.passages[0])].as_py().partition(":")[0]
    for row in evaluation.summary.to_pylist():
        if (row["query_language"], row["passage_language"], row["metric"]) == (
            language,
            "all" if whole else first,
            "mAP",
        ):
            return float(row["value"])
    raise ValueError(f"no setting {language} {first}")


def growth_table() -> dict[str, tuple[float, str]]:
    figures = {}
    for size in GROWTH:
        done = subprocess.run(
            [sys.executable, __file__, "--grow", str(size)],
            capture_output=True, text=True, check=True, timeout=1800,
        )  # fmt: skip
        found = json.loads(done.stdout.splitlines()[-1])
        figures[f"passages_{size}_seconds"] = (found["seconds"], "s")
        figures[f"passages_{size}_memory"] = (found["memory"], "GB")
    return figures


def grow(size: int) -> dict[str, float]:
    """Ranks and metrics of 1,000 queries over `size` random passages in 11 languages."""
    random = np.random.default_rng(1)
    per_language = size // GROWTH_LANGUAGES
    names = XQUAD_R[:GROWTH_LANGUAGES]
    asked = GROWTH_QUERIES // GROWTH_LANGUAGES
    queries = pa.table(
        {
            "query_id": [f"{name}:{i}" for name in names for i in range(asked)],
            "language": [name for name in names for _ in range(asked)],
        }
    )
    numbers = np.char.zfill(np.arange(per_language).astype(str), 7)
    ids = pa.concat_arrays([pa.array(np.char.add(f"{name}:", numbers)) for name in names])
    languages = pa.concat_arrays([pa.array([name] * per_language) for name in names])
    passages = pa.table({"passage_id": ids, "language": languages})
    qrels = pa.table(
        [
            [f"{name}:{i}" for name in names for i in range(asked) for _ in names],
            [f"{other}:{i:07}" for _ in names for i in range(asked) for other in names],
            [1] * (asked * len(names) ** 2),
        ],
        schema=schemas.QRELS.arrow,
    )
    benchmark = make_benchmark(queries, passages, qrels)
    vectors = unit(random, len(ids))
    asking = unit(random, queries.num_rows)
    block = max(1, min(256, SCORE_BYTES // (4 * len(ids))))
    begin = time.perf_counter()
    ranks = full_ranks(
        asking,
        vectors,
        pool=benchmark.pool,
        relevant=benchmark.relevant,
        query_block=block,
        threads=THREADS,
    )
    evaluate(benchmark, ranks, measures=MEASURES)
    return {
        "seconds": time.perf_counter() - begin,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2,
    }


def unit(random: np.random.Generator, count: int) -> np.ndarray:
    vectors = np.empty((count, DIMENSION), dtype=np.float32)
    for begin in range(0, count, 1 << 16):
        part = random.standard_normal((min(1 << 16, count - begin), DIMENSION), dtype=np.float32)
        vectors[begin : begin + len(part)] = part / np.linalg.norm(part, axis=1, keepdims=True)
    return vectors


if __name__ == "__main__":
    main()
