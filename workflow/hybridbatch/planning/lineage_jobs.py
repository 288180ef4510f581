"""The inputs, options and outputs of each rule's job: the table `JOBS`.

A function here has the name of its rule and takes the rule's wildcards. It returns each input with
its digest, from which `lineage.Lineage` makes the record.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hybridbatch.planning import paths
from hybridbatch.planning.lineage_inputs import (
    TABLES,
    Digests,
    all_of,
    base_model,
    checkpoint,
    pairs_of_sources,
    ranked,
    reported,
    run_record,
    scored,
    searched,
    tables_of,
)

if TYPE_CHECKING:
    from hybridbatch.planning.lineage import Lineage


@dataclass(frozen=True)
class Job:
    """A job before its record is made.

    Args:
        stage: the command that it runs.
        options: the options of the stage, as JSON.
        inputs: the digest of each input, by its path.
        outputs: the artifacts, as paths from the working folder.
    """

    stage: str
    options: str
    inputs: Mapping[str, str]
    outputs: Sequence[str]


# Data.


def benchmarks(lineage: "Lineage", *, benchmark: str) -> Job:
    """The tables of a benchmark; without the passages if it is sharded."""
    plan = lineage.plan
    sharded = lineage.sharded(benchmark)
    tables = (paths.QUERIES, paths.QRELS) if sharded else TABLES
    return Job(
        "benchmarks",
        plan.benchmarks_options(benchmark),
        lineage.outside(plan.benchmark_files(benchmark, raw=paths.RAW)),
        [table.format(benchmark=benchmark) for table in tables],
    )


def corpus(lineage: "Lineage", *, benchmark: str, part: str) -> Job:
    """The shards of one file of a corpus."""
    return Job(
        "corpus",
        lineage.plan.corpus_options(benchmark, part),
        lineage.outside([lineage.plan.part_file(benchmark, part)]),
        [paths.PART.format(benchmark=benchmark, part=part)],
    )


def shards(lineage: "Lineage", *, benchmark: str) -> Job:
    """The list of the shards of a corpus."""
    inputs: Digests = {}
    for part in lineage.plan.corpora.parts(benchmark):
        inputs |= all_of(lineage.node("corpus", benchmark=benchmark, part=part.name))
    inputs |= tables_of(lineage, benchmark, paths.QRELS)
    return Job("shards", "{}", inputs, [paths.SHARDS.format(benchmark=benchmark)])


def pairs(lineage: "Lineage", *, source: str) -> Job:
    """The pairs of a source."""
    plan = lineage.plan
    return Job(
        "pairs",
        plan.pairs_options(source),
        lineage.outside(plan.source_files(source, raw=paths.RAW)),
        [paths.PAIRS.format(source=source)],
    )


def overlap(lineage: "Lineage", *, benchmark: str) -> Job:
    """What the training pairs share with a benchmark."""
    plan = lineage.plan
    if lineage.sharded(benchmark):
        tables = tables_of(lineage, benchmark, paths.QUERIES, paths.QRELS)
        tables |= all_of(lineage.node("shards", benchmark=benchmark))
    else:
        tables = tables_of(lineage, benchmark, *TABLES)
    output = paths.OVERLAP.format(recipe=plan.config["recipe"], benchmark=benchmark)
    return Job(
        "overlap", plan.overlap_options(benchmark), pairs_of_sources(lineage) | tables, [output]
    )


# Models.


def model(lineage: "Lineage") -> Job:
    """The base model, and the record of its untrained run."""
    plan = lineage.plan
    outputs = [
        paths.MODEL.format(model=plan.model_name),
        paths.RUN.format(run=plan.untrained.id),
    ]
    return Job("model", plan.model_options(), lineage.outside(plan.model_files()), outputs)


def mine(lineage: "Lineage", *, source: str) -> Job:
    """The pairs of a source with mined negatives."""
    plan = lineage.plan
    inputs = all_of(lineage.node("pairs", source=source)) | base_model(lineage)
    return Job("mine", plan.mine_options(), inputs, [plan.mined_pairs(source)])


def train(lineage: "Lineage", *, run: str) -> Job:
    """The trained model of a run, its log and its record."""
    plan = lineage.plan
    mined = bool(plan.config["training"]["mining"]["negatives"])
    inputs: Digests = {}
    for source in plan.sources:
        inputs |= all_of(lineage.node("mine" if mined else "pairs", source=source))
    for source in plan.validation_sources:
        inputs |= all_of(lineage.node("pairs", source=source))
    outputs = [
        paths.TRAINED.format(run=run),
        paths.TRAIN_LOG.format(run=run),
        paths.RUN.format(run=run),
    ]
    return Job("train", plan.train_options(run), inputs | base_model(lineage), outputs)


def publish(lineage: "Lineage", *, run: str) -> Job:
    """The published folder of a trained run."""
    return Job(
        "publish",
        lineage.plan.publish_options(run),
        all_of(lineage.node("train", run=run)) | pairs_of_sources(lineage),
        [paths.CHECKPOINT.format(run=run)],
    )


# A benchmark that is evaluated as a whole.


def encode(lineage: "Lineage", *, run: str, benchmark: str) -> Job:
    """The vectors of a benchmark's queries and passages."""
    tables = tables_of(lineage, benchmark, paths.QUERIES, paths.PASSAGES)
    outputs = [
        paths.QUERY_VECTORS.format(run=run, benchmark=benchmark),
        paths.PASSAGE_VECTORS.format(run=run, benchmark=benchmark),
    ]
    options = lineage.plan.encode_options()
    return Job("encode", options, checkpoint(lineage, run) | tables, outputs)


