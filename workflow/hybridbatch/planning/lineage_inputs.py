"""Inputs that several jobs share, each with its digest."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hybridbatch.planning import paths

if TYPE_CHECKING:
    from hybridbatch.planning.lineage import Lineage, Node

Digests = dict[str, str]  # the digest of each input, by its path
TABLES = (paths.QUERIES, paths.PASSAGES, paths.QRELS)


def all_of(node: "Node") -> Digests:
    """The artifacts of a job, each with its `made`."""
    return dict.fromkeys(node.outputs, node.made)


def tables_of(lineage: "Lineage", benchmark: str, *tables: str) -> Digests:
    """Tables of a benchmark, by their patterns."""
    made = lineage.made("benchmarks", benchmark=benchmark)
    return {table.format(benchmark=benchmark): made for table in tables}


def pairs_of_sources(lineage: "Lineage") -> Digests:
    """The pairs of every training source."""
    found: Digests = {}
    for source in lineage.plan.sources:
        found |= all_of(lineage.node("pairs", source=source))
    return found


def base_model(lineage: "Lineage") -> Digests:
    """The base model."""
    return {paths.MODEL.format(model=lineage.plan.model_name): lineage.made("model")}


def checkpoint(lineage: "Lineage", run: str) -> Digests:
    """The model of a run: the base model for the untrained run."""
    if not lineage.plan.run(run).trained:
        return base_model(lineage)
    return {paths.TRAINED.format(run=run): lineage.made("train", run=run)}


def run_record(lineage: "Lineage", run: str) -> Digests:
    """The record of a run."""
    trained = lineage.plan.run(run).trained
    made = lineage.made("train", run=run) if trained else lineage.made("model")
    return {paths.RUN.format(run=run): made}


def ranked(lineage: "Lineage", run: str, benchmark: str) -> Digests:
    """The rankings of a run on a benchmark that is evaluated as a whole."""
    made = lineage.made("retrieve", run=run, benchmark=benchmark)
    return {paths.RANKINGS.format(run=run, benchmark=benchmark): made}


def searched(lineage: "Lineage", run: str, benchmark: str, languages: Sequence[str]) -> Digests:
    """The rankings of some passage languages of a sharded benchmark."""
    found = {}
    for language in languages:
        node = lineage.node("search", run=run, benchmark=benchmark, language=language)
        found[node.outputs[0]] = node.made
    return found


def scored(lineage: "Lineage", run: str, benchmark: str, table: str) -> Digests:
    """A table of a run's measures, by its pattern."""
    rule = "metrics_cut" if lineage.sharded(benchmark) else "metrics"
    made = lineage.made(rule, run=run, benchmark=benchmark)
    return {table.format(run=run, benchmark=benchmark): made}


def reported(lineage: "Lineage", benchmark: str) -> Digests:
    """The files of a benchmark that the report reads."""
    whole = not lineage.sharded(benchmark)
    if whole:
        inputs = tables_of(lineage, benchmark, *TABLES)
    else:
        inputs = tables_of(lineage, benchmark, paths.QUERIES, paths.QRELS)
        inputs |= all_of(lineage.node("shards", benchmark=benchmark))
    for run in lineage.plan.runs_on(benchmark):
        where = {"run": run.id, "benchmark": benchmark}
        inputs |= scored(lineage, run.id, benchmark, paths.SUMMARY)
        if whole:
            inputs |= all_of(lineage.node("bias", **where))
            inputs[paths.INDEX_QUALITY.format(**where)] = lineage.made("retrieve", **where)
    for rule in ("statistics", "examples", "projection") if whole else ("statistics",):
        inputs |= all_of(lineage.node(rule, benchmark=benchmark))
    return inputs
