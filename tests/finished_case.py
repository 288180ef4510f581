"""Finished results of tiny models, made by the commands of the stages, with their records."""

import io
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import tiny
from hybridbatch.cli import main
from hybridbatch.common.artifacts import atomic_folder
from hybridbatch.common.records import Record, making, read_record, record_key
from hybridbatch.common.tables import read_table, table_from_rows, write_table
from hybridbatch.encoding.declaration import Declaration
from hybridbatch.encoding.layout import write_layout
from hybridbatch.publication import publish as publication
from hybridbatch.schemas.every import PASSAGES, SHARDS

Printed = pytest.CaptureFixture[str]
UNTRAINED, TRAINED = "model.untrained", "model.tiny.hybrid.s1"
BENCHMARK, SHARDED = "held-out", "corpus"
TOP_K = 12


def command(stage: str, *words: object, made_from: Sequence[Path] = (), **options: object) -> None:
    """Run a stage as the workflow does."""
    text = json.dumps(tiny.options_of(stage, threads=1, **options))
    arguments = [stage, "--options", text, *map(str, words), "--made-from", *map(str, made_from)]
    assert main(arguments) == 0


def by_hand(stage: str, *made_from: Path, options: str = "{}") -> Record:
    """A record for files that a test writes itself."""
    inputs = {record_key(str(path)): read_record(path).made for path in made_from}
    return Record(stage, options, "code", "versions", inputs)


def write_models(results: Path) -> None:
    """The base model, and another one as if it were trained."""
    for seed, stage, folder in (
        (0, "model", results / "models" / "model"),
        (1, "train", results / "training" / TRAINED / "model"),
    ):
        record = by_hand(stage, options=json.dumps({"seed": seed}))
        with making(record), atomic_folder(folder) as temporary:
            tiny.write_model(temporary, seed=seed)


def model_of(results: Path, run: str) -> Path:
    """The folder of a run's model."""
    return results / "models/model" if run == UNTRAINED else results / "training" / run / "model"


def finish(results: Path, *, runs: Sequence[str] = (UNTRAINED,), **options: object) -> Path:
    """Rank a benchmark that is in memory; `options` are those of encode, index and retrieve."""
    write_models(results)
    tables = results / "benchmarks" / BENCHMARK
    with making(by_hand("benchmarks")):
        tiny.write_benchmark(tables, range(100, 130))
    for run in runs:
        rank(results, run, **options)
    return results


def publish(results: Path, run: str) -> Path:
    """The published folder of a run, without what the stage writes on the card."""
    model, target = model_of(results, run), results / "checkpoints" / run
    with making(by_hand("publish", model)), atomic_folder(target) as folder:
        publication.link_files(model, folder)
        declared = Declaration("mean", (), "query: ", "passage: ", 32)
        write_layout(folder, declared, width=32)
        (folder / publication.CARD).write_text(f"# {run}\n", encoding="utf-8")
    return target


def rank(results: Path, run: str, **options: object) -> None:
    """Encode, index and rank the benchmark for one run."""
    tables = [results / "benchmarks" / BENCHMARK / f"{name}.parquet"
              for name in ("queries", "passages", "qrels")]  # fmt: skip
    embeddings, indexes, rankings = (
        results / kind / run / BENCHMARK for kind in ("embeddings", "indexes", "rankings")
    )
    vectors = [embeddings / "queries.parquet", embeddings / "passages.parquet"]
    model = model_of(results, run)
    command("encode", "--model", model, "--queries", tables[0], "--passages", tables[1],
            "--output", *vectors, made_from=[model, *tables[:2]],
            **taken("encode", options))  # fmt: skip
    command("index", "--embeddings", vectors[1], "--output", indexes, made_from=vectors[1:],
            **taken("index", options))  # fmt: skip
    command("retrieve", "--benchmark", tables[0].parent, "--embeddings", embeddings,
            "--indexes", indexes, "--output", rankings,
            "--quality", results / "index_quality" / run / f"{BENCHMARK}.parquet",
            made_from=[*tables, *vectors, indexes],
            **{"top_k": TOP_K, "query_block": 7} | taken("retrieve", options))  # fmt: skip


