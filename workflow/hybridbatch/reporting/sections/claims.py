"""The claims of the literature, each with the verdict of this run and the figures behind it."""

from collections.abc import Mapping, Sequence
from typing import Any

from hybridbatch.common.runs import System
from hybridbatch.reporting import wording
from hybridbatch.reporting.claims_evidence import (
    CONFIRMED,
    CONTRADICTED,
    ENOUGH_SEEDS,
    INDICATED,
    NOT_TESTED,
    REJECTED,
    UNDECIDED,
    Evidence,
    Thresholds,
    Verdict,
)
from hybridbatch.reporting.claims_logic import judge
from hybridbatch.reporting.document import (
    Block,
    Bullets,
    Cell,
    Column,
    Details,
    Paragraph,
    Row,
    Section,
    Table,
    simple_table,
)
from hybridbatch.reporting.sections import corpora
from hybridbatch.reporting.systems import Context

# The sections that are left out if all benchmarks are sharded.
OF_FULL_RANKS = ("headline", "pairs", "bias", "languages")
# The titles of the sections with the figures behind a claim, by their ids.
TITLES = {
    "training": "Training",
    "headline": "Headline figures",
    "data": "Data",
    "pairs": "Language pairs",
    "bias": "Language bias",
    "languages": "By query language",
}


def section(context: Context) -> Section:
    """The table of claims, and the figures behind every verdict."""
    options = context.measured.options
    if options is None or not context.measured.statistics:
        return Section(
            id="claims",
            title="Claims",
            blocks=(
                Paragraph(
                    "No claim was judged: this report was made without the tables of the stage "
                    "statistics."
                ),
            ),
        )
    verdicts = judge(evidence(context), options.thresholds)
    counts = [
        f"{sum(verdict.verdict == kind for verdict in verdicts)} {kind}"
        for kind in (CONFIRMED, INDICATED, REJECTED, CONTRADICTED, UNDECIDED, NOT_TESTED)
        if any(verdict.verdict == kind for verdict in verdicts)
    ]
    limits = options.thresholds
    rules: tuple[Block, ...] = (Bullets(_rules(limits)),)
    return Section(
        id="claims",
        title="Claims",
        blocks=(
            Paragraph(
                "The claims of Elmahdy, Lin and Ahmad (arXiv 2408.10536), judged by the figures "
                f"of this run: {wording.listing(counts)}. A verdict holds only for the models and "
                "data of this run."
            ),
            claims_table(context, verdicts),
            Details("How the verdicts are reached", rules),
        ),
    )


def _rules(limits: Thresholds) -> tuple[str, ...]:
    """Every criterion of a verdict."""
    return (
        "A claim with several parts is rejected if one part is rejected, confirmed if all are "
        "confirmed, not tested if none was tested, and otherwise undecided.",
        f"A verdict that rests on fewer than {ENOUGH_SEEDS} trainings of a system is at most "
        "indicated or contradicted: tests over questions say nothing about another training.",
        f"A difference counts if its p is at most {limits.level:g}. All tests that a verdict "
        "combines, over benchmarks, settings, models and baselines, are corrected together by "
        "Holm's method. Beside undecided stands the effect that the test finds with 80 % power.",
        "Systems that trained on items of a benchmark are left out of every comparison on it.",
        "C1: the number of monolingual batches may be up to "
        f"{limits.batch_deviations:g} standard deviations from the number expected for α; sources "
        "are drawn in proportion to their sizes.",
        "C2, C6, C7: the benchmarks, estimates and settings are counted. C3: the languages are "
        "counted; how many questions have how many languages is told.",
        "C4, C5: judged on the paper's sources and benchmarks; of others, the matches are told. "
        "What a base model was trained on before is not known, so C5 is never confirmed.",
        "C8, C9: best means above both baselines, with the whole interval above "
        f"{limits.smallest_effect:g} mAP; it is rejected if hybrid is significantly below one.",
        "C10: substantial means that the whole interval of the fall is at least "
        f"{limits.bias_reduction:.0%} of the baseline's rank distance; it is rejected if the whole "
        "interval is less, or if bias rises.",
        "C11: strong means that mAP in unseen languages, with its whole interval, is at least "
        f"{limits.unseen_floor:g} and {limits.unseen_share:.0%} of that in seen ones, and that "
        "hybrid is significantly above the untrained model there, within and across languages and "
        "in the pool.",
    )


def _worth(verdict: Verdict) -> str:
    """The verdict, with the number of seeds if that is what it lacks."""
    if verdict.verdict not in (INDICATED, CONTRADICTED):
        return verdict.verdict
    return f"{verdict.verdict} ({wording.counted(verdict.seeds, 'seed')})"


def claims_table(context: Context, verdicts: tuple[Verdict, ...]) -> Table:
    """A row for each claim."""
    rows = tuple(
        Row(
            verdict.id,
            (
                Cell(_worth(verdict)),
                Cell(verdict.claim),
                Cell("; ".join(verdict.reasons)),
                Cell(verdict.would_test),
                _place(context, verdict.section),
            ),
        )
        for verdict in verdicts
    )
    columns = ("verdict", "claim", "evidence", "what would test it", "section")
    return simple_table(
        "table-claims",
        "The claims and their verdicts in this run",
        corner="no.",
        columns=tuple(Column(label, numeric=False) for label in columns),
        rows=rows,
    )


def evidence(context: Context) -> Evidence:
    """What this run measured, in the form that the rules on claims use."""
    options = context.measured.options
    systems: list[System] = []
    batches: dict[str, tuple[int, int]] = {}
    # The rules use the first hybrid of a model, so the usual alpha comes first.
    for system in sorted(context.systems, key=lambda each: not each.usual):
        if not any(context.tested_id(system, name) for name in context.measured.statistics):
            continue
        systems.append(system)
        types = [
            kind
            for run in system.runs
            if run.id in context.inputs.logs
            for kind in context.inputs.logs[run.id].batch_types
        ]
        if system.hybrid and types:
            batches[system.id] = types.count("monolingual"), types.count("cross-lingual")
    tables = {
        kind: {
            name: _comparable(context, name, found.rows[kind])
            for name, found in context.measured.statistics.items()
        }
        for kind in ("estimates", "comparisons", "noninferiority")
    }
    return Evidence(
        systems=tuple(systems),
        benchmarks={
            name: found
            for name, found in context.measured.parallel.items()
            if name in context.measured.statistics
        },
        batches=batches,
        sources=tuple(context.inputs.sources),
        source_exponent=options.source_exponent if options else 1.0,
        exact_matches={
            **{name: len(rows) for name, rows in context.inputs.overlaps.items()},
            **{
                name: corpus.exact_matches
                for name, corpus in context.corpora.items()
                if any(system.trained for system in context.shown(name))
            },
        },
        estimates=tables["estimates"],
        comparisons=tables["comparisons"],
        noninferiority=tables["noninferiority"],
    )


def _comparable(context: Context, benchmark: str, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """The rows without those of a system that trained on items of the benchmark."""
    left_out = {
        context.tested_id(system, benchmark)
        for system in context.systems
        if context.contaminated(system, benchmark)
    }
    names = ("system", "system_a", "system_b")
    return [row for row in rows if not left_out & {row[name] for name in names if name in row}]


def _place(context: Context, section: str) -> Cell:
    if section in OF_FULL_RANKS and not context.benchmarks:
        return Cell(corpora.title(context), link="#corpora")
    return Cell(TITLES[section], link=f"#{section}")
