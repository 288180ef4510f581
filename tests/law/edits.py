"""The table of edits: what a person changes in a finished project, and what must run again.

After an edit of the configuration, of a file from outside or of a module, the results must be those
of the edited project run from nothing. After a touch or a removal, they must be the same as before.
"""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hybridbatch.planning.machine import Machine
from miracl_fixture import write_checksums, write_corpus
from tiny import write_benchmark, write_model, write_pairs

Change = Callable[[Path], None]
# Rules that run after an edit, for a benchmark in memory.
_REPORT = frozenset({"report"})
_FIGURES = frozenset({"metrics", "bias", "statistics", "examples"}) | _REPORT
_RANKED = frozenset({"retrieve"}) | _FIGURES
_ENCODED = frozenset({"encode", "index", "projection"}) | _RANKED
_TRAINED = frozenset({"train", "publish"}) | _ENCODED
_PAIRS = frozenset({"pairs", "overlap"}) | _TRAINED
# For a sharded benchmark.
_CUT_FIGURES = frozenset({"metrics_cut", "statistics"}) | _REPORT
_SEARCHED = frozenset({"search", "pool"}) | _CUT_FIGURES
_SHARD_INDEXED = frozenset({"index_shard"}) | _SEARCHED
_SHARD_ENCODED = frozenset({"encode_queries", "encode_shard"}) | _SHARD_INDEXED
_NOTHING: frozenset[str] = frozenset()
# What `precision: auto` means depends on the machine.
_AUTO, _OTHER = ("bf16", "fp32") if Machine.here().bf16_cpu else ("fp32", "bf16")


@dataclass(frozen=True)
class Edit:
    """An edit of a project.

    kind: `config`, `outside`, `code`, `touch` or `remove`; after the last two, the results are as
    they were. subject: what it changes; two edits of one subject are never paired. expects: the
    rules that a dry run plans; None if that is not checked.
    """

    name: str
    kind: str
    subject: str
    change: Change
    expects: frozenset[str] | None = None

    @property
    def lasting(self) -> bool:
        """Whether the project makes other results after it."""
        return self.kind not in ("touch", "remove")


def _set(key: str, value: Any, expects: frozenset[str] | None = None, *, name: str = "") -> Edit:
    """An edit of one key of the configuration, such as `training.steps`."""

    def change(project: Path) -> None:
        path = project / "config" / "config.yaml"
        config = json.loads(path.read_text(encoding="utf-8"))
        *above, last = key.split(".")
        place = config
        for each in above:
            place = place.setdefault(each, {})
        place[last] = value
        path.write_text(json.dumps(config, indent=1), encoding="utf-8")

    said = name or f"`{key}: {json.dumps(value)}`"
    return Edit(said, "config", key, change, expects)


def _code(name: str, file: str, old: str, new: str, expects: frozenset[str] | None = None) -> Edit:
    """An edit of a module; `old` is empty if `new` is appended."""

    def change(project: Path) -> None:
        path = project / "workflow" / "hybridbatch" / file
        text = path.read_text(encoding="utf-8")
        if old not in text:
            raise ValueError(f"{file}: no {old!r} to edit")
        edited = text.replace(old, new, 1) if old else f"{text}\n{new}\n"
        path.write_text(edited, encoding="utf-8")

    return Edit(name, "code", file, change, expects)


def _outside(
    name: str,
    file: str,
    change: Change,
    expects: frozenset[str] | None = None,
    *,
    kept: bool = False,
) -> Edit:
    """An edit of a file or folder from outside; `kept` keeps its old times."""

    def changed(project: Path) -> None:
        times = {path: path.stat() for path in _files(project / file)} if kept else {}
        change(project)
        for path, found in times.items():
            os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))

    return Edit(name, "outside", file, changed, expects)


def _touch(name: str, pattern: str, expects: frozenset[str] | None = _NOTHING) -> Edit:
    """New times for files of the project; nothing must run if Snakemake has a checksum."""

    def change(project: Path) -> None:
        for path in [each for top in project.glob(pattern) for each in (top, *_files(top))]:
            path.touch()

    return Edit(name, "touch", pattern, change, expects)


def _remove(name: str, pattern: str, expects: frozenset[str] | None = None) -> Edit:
    """A result is removed by hand."""

    def change(project: Path) -> None:
        for path in project.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    return Edit(name, "remove", pattern, change, expects)


def _files(place: Path) -> list[Path]:
    return [place] if place.is_file() else [path for path in place.rglob("*") if path.is_file()]


def _pairs(items: range) -> Change:
    return lambda project: _swap(project / "pairs.parquet", lambda path: write_pairs(path, items))


def _swap(path: Path, write: Callable[[Path], object]) -> None:
    """Replace a file; a project that shares it by a hard link keeps the old one."""
    path.unlink(missing_ok=True)
    write(path)


