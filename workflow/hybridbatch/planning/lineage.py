"""The chain of digests that a configuration leads to: what each of its artifacts should carry.

Every job has a node: its stage, its options, and the digest of each input. An input that another
job makes is named by that job's `made`, one from outside by its content, so that `made` covers
everything from the raw data on. The workflow tracks it as a param, the artifacts carry it (see
`common.records`), and the report compares the two.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hybridbatch.common.records import Record, outside_key
from hybridbatch.planning.plan import Plan
from hybridbatch.planning.shard_list import ShardList

RAW = "results/raw"
_TABLES = ("queries", "passages", "qrels")
_STATISTICS = ("estimates", "comparisons", "noninferiority")


@dataclass(frozen=True)
class Node:
    """A job of the workflow.

    Args:
        record: what its artifacts should carry.
        outputs: the artifacts, as paths from the working folder.
        sources: the input paths that other jobs make.
    """

    record: Record
    outputs: tuple[str, ...]
    sources: tuple[str, ...] = field(default=())

    @property
    def made(self) -> str:
        """The digest of all that makes the job's artifacts."""
        return self.record.made


class Lineage:
    """The nodes of one plan.

    Args:
        plan: the checked configuration.
        code: gives the hash of a stage's code.
        versions: gives the versions of the libraries on which a stage's results depend.
        contents: gives the digest of a path from outside.
        shards: the shards that were cut. None while they are not known: every file of a corpus
            then stands for its shards. The workflow tracks digests of this kind, which change
            with every cause that its artifacts' own digests change with.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        code: Callable[[str], str],
        versions: Callable[[str], str],
        contents: Callable[[str], str],
        shards: ShardList | None = None,
    ) -> None:
        self._plan, self._code, self._versions, self._contents = plan, code, versions, contents
        self._shards_cut = shards
        self._known: dict[tuple[str, ...], Node] = {}

    def made(self, rule: str, **where: str) -> str:
        """What the artifacts of a rule's job should carry, such as `made("train", run="a.b.c")`."""
        return self.node(rule, **where).made

    def node(self, rule: str, **where: str) -> Node:
        """The job of a rule; `where` are its wildcards.

        Raises:
            HybridBatchError: an input from outside, or the list of shards, cannot be read.
        """
        key = (rule, *(f"{name}={value}" for name, value in sorted(where.items())))
        if key not in self._known:
            self._known[key] = getattr(self, f"_{rule}")(**where)
        return self._known[key]

    def nodes(self) -> Iterator[Node]:
        """Every job of the configuration but the downloads, each after those that it reads."""
        plan = self._plan
        yield self.node("model")
        for source in plan.pair_sources:
            yield self.node("pairs", source=source)
        if plan.config["training"]["mining"]["negatives"]:
            for source in plan.sources:
                yield self.node("mine", source=source)
        for benchmark in plan.benchmarks:
            yield from self._of_benchmark(benchmark)
        for run in plan.trained_runs:
            yield self.node("train", run=run.id)
            yield self.node("publish", run=run.id)
        for benchmark in plan.overlaps():
            yield self.node("overlap", benchmark=benchmark)
        for name, benchmark in plan.evaluations():
            yield from self._of_evaluation(name, benchmark)
        for benchmark in plan.benchmarks:
            yield self.node("statistics", benchmark=benchmark)
            if benchmark in plan.in_memory:
                yield self.node("examples", benchmark=benchmark)
                yield self.node("projection", benchmark=benchmark)
        yield self.node("report")

    def _of_benchmark(self, benchmark: str) -> Iterator[Node]:
        yield self.node("benchmarks", benchmark=benchmark)
        if benchmark in self._plan.corpora.names:
            for part in self._plan.corpora.parts(benchmark):
                yield self.node("corpus", benchmark=benchmark, part=part.name)
            yield self.node("shards", benchmark=benchmark)

    def _of_evaluation(self, run: str, benchmark: str) -> Iterator[Node]:
        where = {"run": run, "benchmark": benchmark}
        if benchmark in self._plan.in_memory:
            for rule in ("encode", "index", "retrieve", "metrics", "bias"):
                yield self.node(rule, **where)
            return
        yield self.node("encode_queries", **where)
        for language in self._languages(benchmark):
            for shard in self._shards_of(benchmark, language):
                shard_of = {**where, **shard}
                yield self.node("encode_shard", **shard_of)
                yield self.node("index_shard", **shard_of)
            yield self.node("search", **where, language=language)
        if self._plan.corpora.pool(benchmark):
            yield self.node("pool", **where)
        yield self.node("metrics_cut", **where)

    def _languages(self, benchmark: str) -> list[str]:
        """The languages of a sharded benchmark that are searched."""
        pool = self._plan.corpora.pool(benchmark)
        judged = () if self._shards_cut is None else self._shards_cut.judged(benchmark)
        return sorted({*judged, *pool}) or ["any"]

    def _shards_of(self, benchmark: str, language: str) -> list[dict[str, str]]:
        """The shards of a language, as the wildcards of their rules."""
        if self._shards_cut is not None:
            names = self._shards_cut.names(benchmark, language)
        else:
            parts = self._plan.corpora.parts(benchmark)
            names = [f"{part.name}.{language}.0000" for part in parts]
        keys = ("part", "language", "number")
        return [dict(zip(keys, name.split("."), strict=True)) for name in names]

    def _made_at(self, stage: str, options: str, inputs: Mapping[str, str], *outputs: str) -> Node:
        record = Record(stage, options, self._code(stage), self._versions(stage), inputs)
        sources = tuple(path for path in inputs if path.startswith("results/"))
        return Node(record, outputs, sources)

    def _outside(self, paths: Sequence[str]) -> dict[str, str]:
        """Inputs that no job but a download makes: by content, a download by what is pinned."""
        found = {}
        for path in paths:
            if path.startswith(f"{RAW}/"):
                digest = self._plan.raw_digest(path.removeprefix(f"{RAW}/"))
            else:
                digest = self._contents(path)
            found[outside_key(path)] = digest
        return found

    # Data.

    def _benchmarks(self, benchmark: str) -> Node:
        return self._made_at(
            "benchmarks",
            self._plan.benchmarks_options(benchmark),
            self._outside(self._plan.benchmark_files(benchmark, raw=RAW)),
            *self._tables(benchmark),
        )

    def _corpus(self, benchmark: str, part: str) -> Node:
        return self._made_at(
            "corpus",
            self._plan.corpus_options(benchmark, part),
            self._outside([self._plan.part_file(benchmark, part)]),
            f"results/benchmarks/{benchmark}/passages/{part}",
        )

    def _shards(self, benchmark: str) -> Node:
        parts = {
            f"results/benchmarks/{benchmark}/passages/{part.name}": self.made(
                "corpus", benchmark=benchmark, part=part.name
            )
            for part in self._plan.corpora.parts(benchmark)
        }
        return self._made_at(
            "shards",
            "{}",
            parts | self._tables_made(benchmark, "qrels"),
            f"results/benchmarks/{benchmark}/shards.parquet",
        )

    def _pairs(self, source: str) -> Node:
        return self._made_at(
            "pairs",
            self._plan.pairs_options(source),
            self._outside(self._plan.source_files(source, raw=RAW)),
            f"results/pairs/{source}.parquet",
        )

    def _overlap(self, benchmark: str) -> Node:
        tables = self._tables_made(benchmark, "queries", "passages", "qrels")
        if benchmark in self._plan.corpora.names:
            tables = self._tables_made(benchmark, "queries", "qrels") | self._shards_made(benchmark)
        return self._made_at(
            "overlap",
            self._plan.overlap_options(benchmark),
            self._pairs_made() | tables,
            f"results/overlap/{self._plan.config['recipe']}/{benchmark}.parquet",
        )

    # Models.

    def _model(self) -> Node:
        name = self._plan.model_name
        return self._made_at(
            "model",
            self._plan.model_options(),
            self._outside(self._plan.model_files()),
            f"results/models/{name}",
            f"results/runs/{name}.untrained.parquet",
        )

    def _mine(self, source: str) -> Node:
        pairs = {f"results/pairs/{source}.parquet": self.made("pairs", source=source)}
        return self._made_at(
            "mine",
            self._plan.mine_options(),
            pairs | self._base_model(),
            f"results/mined/{self._plan.model_name}/{self._plan.config['recipe']}/{source}.parquet",
        )

    def _train(self, run: str) -> Node:
        plan = self._plan
        mined = bool(plan.config["training"]["mining"]["negatives"])
        pairs = {
            path: self.made("mine" if mined else "pairs", source=source)
            for source, path in zip(plan.sources, plan.training_pairs, strict=True)
        }
        for source in plan.validation_sources:
            pairs[f"results/pairs/{source}.parquet"] = self.made("pairs", source=source)
        return self._made_at(
            "train", plan.train_options(run), pairs | self._base_model(), *_trained(run)
        )

    def _publish(self, run: str) -> Node:
        trained = dict.fromkeys(_trained(run), self.made("train", run=run))
        return self._made_at(
            "publish",
            self._plan.publish_options(run),
            trained | self._pairs_made(),
            f"results/checkpoints/{run}",
        )

    # Evaluation of a benchmark as a whole.

    def _encode(self, run: str, benchmark: str) -> Node:
        return self._made_at(
            "encode",
            self._plan.encode_options(),
            self._checkpoint(run) | self._tables_made(benchmark, "queries", "passages"),
            *_embeddings(run, benchmark),
        )

    def _index(self, run: str, benchmark: str) -> Node:
        made = self.made("encode", run=run, benchmark=benchmark)
        return self._made_at(
            "index",
            self._plan.index_options(),
            {_embeddings(run, benchmark)[1]: made},
            f"results/indexes/{run}/{benchmark}",
        )

    def _retrieve(self, run: str, benchmark: str) -> Node:
        where = {"run": run, "benchmark": benchmark}
        vectors = dict.fromkeys(_embeddings(run, benchmark), self.made("encode", **where))
        index = {f"results/indexes/{run}/{benchmark}": self.made("index", **where)}
        return self._made_at(
            "retrieve",
            self._plan.retrieve_options(),
            self._tables_made(benchmark, *_TABLES) | vectors | index,
            f"results/rankings/{run}/{benchmark}",
            f"results/index_quality/{run}/{benchmark}.parquet",
        )

    def _metrics(self, run: str, benchmark: str) -> Node:
        return self._made_at(
            "metrics",
            self._plan.metrics_options(benchmark),
            self._tables_made(benchmark, *_TABLES) | self._ranked(run, benchmark),
            *_metric_files(run, benchmark),
        )

    def _bias(self, run: str, benchmark: str) -> Node:
        return self._made_at(
            "bias",
            self._plan.bias_options(),
            self._tables_made(benchmark, *_TABLES) | self._ranked(run, benchmark),
            f"results/bias/{run}/{benchmark}",
        )

    # Evaluation of a sharded benchmark.

    def _encode_queries(self, run: str, benchmark: str) -> Node:
        return self._made_at(
            "encode",
            self._plan.encode_options(),
            self._checkpoint(run) | self._tables_made(benchmark, "queries"),
            _embeddings(run, benchmark)[0],
        )

    def _encode_shard(self, run: str, benchmark: str, **shard: str) -> Node:
        part = shard["part"]
        made = self.made("corpus", benchmark=benchmark, part=part)
        return self._made_at(
            "encode",
            self._plan.encode_options(),
            self._checkpoint(run) | {f"results/benchmarks/{benchmark}/passages/{part}": made},
            f"results/embeddings/{run}/{benchmark}/passages/{_shard_name(shard)}.parquet",
        )

    def _index_shard(self, run: str, benchmark: str, **shard: str) -> Node:
        name = _shard_name(shard)
        made = self.made("encode_shard", run=run, benchmark=benchmark, **shard)
        return self._made_at(
            "index",
            self._plan.index_options(),
            {f"results/embeddings/{run}/{benchmark}/passages/{name}.parquet": made},
            f"results/indexes/{run}/{benchmark}/{name}.faiss",
        )

    def _search(self, run: str, benchmark: str, language: str) -> Node:
        where = {"run": run, "benchmark": benchmark}
        inputs = self._tables_made(benchmark, "queries", "qrels") | self._shards_made(benchmark)
        inputs[_embeddings(run, benchmark)[0]] = self.made("encode_queries", **where)
        for shard in self._shards_of(benchmark, language):
            for rule in ("encode_shard", "index_shard"):
                node = self.node(rule, **where, **shard)
                inputs[node.outputs[0]] = node.made
        return self._made_at(
            "search",
            self._plan.search_options(benchmark, language),
            inputs,
            f"results/rankings/{run}/{benchmark}/{language}.parquet",
            f"results/index_quality/{run}/{benchmark}/{language}.parquet",
        )

    def _pool(self, run: str, benchmark: str) -> Node:
        languages = self._plan.corpora.pool(benchmark)
        return self._made_at(
            "pool",
            self._plan.pool_options(benchmark),
            self._tables_made(benchmark, "queries", "qrels")
            | self._searched(run, benchmark, languages),
            f"results/rankings/{run}/{benchmark}/all.parquet",
        )

    def _metrics_cut(self, run: str, benchmark: str) -> Node:
        rankings = self._searched(run, benchmark, self._languages(benchmark))
        if self._plan.corpora.pool(benchmark):
            pool = self.node("pool", run=run, benchmark=benchmark)
            rankings[pool.outputs[0]] = pool.made
        return self._made_at(
            "metrics",
            self._plan.metrics_options(benchmark),
            self._tables_made(benchmark, "queries", "qrels") | rankings,
            *_metric_files(run, benchmark),
        )

    # Over all runs of a benchmark.

    def _statistics(self, benchmark: str) -> Node:
        inputs = self._tables_made(benchmark, "queries")
        for run in self._plan.runs_on(benchmark):
            inputs |= self._run_record(run.id) | self._scored(run.id, benchmark, "per_query")
            if benchmark in self._plan.in_memory:
                bias = self.node("bias", run=run.id, benchmark=benchmark)
                inputs[bias.outputs[0]] = bias.made
        folder = f"results/statistics/{self._plan.group}/{benchmark}"
        return self._made_at(
            "statistics",
            self._plan.statistics_options(),
            inputs,
            *(f"{folder}/{name}.parquet" for name in _STATISTICS),
        )

    def _examples(self, benchmark: str) -> Node:
        inputs = self._tables_made(benchmark, *_TABLES)
        for run in self._plan.runs_on(benchmark):
            inputs |= self._ranked(run.id, benchmark)
            inputs |= self._scored(run.id, benchmark, "per_query")
        return self._made_at(
            "examples",
            self._plan.examples_options(benchmark),
            inputs,
            f"results/examples/{self._plan.group}/{benchmark}.parquet",
        )

    def _projection(self, benchmark: str) -> Node:
        inputs = self._tables_made(benchmark, *_TABLES)
        for run in self._plan.runs_on(benchmark):
            made = self.made("encode", run=run.id, benchmark=benchmark)
            inputs |= dict.fromkeys(_embeddings(run.id, benchmark), made)
        folder = f"results/projection/{self._plan.group}/{benchmark}"
        return self._made_at(
            "projection",
            self._plan.projection_options(benchmark),
            inputs,
            f"{folder}/points.parquet",
            f"{folder}/summary.parquet",
        )

    def _report(self) -> Node:
        plan = self._plan
        inputs: dict[str, str] = {}
        for run in plan.runs:
            inputs |= self._run_record(run.id)
        for run in plan.trained_runs:
            log = f"results/training/{run.id}/train_log.parquet"
            inputs[log] = self.made("train", run=run.id)
        for benchmark in plan.benchmarks:
            inputs |= self._reported(benchmark)
        for benchmark in plan.overlaps():
            inputs |= self._all_of(self.node("overlap", benchmark=benchmark))
        return self._made_at(
            "report", plan.report_options(), inputs | self._pairs_made(), "results/report.html"
        )

    def _reported(self, benchmark: str) -> dict[str, str]:
        """What the report reads of a benchmark."""
        whole = benchmark in self._plan.in_memory
        if whole:
            inputs = self._tables_made(benchmark, *_TABLES)
        else:
            inputs = self._tables_made(benchmark, "queries", "qrels")
            inputs |= self._shards_made(benchmark)
        for run in self._plan.runs_on(benchmark):
            inputs |= self._scored(run.id, benchmark, "summary")
            if whole:
                bias = self.node("bias", run=run.id, benchmark=benchmark)
                inputs |= self._all_of(bias)
                made = self.made("retrieve", run=run.id, benchmark=benchmark)
                inputs[f"results/index_quality/{run.id}/{benchmark}.parquet"] = made
        for rule in ("statistics", "examples", "projection") if whole else ("statistics",):
            inputs |= self._all_of(self.node(rule, benchmark=benchmark))
        return inputs

    # Inputs that several jobs share.

    def _all_of(self, node: Node) -> dict[str, str]:
        return dict.fromkeys(node.outputs, node.made)

    def _tables_made(self, benchmark: str, *tables: str) -> dict[str, str]:
        made = self.made("benchmarks", benchmark=benchmark)
        return {f"results/benchmarks/{benchmark}/{table}.parquet": made for table in tables}

    def _shards_made(self, benchmark: str) -> dict[str, str]:
        return self._all_of(self.node("shards", benchmark=benchmark))

    def _pairs_made(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for source in self._plan.sources:
            found |= self._all_of(self.node("pairs", source=source))
        return found

    def _base_model(self) -> dict[str, str]:
        return {f"results/models/{self._plan.model_name}": self.made("model")}

    def _checkpoint(self, run: str) -> dict[str, str]:
        if not self._plan.run(run).trained:
            return self._base_model()
        return {f"results/training/{run}/model": self.made("train", run=run)}

    def _run_record(self, run: str) -> dict[str, str]:
        trained = self._plan.run(run).trained
        made = self.made("train", run=run) if trained else self.made("model")
        return {f"results/runs/{run}.parquet": made}

    def _ranked(self, run: str, benchmark: str) -> dict[str, str]:
        made = self.made("retrieve", run=run, benchmark=benchmark)
        return {f"results/rankings/{run}/{benchmark}": made}

    def _searched(self, run: str, benchmark: str, languages: Sequence[str]) -> dict[str, str]:
        found = {}
        for language in languages:
            node = self.node("search", run=run, benchmark=benchmark, language=language)
            found[node.outputs[0]] = node.made
        return found

    def _scored(self, run: str, benchmark: str, table: str) -> dict[str, str]:
        rule = "metrics" if benchmark in self._plan.in_memory else "metrics_cut"
        made = self.made(rule, run=run, benchmark=benchmark)
        return {f"results/metrics/{run}/{benchmark}/{table}.parquet": made}

    def _tables(self, benchmark: str) -> tuple[str, ...]:
        sharded = benchmark in self._plan.corpora.names
        names = ("queries", "qrels") if sharded else _TABLES
        return tuple(f"results/benchmarks/{benchmark}/{name}.parquet" for name in names)


def _trained(run: str) -> tuple[str, ...]:
    """The artifacts of a training: the model, its log, and the run's record."""
    folder = f"results/training/{run}"
    return f"{folder}/model", f"{folder}/train_log.parquet", f"results/runs/{run}.parquet"


def _embeddings(run: str, benchmark: str) -> tuple[str, str]:
    folder = f"results/embeddings/{run}/{benchmark}"
    return f"{folder}/queries.parquet", f"{folder}/passages.parquet"


def _metric_files(run: str, benchmark: str) -> tuple[str, str]:
    folder = f"results/metrics/{run}/{benchmark}"
    return f"{folder}/per_query.parquet", f"{folder}/summary.parquet"


def _shard_name(shard: Mapping[str, str]) -> str:
    return f"{shard['part']}.{shard['language']}.{shard['number']}"
