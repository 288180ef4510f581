"""Reads the data of a plan as the stages read it, and says what would stop or surprise a run."""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.languages import among
from hybridbatch.common.options import options_from_dict, options_from_json
from hybridbatch.data import benchmarks, corpus, overlap, pairs
from hybridbatch.data.sources import catalog
from hybridbatch.data.sources.merging import merge_pairs
from hybridbatch.data.sources.setchecks import crosses_languages
from hybridbatch.planning import paths
from hybridbatch.planning.config_mending import overlap as overlap_of_keys
from hybridbatch.planning.plan import Plan
from hybridbatch.planning.problems import lines_of

# The module whose log says which codes of languages were replaced.
_CODES = "hybridbatch.data.sources.codes"


@dataclass
class Findings:
    """What a check found: facts, what is good to know, and what is wrong; a line for each."""

    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Take the error of the block as a problem."""
        try:
            yield
        except HybridBatchError as error:
            self.problems += lines_of(error)


@dataclass(frozen=True)
class Raw:
    """Where downloaded files are: the folder of results, or the folder of a mirror."""

    folders: tuple[Path, ...]

    def find(self, path: str) -> Path | None:
        """The file of a path below `results/raw`; None if it must be downloaded."""
        name = path.removeprefix(f"{paths.RAW}/")
        return next((f / name for f in self.folders if (f / name).is_file()), None)

    def inputs(self, files: Sequence[str]) -> list[Path] | None:
        """The files, wherever they are; None if one must be downloaded."""
        found = [
            self.find(file) if file.startswith(f"{paths.RAW}/") else Path(file) for file in files
        ]
        return None if None in found else [path for path in found if path is not None]


class DataCheck:
    """The data of one plan.

    Args:
        plan: the plan of a configuration.
        raw: where downloaded files are.
        found: takes what is found.
        broken: the keys with wrong values. What they name is not read, and what depends on them is
            not judged.
    """

    def __init__(
        self, plan: Plan, raw: Raw, found: Findings, *, broken: frozenset[str] = frozenset()
    ) -> None:
        self.plan, self.raw, self.found = plan, raw, found
        # A file that is missing was named; the other files of its kind can be read.
        self._broken = broken - {"sources.path", "benchmarks.path", "training.max_tokens"}
        self.pairs: dict[str, pa.Table] = {}
        self.queries: dict[str, pa.Table] = {}

    def run(self) -> None:
        """Read all data, whatever is wrong."""
        with _codes_told(self.found.notes):
            if self._sound("extensions", "sources", "training.validation.source"):
                for name in self.plan.pair_sources:
                    self._source(name)
            if self._sound("extensions", "benchmarks"):
                for name in self.plan.benchmarks:
                    self._benchmark(name)
            if self._sound("train_languages"):
                self._languages()
            if self.plan.trained_runs and self._sound("train_languages", "training", "alphas"):
                self._training()

    def _sound(self, *keys: str) -> bool:
        return not any(overlap_of_keys(key, self._broken) for key in keys)

    def _source(self, name: str) -> None:
        inputs = self.raw.inputs(self.plan.source_files(name, raw=paths.RAW))
        if inputs is None:
            self._not_read("source", name)
            return
        if not all(path.exists() for path in inputs):
            return
        options = options_from_json(pairs.Options, self.plan.pairs_options(name))
        with self.found.collected():
            table = pairs.build_pairs(options, inputs)
            self.pairs[name] = table
            items = len(table["item_id"].unique())
            negatives = sum(bool(each) for each in table["hard_negatives"].to_pylist())
            self.found.lines.append(
                f"source {name}: {items:,} items, {table.num_rows:,} pairs ({_counts(table)})"
                + (f", {negatives:,} with hard negatives" if negatives else "")
            )

    def _not_read(self, kind: str, name: str) -> None:
        files = catalog.files_of(name)
        size = sum(file.size for file in files) / 1e6
        self.found.lines.append(
            f"{kind} {name}: {', '.join(catalog.languages_of(name))}; its {len(files)} files "
            f"({size:,.1f} MB) are downloaded first"
        )

    def _benchmark(self, name: str) -> None:
        sharded = name in self.plan.corpora.names
        inputs = self.raw.inputs(self.plan.benchmark_files(name, raw=paths.RAW))
        if inputs is None:
            self._not_read("benchmark", name)
            return
        if not all(path.exists() for path in inputs):
            return
        options = options_from_json(benchmarks.Options, self.plan.benchmarks_options(name))
        with self.found.collected():
            built = benchmarks.build_benchmark(options, inputs)
            self.queries[name] = built.queries
            line = (
                f"benchmark {name}: {built.queries.num_rows:,} queries ({_counts(built.queries)})"
            )
            if built.passages is not None:
                passages = built.passages
                line += f", {passages.num_rows:,} passages ({_counts(passages)})"
                self._overlap(name, built.queries, passages)
            elif all(part.sha256 is None for part in self.plan.corpora.parts(name)):
                line += f", {self._corpus(name, built.qrels)}"
            line += f", {built.qrels.num_rows:,} judgements"
            self.found.lines.append(f"{line}, in shards" if sharded else line)
            self._cross_lingual(name, built)

    def _cross_lingual(self, name: str, built: benchmarks.Benchmark) -> None:
        """Tell of languages that no judgement joins, as where each was judged by itself."""
        own = any("path" in e for e in self.plan.config["benchmarks"] if e["name"] == name)
        several = len(built.queries["language"].unique()) > 1
        if own and several and not crosses_languages(pl.DataFrame(built.qrels)):
            self.found.notes.append(
                f"benchmark {name}: no query has a relevant passage in another language, so that "
                f"pairs of languages and the language bias are not measured; if the passages are "
                f"translations, use the benchmark as pairs (config/README.md, Formats)"
            )

    def _corpus(self, name: str, qrels: pa.Table) -> str:
        """The counts of the passages of a user's sharded benchmark, read in a stream."""
        missing = set(qrels["passage_id"].to_pylist())
        counts: Counter[str] = Counter()
        for part in self.plan.corpora.parts(name):
            options = options_from_json(corpus.Options, self.plan.corpus_options(name, part.name))
            for table in corpus.checked_tables(options, Path(part.path)):
                counts.update(table["language"].to_pylist())
                missing.difference_update(table["passage_id"].to_pylist())
        if missing:
            raise HybridBatchError(
                f"benchmark {name}: passage {min(missing)!r} of the qrels is in none of its files "
                f"({len(missing):,} such passages); add it there or drop the row"
            )
        return f"{counts.total():,} passages ({_listed(counts)})"

    def _overlap(self, name: str, queries: pa.Table, passages: pa.Table) -> None:
        if not self._sound("train_languages") or not set(self.pairs) >= set(self.plan.sources):
            return
        if name not in self.plan.overlaps():
            if self.plan.trained_runs:
                self.found.notes.append(
                    f"trained runs are not evaluated on {name}, whose items they train on, unless "
                    f"allow_contaminated is true"
                )
            return
        options = options_from_json(overlap.Options, self.plan.overlap_options(name))
        merged = pa.concat_tables([self.pairs[source] for source in self.plan.sources])
        shared = overlap.find_overlap(merged, queries, passages, languages=options.languages)
        allowed = self.plan.config["allow_contaminated"]
        overlap.report(shared, queries, options, allow_contaminated=allowed)

    def _languages(self) -> None:
        trained = self.plan.config["train_languages"]
        for name, queries in self.queries.items():
            asked = sorted(set(queries["language"].to_pylist()))
            unseen = [code for code in asked if code not in trained]
            if self.plan.trained_runs:
                self.found.lines.append(
                    f"  of {len(asked)} query languages of {name}, {len(asked) - len(unseen)} are "
                    f"trained on" + (f"; not {', '.join(unseen)}" if unseen else "")
                )
            for code in unseen:
                if hint := among(code, [each for each in trained if each not in asked]):
                    self.found.notes.append(
                        f"benchmark {name} has {code} and train_languages do not{hint} They count "
                        f"as different languages"
                    )
            if len(asked) == 1:
                self.found.notes.append(
                    f"benchmark {name} has queries in {asked[0]} alone, so that nothing compares "
                    f"languages"
                )

    def _training(self) -> None:
        config, sources = self.plan.config, self.plan.sources
        if not set(self.pairs) >= set(sources):
            return
        tables = [self.pairs[name] for name in sources]
        known = sorted({code for table in tables for code in table["language"].to_pylist()})
        missing = [code for code in config["train_languages"] if code not in known]
        for code in missing:
            number = config["train_languages"].index(code)
            self.found.problems.append(
                f"config: train_languages[{number}]: no pair to train on has {code!r}; "
                f"{', '.join(sources)} have {', '.join(known)}{among(code, known)}"
            )
        if missing:
            return
        if left := [code for code in known if code not in config["train_languages"]]:
            self.found.notes.append(f"pairs in {', '.join(left)} are left out of the training")
        with self.found.collected():
            merged = merge_pairs(tables)
            for run in _one_of_each_sampling(self.plan):
                with self.found.collected():
                    self._sampling(run, merged)

    def _sampling(self, run: str, merged: pa.Table) -> None:
        """Make the batches' samplers, which check the data against the options of the training."""
        from hybridbatch.encoding.settings import settled
        from hybridbatch.training.data import training_data
        from hybridbatch.training.loop import sampler_of, sampling_options
        from hybridbatch.training.options import Options
        from hybridbatch.training.validation import validation_batches

        values = settled(json.loads(self.plan.train_options(run)), None)
        options = options_from_dict(Options, values)
        held_out = options.validation.source == "held-out"
        data = training_data(
            merged,
            sources=self.plan.sources,
            languages=options.languages,
            validation_fraction=options.validation.fraction if held_out else 0.0,
            with_negatives=options.hard_negatives > 0,
        )
        sampler_of(options)(data.training.items, sampling_options(options), seed=options.seed)
        if data.validation is not None:
            validation_batches(
                data.validation.items,
                batches=options.validation.batches,
                batch_size=options.batch_size,
            )
        mined = self.plan.config["training"]["mining"]["negatives"]
        if options.hard_negatives and not mined and not len(data.training.negatives.texts):
            note = (
                f"training.hard_negatives is {options.hard_negatives}, and no pair to train on has "
                f"hard negatives: the training goes without them"
            )
            if note not in self.found.notes:
                self.found.notes.append(note)


