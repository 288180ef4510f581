"""The claims of the literature, each with the verdict of this run and the figures behind it."""

from hybridbatch.common.runs import System
from hybridbatch.reporting import wording
from hybridbatch.reporting.claims_evidence import (
    CONFIRMED,
    NOT_TESTED,
    REJECTED,
    UNDECIDED,
    Evidence,
    Verdict,
)
from hybridbatch.reporting.claims_logic import judge
from hybridbatch.reporting.document import (
    Block,
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
        for kind in (CONFIRMED, REJECTED, UNDECIDED, NOT_TESTED)
    ]
    limits = options.thresholds
    rules: tuple[Block, ...] = (
        Paragraph(
            f"A difference counts if its Holm-corrected p is at most {limits.level:g}. A "
            "reduction of language bias is substantial if it is at least "
            f"{limits.bias_reduction:.0%} of the rank distance. Retrieval in unseen languages is "
            f"strong if its mAP is at least {limits.unseen_share:.0%} of that in seen languages. "
            f"The number of monolingual batches may be up to {limits.batch_deviations:g} standard "
            "deviations from the number expected for α. A claim with several parts is rejected if "
            "one part is rejected, confirmed if all are confirmed, not tested if none was tested, "
            "and otherwise undecided."
        ),
    )
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


def claims_table(context: Context, verdicts: tuple[Verdict, ...]) -> Table:
    """A row for each claim."""
    rows = tuple(
        Row(
            verdict.id,
            (
                Cell(verdict.verdict),
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
        kind: {name: found.rows[kind] for name, found in context.measured.statistics.items()}
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
        sources=len(context.inputs.sources),
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


def _place(context: Context, section: str) -> Cell:
    if section in OF_FULL_RANKS and not context.benchmarks:
        return Cell(corpora.title(context), link="#corpora")
    return Cell(TITLES[section], link=f"#{section}")