def _benchmark(name: str, items: range) -> Change:
    def change(project: Path) -> None:
        shutil.rmtree(project / name, ignore_errors=True)
        write_benchmark(project / name, items)

    return change


def _model(seed: int) -> Change:
    def change(project: Path) -> None:
        shutil.rmtree(project / "model")
        write_model(project / "model", seed=seed)

    return change


def _second_benchmark(project: Path) -> None:
    _benchmark("second", range(110, 114))(project)
    both = [{"name": "held-out", "path": "benchmark"}, {"name": "second", "path": "second"}]
    _set("benchmarks", both).change(project)


def _grown_corpus(project: Path) -> None:
    ids = [f"{number // 3}#{number % 3}" for number in range(11)]
    write_corpus(project / "mirror", "yo", ids, files=1)
    write_checksums(project / "mirror")


_SOURCE = {"name": "tiny", "path": "pairs.parquet"}
_BOTH = (
    _set("title", "Another title", _REPORT),
    _set("sources", [_SOURCE | {"license": "CC0-1.0"}], name="a source's licence"),
    _set("model_license", "MIT"),
    _set("model_name", "other"),
    _set("recipe", "other"),
    _set("statistics.seed", 2, frozenset({"statistics"}) | _REPORT),
    _set("statistics.confidence", 0.9, frozenset({"statistics"}) | _REPORT),
    _set("statistics.margin", 0.02, frozenset({"statistics"}) | _REPORT),
    _set("high_resource_languages", ["en"]),
    _set("claims.bias_reduction", 0.2, _REPORT),
    _set("device", "cpu", _NOTHING),
    _set("memory", {"train": 5000}, _NOTHING),
    _set("threads", 2),
    _set("query_prefix", "q: "),
    _set("passage_prefix", "p: "),
    _set("pooling", "cls"),
    _set("encoding.max_tokens", 24),
    _set("encoding.passage_template", "{text}"),
    _set("encoding.tokens_per_batch", 256),
    _set("index.factory", "SQ8"),
    _outside("model replaced", "model", _model(1)),
    _outside("model replaced, old time", "model", _model(2), kept=True),
    _outside("pairs replaced", "pairs.parquet", _pairs(range(26))),
    _outside("pairs replaced, old time", "pairs.parquet", _pairs(range(1, 25)), kept=True),
    _outside("pairs written anew, same content", "pairs.parquet", lambda project: shutil.copy(
        project / "pairs.parquet", project / "pairs.parquet.new") and (
        project / "pairs.parquet.new").replace(project / "pairs.parquet"), _NOTHING),
    _touch("model touched", "model"),
    _touch("pairs touched", "pairs.parquet"),
    _touch("checkout touched", "workflow"),
    _touch("`results/pairs/` touched", "results/pairs"),
    # Snakemake judges a folder that a rule makes only by its time: later stages run again.
    _touch("`results/models/` touched", "results/models", None),
    _touch("`results/embeddings/` touched", "results/embeddings"),
    _touch("all results touched", "results"),
    _remove("report removed", "results/report.html", _REPORT),
    _remove("`results/metrics/` removed", "results/metrics"),
    _remove("`results/indexes/` removed", "results/indexes"),
    _remove("`results/embeddings/` removed", "results/embeddings"),
    _remove("`results/pairs/` removed", "results/pairs"),
    _remove("`results/models/` removed", "results/models"),
    _code("comment", "common/tables.py", "", "# A remark.", _NOTHING),
    _code("docstring", "encoding/encode.py", '"""', '"""Edited. ', _NOTHING),
    _code("words of an error", "training/data.py", "give one per source", "name one", _NOTHING),
    _code("doc of a schema", "schemas/pairs.py", "one row per item", "a row per item", _NOTHING),
    _code("column of the export", "schemas/benchmark_results.py", '("run", STRING)',
          '("added", STRING), ("run", STRING)', _NOTHING),
    _code("module of the report", "reporting/render.py", "", "EDITED = 1", _REPORT),
    _code("module of the statistics", "evaluation/resampling.py", "", "EDITED = 1",
          None),
    _code("module of the pairs", "data/pairs.py", "", "EDITED = 1"),
    _code("module of all encoding", "encoding/encoder.py", "", "EDITED = 1"),
)  # fmt: skip
_MEMORY = (
    *_BOTH,
    # Undoing the first of these adds a training language.
    _set("train_languages", ["ar", "de"], name="a training language less"),
    _set("train_languages", ["de", "en"], name="another training language less"),
    _set("train_languages", ["en", "ar", "de"], name="training languages in another order"),
    _set("training.steps", 16, _TRAINED),
    _set("training.learning_rate", 1e-4, _TRAINED),
    _set("training.batch_size", 3, _TRAINED),
    _set("training.hard_negatives", 0, _TRAINED),
    _set("training.temperature", 0.05, _TRAINED),
    _set("training.validation", {"fraction": 0.0}, _TRAINED),
    _set("training.validation.patience", 1, _TRAINED),
    _set("training.checkpoint_every", 5),
    _set("training.chunk_tokens", 64, _TRAINED),
    _set("training.mining", {"negatives": 1}),
    _set("training.precision", _AUTO, _NOTHING, name="the precision that `auto` is here"),
    _set("training.precision", _OTHER, _TRAINED, name="the other precision"),
    Edit("benchmark added", "config", "benchmarks", _second_benchmark),
    _set("benchmarks", [{"name": "held-out", "path": "benchmark", "sharded": True}],
         name="benchmark in shards"),
    _set("allow_contaminated", True),
    _set("alphas", [0.3]),
    _set("alphas", [0.5, 0.3], name="an alpha more"),
    _set("seeds", [2]),
    _set("seeds", [1, 2], name="a seed more"),
    _set("samplings", ["hybrid", "x-x-mono"], name="a sampling more"),
    _set("samplings", ["x-y"], name="another sampling"),
    _set("samplings", [], name="no sampling"),
    _set("retrieval.top_k", 4, _RANKED),
    _set("retrieval.query_block", 3),
    _set("bias.cutoff", 3),
    _set("bias.persistence", 0.8),
    _set("views.examples_per_rule", 1, frozenset({"examples"}) | _REPORT),
    _set("views.projected_items", 4, frozenset({"projection"}) | _REPORT),
    _set("encoding.dtype", "float16", _ENCODED),
    _set("mirror", "elsewhere", _NOTHING),
    _outside("benchmark replaced", "benchmark", _benchmark("benchmark", range(101, 107))),
    _outside("benchmark replaced, old time", "benchmark",
             _benchmark("benchmark", range(102, 108)), kept=True),
    _touch("benchmark touched", "benchmark"),
    _touch("`results/training/` touched", "results/training", _TRAINED - {"train"}),
    _touch("`results/overlap/` touched", "results/overlap"),
    _remove("`results/overlap/` removed", "results/overlap"),
    _remove("`results/training/` removed", "results/training"),
    _remove("`results/checkpoints/` removed", "results/checkpoints"),
    _remove("one ranking removed", "results/rankings/*/*/ar.parquet"),
    _code("sampler", "training/sampling.py", "", "EDITED = 1", _TRAINED),
    _code("loss, with other figures", "training/loss.py", "/ temperature\n", "/ temperature / 2\n",
          _TRAINED),
    _code("words on the card", "publication/card.py", "No single licence", "No licence",
          frozenset({"publish"}) | _REPORT),
    _code("metrics", "evaluation/metrics.py", "", "EDITED = 1"),
    _code("column of pairs' schema", "schemas/pairs.py", 'key=("item_id", "language"),',
          'key=("language", "item_id"),'),
)  # fmt: skip
_SHARDED = (
    *_BOTH,
    _set("encoding.shard_passages", 7),
    _set("encoding.dtype", "float32"),
    _set("retrieval.top_k", 6, _SEARCHED),
    _set("retrieval.quality_queries", 2),
    _set("benchmarks", [{"name": "miracl", "languages": ["sw"]}], name="one language"),
    _set("benchmarks", [{"name": "miracl", "languages": ["sw", "yo"]}], name="no pool"),
    _set("benchmarks", [{"name": "miracl", "languages": ["yo", "sw"], "pool_languages":
         ["yo", "sw"]}], name="languages in another order"),
    _set("samplings", ["hybrid"], name="a trained run more"),
    _outside("corpus grown", "mirror", _grown_corpus),
    _touch("mirror touched", "mirror"),
    _touch("`results/raw/` touched", "results/raw"),
    _touch("list of shards touched", "results/benchmarks/*/shards.parquet"),
    _touch("passages of shards touched", "results/benchmarks/*/passages", None),
    _remove("a shard's vectors removed", "results/embeddings/*/*/passages/sw-0000.sw.0001.parquet"),
    _remove("list of shards removed", "results/benchmarks/*/shards.parquet"),
    _remove("`results/raw/` removed", "results/raw"),
    _code("search of shards", "retrieval/streaming.py", "", "EDITED = 1"),
    _code("cutter of shards", "data/corpus.py", "", "EDITED = 1"),
    _code("pool", "retrieval/pool.py", "", "EDITED = 1", frozenset({"pool"}) | _CUT_FIGURES),
)  # fmt: skip
EDITS: Mapping[str, Mapping[str, Edit]] = {
    "memory": {edit.name: edit for edit in _MEMORY},
    "sharded": {edit.name: edit for edit in _SHARDED},
}
# Early edits, which affect all stages from the first on.
EARLY: Mapping[str, tuple[str, ...]] = {
    "memory": ("pairs replaced", "model replaced", "benchmark replaced"),
    "sharded": ("pairs replaced", "model replaced", "corpus grown"),
}