def finish_shards(
    results: Path, *, pool: Sequence[str], run: str = UNTRAINED, size: int = 13, **options: object
) -> None:
    """Rank the same benchmark in shards of `size` passages, after `finish`."""
    whole, tables = (results / "benchmarks" / name for name in (BENCHMARK, SHARDED))
    tables.mkdir()
    for name in ("queries", "qrels"):
        shutil.copy(whole / f"{name}.parquet", tables)
    shards = _cut(read_table(whole / "passages.parquet", PASSAGES), tables / "passages", size)
    listed = tables / "shards.parquet"
    with making(by_hand("shards", *{shard.parent for shard in shards}, tables / "qrels.parquet")):
        rows = [
            {"shard": shard.stem, "part": shard.parent.name, "language": shard.stem.split(".")[1],
             "passages": read_table(shard, PASSAGES).num_rows}
            for shard in shards
        ]  # fmt: skip
        write_table(table_from_rows(rows, SHARDS), listed, SHARDS)
    embeddings, indexes = (results / kind / run / SHARDED for kind in ("embeddings", "indexes"))
    model, vectors = model_of(results, run), embeddings / "queries.parquet"
    encoding, indexing = taken("encode", options), taken("index", options)
    command("encode", "--model", model, "--queries", tables / "queries.parquet",
            "--output", vectors, made_from=[model, tables / "queries.parquet"],
            **encoding)  # fmt: skip
    for shard in shards:
        encoded = embeddings / "passages" / shard.name
        command("encode", "--model", model, "--passages", shard.parent, "--output", encoded,
                made_from=[model, shard.parent], **encoding)  # fmt: skip
        command("index", "--embeddings", encoded, "--output", indexes / f"{shard.stem}.faiss",
                made_from=[encoded], **indexing)  # fmt: skip
    search(results, run, pool=pool, **options)


def search(results: Path, run: str, *, pool: Sequence[str], **options: object) -> None:
    """Search every language of the sharded benchmark, and merge the pool."""
    tables = results / "benchmarks" / SHARDED
    embeddings, indexes, rankings = (
        results / kind / run / SHARDED for kind in ("embeddings", "indexes", "rankings")
    )
    read = [tables / "queries.parquet", tables / "qrels.parquet"]
    for code in tiny.LANGUAGES:
        command("search", "--benchmark", tables, "--embeddings", embeddings, "--indexes", indexes,
                "--output", rankings / f"{code}.parquet",
                "--quality", results / "index_quality" / run / SHARDED / f"{code}.parquet",
                made_from=[*read, tables / "shards.parquet", embeddings / "queries.parquet"],
                language=code, pool_languages=list(pool), top_k=TOP_K,
                **taken("search", options))  # fmt: skip
    if pool:
        files = [rankings / f"{code}.parquet" for code in pool]
        command("pool", "--benchmark", tables, "--rankings", *files,
                "--output", rankings / "all.parquet", made_from=[*read, *files],
                pool_languages=list(pool), top_k=TOP_K)  # fmt: skip


def _cut(passages: pa.Table, folder: Path, size: int) -> list[Path]:
    """The shards of a part for each language, the part as one folder."""
    shards = []
    for code in tiny.LANGUAGES:
        rows = passages.filter(pc.equal(passages["language"], code))
        part = f"{code}-0000"
        with making(by_hand("corpus")), atomic_folder(folder / part) as temporary:
            for number, begin in enumerate(range(0, rows.num_rows, size)):
                name = f"{part}.{code}.{number:04d}.parquet"
                write_table(rows.slice(begin, size), temporary / name, PASSAGES)
                shards.append(folder / part / name)
    return shards


def taken(stage: str, options: dict[str, object]) -> dict[str, object]:
    """Those of the options that the stage has."""
    return {name: value for name, value in options.items() if name in tiny.options_of(stage)}


def finish_all(results: Path) -> Path:
    """Two runs on a benchmark in memory, and the untrained one on the same in shards."""
    encoding = {"query_prefix": "query: ", "passage_prefix": "passage: ", "max_tokens": 32}
    finish(results, runs=(UNTRAINED, TRAINED), **encoding)
    finish_shards(results, pool=("de", "en"), **encoding)
    return results


def query(results: Path, *words: object) -> int:
    """The exit code of `hybridbatch query`."""
    return main(["query", "--results", str(results), *map(str, words)])


def ask(results: Path, capfd: Printed, *words: object, lines: str = "") -> list[dict[str, Any]]:
    """The answers as JSON to a question in `words` or to those in `lines`."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("sys.stdin", io.StringIO(lines))
        capfd.readouterr()
        assert query(results, "--json", *words) == 0
    return [json.loads(line) for line in capfd.readouterr().out.splitlines()]


def refusal(results: Path, capfd: Printed, *words: object) -> str:
    """The one line with which a command ends."""
    capfd.readouterr()
    assert query(results, *words) == 2
    printed = capfd.readouterr()
    assert not printed.out
    (line,) = [line for line in printed.err.splitlines() if "error: " in line]
    return line.partition("error: ")[2]