def index(lineage: "Lineage", *, run: str, benchmark: str) -> Job:
    """The indexes of a benchmark's passages."""
    vectors = paths.PASSAGE_VECTORS.format(run=run, benchmark=benchmark)
    made = lineage.made("encode", run=run, benchmark=benchmark)
    output = paths.INDEXES.format(run=run, benchmark=benchmark)
    return Job("index", lineage.plan.index_options(), {vectors: made}, [output])


def retrieve(lineage: "Lineage", *, run: str, benchmark: str) -> Job:
    """The rankings of a run, and the recall of its indexes."""
    where = {"run": run, "benchmark": benchmark}
    vectors = all_of(lineage.node("encode", **where))
    indexes = all_of(lineage.node("index", **where))
    return Job(
        "retrieve",
        lineage.plan.retrieve_options(),
        tables_of(lineage, benchmark, *TABLES) | vectors | indexes,
        [paths.RANKINGS.format(**where), paths.INDEX_QUALITY.format(**where)],
    )


def metrics(lineage: "Lineage", *, run: str, benchmark: str) -> Job:
    """The measures of a run."""
    return Job(
        "metrics",
        lineage.plan.metrics_options(benchmark),
        tables_of(lineage, benchmark, *TABLES) | ranked(lineage, run, benchmark),
        _measured(run, benchmark),
    )


def bias(lineage: "Lineage", *, run: str, benchmark: str) -> Job:
    """The measures of language bias of a run."""
    return Job(
        "bias",
        lineage.plan.bias_options(),
        tables_of(lineage, benchmark, *TABLES) | ranked(lineage, run, benchmark),
        [paths.BIAS.format(run=run, benchmark=benchmark)],
    )


# A sharded benchmark.


def encode_queries(lineage: "Lineage", *, run: str, benchmark: str) -> Job:
    """The vectors of the queries."""
    tables = tables_of(lineage, benchmark, paths.QUERIES)
    output = paths.QUERY_VECTORS.format(run=run, benchmark=benchmark)
    options = lineage.plan.encode_options()
    return Job("encode", options, checkpoint(lineage, run) | tables, [output])


def encode_shard(lineage: "Lineage", *, run: str, benchmark: str, **shard: str) -> Job:
    """The vectors of the passages of a shard."""
    part = all_of(lineage.node("corpus", benchmark=benchmark, part=shard["part"]))
    output = paths.SHARD_VECTORS.format(run=run, benchmark=benchmark, **shard)
    options = lineage.plan.encode_options()
    return Job("encode", options, checkpoint(lineage, run) | part, [output])


def index_shard(lineage: "Lineage", *, run: str, benchmark: str, **shard: str) -> Job:
    """The index of a shard."""
    where = {"run": run, "benchmark": benchmark, **shard}
    inputs = all_of(lineage.node("encode_shard", **where))
    output = paths.SHARD_INDEX.format(**where)
    return Job("index", lineage.plan.index_options(), inputs, [output])


def search(lineage: "Lineage", *, run: str, benchmark: str, language: str) -> Job:
    """The top k of a passage language."""
    where = {"run": run, "benchmark": benchmark}
    inputs = tables_of(lineage, benchmark, paths.QUERIES, paths.QRELS)
    inputs |= all_of(lineage.node("shards", benchmark=benchmark))
    inputs |= all_of(lineage.node("encode_queries", **where))
    for shard in lineage.shards_of(benchmark, language):
        for rule in ("encode_shard", "index_shard"):
            inputs |= all_of(lineage.node(rule, **where, **shard))
    return Job(
        "search",
        lineage.plan.search_options(benchmark, language),
        inputs,
        [
            paths.RANKING.format(**where, language=language),
            paths.LANGUAGE_INDEX_QUALITY.format(**where, language=language),
        ],
    )


