"""The chain of digests of a configuration: what each of its artifacts should carry.

Every job has a node: its stage, its options, and the digest of each input. An input that another
job makes has that job's `made` as its digest; for an input from outside, it is the digest of its
content. `made` therefore covers everything from the raw data on. The workflow tracks it as a param,
the artifacts carry it (see `common.records`), and the report compares the two. `lineage_jobs` holds
what each rule's job reads and writes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hybridbatch.common.records import Record, outside_keys
from hybridbatch.planning import paths
from hybridbatch.planning.lineage_jobs import JOBS
from hybridbatch.planning.plan import Plan
from hybridbatch.planning.shard_list import ShardList


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
        """The digest of everything that the job's artifacts are made from."""
        return self.record.made


class Lineage:
    """The nodes of one plan.

    Args:
        plan: the checked configuration.
        code: gives the hash of a stage's code.
        versions: gives the versions of the libraries on which a stage's results depend.
        contents: gives the digest of a path from outside.
        shards: the shards that were cut. None if they are not known yet: every file of a corpus
            then stands for its shards. The workflow tracks digests of this kind. They change
            whenever the digests that the artifacts carry change.
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
        self.plan = plan
        self._code, self._versions, self._contents = code, versions, contents
        self._shards_cut = shards
        self._known: dict[tuple[str, ...], Node] = {}

    def made(self, rule: str, **where: str) -> str:
        """The digest that a rule's artifacts should carry: `made("train", run="a.b.c")`."""
        return self.node(rule, **where).made

    def node(self, rule: str, **where: str) -> Node:
        """The job of a rule; `where` are its wildcards.

        Raises:
            HybridBatchError: an input from outside, or the list of shards, cannot be read.
        """
        key = (rule, *(f"{name}={value}" for name, value in sorted(where.items())))
        if key not in self._known:
            job = JOBS[rule](self, **where)
            self._known[key] = self._node(job.stage, job.options, job.inputs, job.outputs)
        return self._known[key]

    def _node(
        self, stage: str, options: str, inputs: Mapping[str, str], outputs: Sequence[str]
    ) -> Node:
        record = Record(stage, options, self._code(stage), self._versions(stage), inputs)
        sources = tuple(path for path in inputs if path.startswith(f"{paths.RESULTS}/"))
        return Node(record, tuple(outputs), sources)

    def nodes(self) -> Iterator[Node]:
        """Every job of the configuration except downloads, each after the jobs that it needs."""
        plan = self.plan
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
        if self.sharded(benchmark):
            for part in self.plan.corpora.parts(benchmark):
                yield self.node("corpus", benchmark=benchmark, part=part.name)
            yield self.node("shards", benchmark=benchmark)

    def _of_evaluation(self, run: str, benchmark: str) -> Iterator[Node]:
        where = {"run": run, "benchmark": benchmark}
        if not self.sharded(benchmark):
            for rule in ("encode", "index", "retrieve", "metrics", "bias"):
                yield self.node(rule, **where)
            return
        yield self.node("encode_queries", **where)
        for language in self.languages(benchmark):
            for shard in self.shards_of(benchmark, language):
                shard_of = {**where, **shard}
                yield self.node("encode_shard", **shard_of)
                yield self.node("index_shard", **shard_of)
            yield self.node("search", **where, language=language)
        if self.plan.corpora.pool(benchmark):
            yield self.node("pool", **where)
        yield self.node("metrics_cut", **where)

    def sharded(self, benchmark: str) -> bool:
        """Whether a benchmark is cut into shards."""
        return benchmark in self.plan.corpora.names

    def languages(self, benchmark: str) -> list[str]:
        """The languages of a sharded benchmark that are searched."""
        pool = self.plan.corpora.pool(benchmark)
        if self._shards_cut is None:
            return sorted(pool) or ["any"]
        return sorted({*self._shards_cut.judged(benchmark), *pool})

    def shards_of(self, benchmark: str, language: str) -> list[dict[str, str]]:
        """The shards of a language, as the wildcards of their rules."""
        if self._shards_cut is not None:
            names = self._shards_cut.names(benchmark, language)
        else:
            parts = self.plan.corpora.parts(benchmark)
            names = [f"{part.name}.{language}.0000" for part in parts]
        return [paths.shard_wildcards(name) for name in names]

    def outside(self, files: Sequence[str]) -> dict[str, str]:
        """Inputs from outside with the digest of their content; for downloads, the pinned one."""
        found = {}
        for path, key in outside_keys(files).items():
            if path.startswith(f"{paths.RAW}/"):
                digest = self.plan.raw_digest(path.removeprefix(f"{paths.RAW}/"))
            else:
                digest = self._contents(path)
            found[key] = digest
        return found
