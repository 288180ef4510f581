"""The report: one self-contained HTML page from the Parquet files of the earlier stages.

It only renders: every figure was computed by a stage before it. The same files give the same
bytes, except in the page's last section, which says where and how fast it all ran.
"""

import argparse
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hybridbatch.common import registry
from hybridbatch.common.artifacts import atomic_file
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.options import options_from_json
from hybridbatch.common.package_files import package_file
from hybridbatch.common.records import current
from hybridbatch.common.runs import group_systems
from hybridbatch.reporting.checksums import Checksum, input_checksums
from hybridbatch.reporting.corpora import Corpus, read_corpora, read_qualities
from hybridbatch.reporting.environment import Environment, describe_environment
from hybridbatch.reporting.evidence import StatisticsOptions, read_evidence
from hybridbatch.reporting.inputs import Inputs, read_inputs
from hybridbatch.reporting.literature import read_literature
from hybridbatch.reporting.render import render_page
from hybridbatch.reporting.sections import ORDER, provenance
from hybridbatch.reporting.systems import Context, Scores, labelled

PACKAGE_DATA = ("resources/paper_results.csv",)
LITERATURE = package_file("resources/paper_results.csv")
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """What the report covers.

    Attributes:
        title: the report's title.
        recipe: the name of the recipe.
        runs: the runs, in the order of the report.
        evaluations: pairs of a run and a benchmark.
        benchmarks: the benchmarks with full ranks.
        sources: the training sources.
        train_languages: the languages of training.
        allow_contaminated: whether runs were evaluated on items that they trained on.
        config: the whole configuration.
        views: the benchmarks with example queries and a projection.
        corpora: the sharded benchmarks.
        code_version: the version of the project's code.
        statistics: the options of the tests.
        raw_files: path and SHA-256 of the files that benchmarks and sources were made from.
    """

    title: str
    recipe: str
    runs: tuple[str, ...]
    evaluations: tuple[tuple[str, ...], ...]
    benchmarks: tuple[str, ...]
    sources: tuple[str, ...]
    train_languages: tuple[str, ...]
    allow_contaminated: bool
    config: dict  # type: ignore[type-arg]  # the options parser takes a plain JSON object
    views: tuple[str, ...] = ()
    corpora: tuple[str, ...] = ()
    code_version: str | None = None
    statistics: StatisticsOptions | None = None
    raw_files: tuple[tuple[str, ...], ...] = ()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the stage's path options."""
    parser.add_argument(
        "--from", dest="results", type=Path, default=Path("results"), help="the results folder "
        "(default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--literature",
        type=Path,
        default=LITERATURE,
        help="CSV of the published figures; by default the project's own",
    )
    parser.add_argument(
        "--output", type=Path, help="the HTML file to write; by default report.html in --from"
    )


def run(args: argparse.Namespace) -> None:
    """Read, render, write."""
    options = options_from_json(Options, args.options)
    for path in options.config.get("extensions", ()):
        registry.load(path)
    full = [pair for pair in options.evaluations if pair[1] not in options.corpora]
    inputs = read_inputs(
        args.results,
        recipe=options.recipe,
        runs=options.runs,
        evaluations=[(pair[0], pair[1]) for pair in full],
        benchmarks=options.benchmarks,
        sources=options.sources,
        views=options.views,
        corpora=options.corpora,
    )
    corpora = read_corpora(
        args.results,
        recipe=options.recipe,
        corpora=options.corpora,
        evaluations=options.evaluations,
    )
    if not options.allow_contaminated:
        refuse_contaminated(inputs, corpora, recipe=options.recipe)
    record = current()
    context = Context(
        inputs=inputs,
        scores=Scores(inputs, corpora),
        systems=labelled(group_systems(inputs.runs)),
        recipe=options.recipe,
        train_languages=options.train_languages,
        allow_contaminated=options.allow_contaminated,
        config=options.config,
        literature=read_literature(args.literature),
        measured=read_evidence(args.results, options.statistics, evaluations=options.evaluations),
        corpora=corpora,
        qualities=read_qualities(args.results, full),
    )
    page = build_page(
        context,
        title=options.title,
        environment=describe_environment(code_version=options.code_version),
        checksums=input_checksums(
            args.results,
            raw_files=options.raw_files,
            benchmarks=(*options.benchmarks, *options.corpora),
            sources=options.sources,
        ),
        made=None if record is None else record.made,
    )
    output = args.output or args.results / "report.html"
    with atomic_file(output) as temporary:
        temporary.write_text(page, encoding="utf-8")
    logger.info("%s: %d runs, %.1f MB", output, len(inputs.runs), len(page.encode()) / 1e6)


def refuse_contaminated(inputs: Inputs, corpora: Mapping[str, Corpus], *, recipe: str) -> None:
    """Refuse evaluations on items that were trained on; the stage `overlap` counted them.

    Raises:
        HybridBatchError: names the benchmark.
    """
    shared = {
        name: len({row.item_id for row in rows if row.kind == "item"})
        for name, rows in inputs.overlaps.items()
    }
    shared |= {name: corpus.shared_items for name, corpus in corpora.items()}
    for name, items in shared.items():
        if items:
            raise HybridBatchError(
                f"results/overlap/{recipe}/{name}.parquet: recipe {recipe} trains on {items:,} "
                f"items of benchmark {name}; drop the source or the benchmark from the config, or "
                f"set `allow_contaminated: true`"
            )


def build_page(
    context: Context,
    *,
    title: str,
    environment: Environment,
    checksums: tuple[Checksum, ...],
    made: str | None,
) -> str:
    """The report as HTML; `made` is the digest of what made it, if known."""
    sections = [built for build in ORDER if (built := build(context)) is not None]
    sections.append(provenance.section(context, environment, checksums))
    return render_page(title=title, sections=sections, made=made)
