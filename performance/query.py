"""Start and time for an answer of `hybridbatch query`, at the size of XQuAD-R.

    python performance/query.py [--model embedded] [--runs 1] [--questions 100] [--json FILE]

Makes results in a temporary folder: the model, and a benchmark of 11 languages with 1,183 passages
each (13,013, as XQuAD-R) and random unit vectors of the model's dimension, indexed and ranked by
the stages. Then one command with `--json` gets questions line by line. Prints lines `name value
unit`: the time from the command to its first answer, as a user waits for it; the median and the
slowest of the later answers, from the line that is written to the line that is read, for new
questions and for questions of the benchmark.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
PASSAGES, QUERIES = 1183, 1190
BENCHMARK = "size-of-xquad-r"
THREADS = len(os.sched_getaffinity(0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="embedded", help="as `model` in a config")
    parser.add_argument("--runs", type=int, default=1, help="models that answer each question")
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--passages", type=int, default=PASSAGES, help="of each language")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "results")
        runs = [f"copy{number}.untrained" for number in range(args.runs)]
        prepare(results, runs, model=args.model, passages=args.passages)
        figures = measure(results, runs, questions=args.questions)
    for name, (value, unit) in figures.items():
        print(f"{name} {value:.3f} {unit}")
    if args.json:
        args.json.write_text(json.dumps({name: value for name, (value, _) in figures.items()}))


def measure(results: Path, runs: list[str], *, questions: int) -> dict[str, tuple[float, str]]:
    """The times of one command that is asked new questions and those of the benchmark in turns."""
    command = [sys.executable, "-m", "hybridbatch", "query", "--results", str(results), "--json"]
    for run in runs:
        command += ["--run", run]
    begin = time.perf_counter()
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as asked:
        assert asked.stdin is not None and asked.stdout is not None

        def seconds(question: str) -> float:
            assert asked.stdin is not None and asked.stdout is not None
            since = time.perf_counter()
            asked.stdin.write(f"{question}\n")
            asked.stdin.flush()
            found = json.loads(asked.stdout.readline())["runs"]
            assert [len(each["passages"]) for each in found] == [10] * len(runs)
            return time.perf_counter() - since

        seconds("Who is the first to ask?")
        started = time.perf_counter() - begin
        new = [seconds(f"Which team won the match number {n}?") for n in range(questions)]
        known = [seconds(f"question {n} en") for n in range(questions)]
        asked.stdin.close()
    assert asked.returncode == 0
    return {
        "first_answer_seconds": (started, "s"),
        "new_question_ms": (1000 * statistics.median(new), "ms"),
        "new_question_slowest_ms": (1000 * max(new), "ms"),
        "known_question_ms": (1000 * statistics.median(known), "ms"),
        "known_question_slowest_ms": (1000 * max(known), "ms"),
    }


def prepare(results: Path, runs: list[str], *, model: str, passages: int) -> None:
    """Write what the stages write; the vectors are random."""
    from hybridbatch.common.records import Record, making
    from hybridbatch.common.tables import table_from_rows, write_table
    from hybridbatch.schemas.every import PASSAGES as PASSAGE_ROWS
    from hybridbatch.schemas.every import QRELS
    from hybridbatch.schemas.every import QUERIES as QUERY_ROWS

    tables = results / "benchmarks" / BENCHMARK
    ids = {
        PASSAGE_ROWS: [(f"{code}:{n}", code, n) for code in LANGUAGES for n in range(passages)],
        QUERY_ROWS: [(f"{code}:{n}", code, n) for code in LANGUAGES for n in range(QUERIES)],
    }
    queries = [
        {"query_id": name, "item_id": str(n), "language": code, "text": f"question {n} {code}"}
        for name, code, n in ids[QUERY_ROWS]
    ]
    text = "The panthers defence gave up just three hundred points in the season. " * 10
    rows = [
        {"passage_id": name, "language": code, "title": "", "text": f"{n} {text}"}
        for name, code, n in ids[PASSAGE_ROWS]
    ]
    qrels = [
        {"query_id": name, "passage_id": f"{code}:{n % passages}", "relevance": 1}
        for name, _, n in ids[QUERY_ROWS]
        for code in LANGUAGES
    ]
    with making(Record("benchmarks", "{}", "code", "versions")):
        for table, schema in ((queries, QUERY_ROWS), (rows, PASSAGE_ROWS), (qrels, QRELS)):
            path = tables / f"{schema.name}.parquet"
            write_table(table_from_rows(table, schema), path, schema)
    for run in runs:
        rank(
            results,
            run,
            model=model,
            queries=[name for name, _, _ in ids[QUERY_ROWS]],
            passages=[name for name, _, _ in ids[PASSAGE_ROWS]],
        )


def rank(results: Path, run: str, *, model: str, queries: list[str], passages: list[str]) -> None:
    """Random vectors of a run as if they were encoded, then its indexes and rankings."""
    import numpy as np
    import pyarrow as pa

    from hybridbatch.cli import main as command
    from hybridbatch.common.records import Record, making, read_record, record_key
    from hybridbatch.common.tables import write_table
    from hybridbatch.encoding.encode import embedding_table
    from hybridbatch.planning.stage_options import completed_text
    from hybridbatch.schemas.every import PASSAGE_EMBEDDINGS, QUERY_EMBEDDINGS

    def stage(name: str, options: str, made_from: list[Path], *words: object) -> None:
        given = ["--options", completed_text(name, options), *map(str, words)]
        assert command([name, *given, "--made-from", *map(str, made_from)]) == 0

    folder = results / "models" / run
    options = json.dumps({"model": model, "name": run})
    stage("model", options, [], "--output", folder,
          "--run-record", results / "runs" / f"{run}.parquet")  # fmt: skip
    dimension = json.loads((folder / "config.json").read_text())["hidden_size"]
    tables = [results / "benchmarks" / BENCHMARK / f"{name}.parquet"
              for name in ("queries", "passages", "qrels")]  # fmt: skip
    embeddings, indexes, rankings = (
        results / kind / run / BENCHMARK for kind in ("embeddings", "indexes", "rankings")
    )
    vectors = [embeddings / "queries.parquet", embeddings / "passages.parquet"]
    inputs = {record_key(str(path)): read_record(path).made for path in (folder, *tables[:2])}
    encoding = completed_text("encode", json.dumps({"max_tokens": 32}))
    random = np.random.default_rng(0)
    with making(Record("encode", encoding, "code", "versions", inputs)):
        for path, names, schema in zip(
            vectors, (queries, passages), (QUERY_EMBEDDINGS, PASSAGE_EMBEDDINGS), strict=True
        ):
            drawn = random.standard_normal((len(names), dimension), dtype=np.float32)
            drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
            ids = pa.chunked_array([pa.array(names)])
            table = embedding_table(ids, drawn, schema=schema, dtype="float32")
            write_table(table, path, schema)
    threads = json.dumps({"threads": THREADS})
    stage("index", threads, vectors[1:], "--embeddings", vectors[1], "--output", indexes)
    stage("retrieve", threads, [*tables, *vectors, indexes], "--benchmark", tables[0].parent,
          "--embeddings", embeddings, "--indexes", indexes, "--output", rankings,
          "--quality", results / "index_quality" / run / f"{BENCHMARK}.parquet")  # fmt: skip


if __name__ == "__main__":
    main()