def pool(lineage: "Lineage", *, run: str, benchmark: str) -> Job:
    """The top k of the pool of all languages."""
    tables = tables_of(lineage, benchmark, paths.QUERIES, paths.QRELS)
    languages = lineage.plan.corpora.pool(benchmark)
    return Job(
        "pool",
        lineage.plan.pool_options(benchmark),
        tables | searched(lineage, run, benchmark, languages),
        [paths.POOL_RANKING.format(run=run, benchmark=benchmark)],
    )


def metrics_cut(lineage: "Lineage", *, run: str, benchmark: str) -> Job:
    """The measures of a run on a sharded benchmark, cut at k."""
    rankings = searched(lineage, run, benchmark, lineage.languages(benchmark))
    if lineage.plan.corpora.pool(benchmark):
        rankings |= all_of(lineage.node("pool", run=run, benchmark=benchmark))
    return Job(
        "metrics",
        lineage.plan.metrics_options(benchmark),
        tables_of(lineage, benchmark, paths.QUERIES, paths.QRELS) | rankings,
        _measured(run, benchmark),
    )


# All runs on a benchmark.


def statistics(lineage: "Lineage", *, benchmark: str) -> Job:
    """Intervals and tests over the runs of a benchmark."""
    plan = lineage.plan
    inputs = tables_of(lineage, benchmark, paths.QUERIES)
    for run in plan.runs_on(benchmark):
        inputs |= run_record(lineage, run.id)
        inputs |= scored(lineage, run.id, benchmark, paths.PER_QUERY)
        if benchmark in plan.in_memory:
            inputs |= all_of(lineage.node("bias", run=run.id, benchmark=benchmark))
    tables = (paths.ESTIMATES, paths.COMPARISONS, paths.NONINFERIORITY)
    outputs = [table.format(group=plan.group, benchmark=benchmark) for table in tables]
    return Job("statistics", plan.statistics_options(), inputs, outputs)


def examples(lineage: "Lineage", *, benchmark: str) -> Job:
    """A few queries with the top passages of the pool under each run."""
    plan = lineage.plan
    inputs = tables_of(lineage, benchmark, *TABLES)
    for run in plan.runs_on(benchmark):
        inputs |= ranked(lineage, run.id, benchmark)
        inputs |= scored(lineage, run.id, benchmark, paths.PER_QUERY)
    output = paths.EXAMPLES.format(group=plan.group, benchmark=benchmark)
    return Job("examples", plan.examples_options(benchmark), inputs, [output])


def projection(lineage: "Lineage", *, benchmark: str) -> Job:
    """A sample of vectors in two dimensions."""
    plan = lineage.plan
    inputs = tables_of(lineage, benchmark, *TABLES)
    for run in plan.runs_on(benchmark):
        inputs |= all_of(lineage.node("encode", run=run.id, benchmark=benchmark))
    tables = (paths.PROJECTION, paths.PROJECTION_SUMMARY)
    outputs = [table.format(group=plan.group, benchmark=benchmark) for table in tables]
    return Job("projection", plan.projection_options(benchmark), inputs, outputs)


def report(lineage: "Lineage") -> Job:
    """The report."""
    plan = lineage.plan
    inputs: Digests = {}
    for run in plan.runs:
        inputs |= run_record(lineage, run.id)
    for run in plan.trained_runs:
        inputs[paths.TRAIN_LOG.format(run=run.id)] = lineage.made("train", run=run.id)
    for benchmark in plan.benchmarks:
        inputs |= reported(lineage, benchmark)
    for benchmark in plan.overlaps():
        inputs |= all_of(lineage.node("overlap", benchmark=benchmark))
    inputs |= pairs_of_sources(lineage)
    return Job("report", plan.report_options(), inputs, [paths.REPORT])


def _measured(run: str, benchmark: str) -> list[str]:
    tables = (paths.PER_QUERY, paths.SUMMARY)
    return [table.format(run=run, benchmark=benchmark) for table in tables]


JOBS: Mapping[str, Callable[..., Job]] = {
    each.__name__: each
    for each in (
        benchmarks,
        corpus,
        shards,
        pairs,
        overlap,
        model,
        mine,
        train,
        publish,
        encode,
        index,
        retrieve,
        metrics,
        bias,
        encode_queries,
        encode_shard,
        index_shard,
        search,
        pool,
        metrics_cut,
        statistics,
        examples,
        projection,
        report,
    )
}