def _one_of_each_sampling(plan: Plan) -> list[str]:
    return list({run.sampling: run.id for run in reversed(plan.trained_runs)}.values())[::-1]


def _counts(table: pa.Table) -> str:
    return _listed(Counter(table["language"].to_pylist()))


def _listed(counts: Mapping[str, int]) -> str:
    if len(counts) > 1 and len(set(counts.values())) == 1:
        return f"{next(iter(counts.values())):,} in each of {', '.join(sorted(counts))}"
    return ", ".join(f"{code} {counts[code]:,}" for code in sorted(counts))


@contextmanager
def _codes_told(notes: list[str]) -> Iterator[None]:
    """Take the lines of the log on codes of languages as notes, and keep the others silent."""
    package, codes = logging.getLogger("hybridbatch"), logging.getLogger(_CODES)
    handler = _Taken(notes.append)
    before = package.level, codes.level, codes.propagate
    package.setLevel(logging.WARNING)
    codes.setLevel(logging.INFO)
    codes.propagate = False
    codes.addHandler(handler)
    try:
        yield
    finally:
        codes.removeHandler(handler)
        package.setLevel(before[0])
        codes.setLevel(before[1])
        codes.propagate = before[2]


class _Taken(logging.Handler):
    """Passes each line of a log on."""

    def __init__(self, take: Callable[[str], Any]) -> None:
        super().__init__()
        self._take = take

    def emit(self, record: logging.LogRecord) -> None:
        self._take(record.getMessage())
