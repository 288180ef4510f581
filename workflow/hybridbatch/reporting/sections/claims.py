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

# The sections that the page lacks where all benchmarks are sharded.
OF_FULL_RANKS = ("headline", "pairs", "bias", "languages")
# Where the figures behind each claim stand.
PLACES = {
    "C1": ("training", "Training"),
    "C2": ("headline", "Headline figures"),
    "C3": ("data", "Data"),
    "C4": ("data", "Data"),
    "C5": ("data", "Data"),
    "C6": ("headline", "Headline figures"),
    "C7": ("pairs", "Language pairs"),
    "C8": ("headline", "Headline figures"),
    "C9": ("headline", "Headline figures"),
    "C10": ("bias", "Language bias"),
    "C11": ("languages", "By query language"),
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
            f"A difference counts when its Holm-corrected p is {limits.level:g} at most. A "
            "reduction of language bias is substantial from "
            f"{limits.bias_reduction:.0%} of the rank distance on; retrieval in unseen languages "
            f"is strong from {limits.unseen_share:.0%} of the mAP in seen ones on. The number of "
            f"monolingual batches may lie {limits.batch_deviations:g} standard deviations from "
            "what α lets one expect. A claim with several parts is rejected if one part is, "
            "confirmed if all are, not tested if none was, else undecided."
        ),
    )
    return Section(
        id="claims",
        title="Claims",
        blocks=(
            Paragraph(
                "What Elmahdy, Lin and Ahmad (arXiv 2408.10536) claim, and what this run says: "
                f"{wording.listing(counts)}. A verdict holds for the models and data of this run "
                "alone."
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
                _place(context, verdict.id),
            ),
        )
        for verdict in verdicts
    )
    columns = ("verdict", "claim", "evidence", "what would test it", "section")
    return simple_table(
        "table-claims",
        "Claims and what this run says of them",
        corner="no.",
        columns=tuple(Column(label, numeric=False) for label in columns),
        rows=rows,
    )


def evidence(context: Context) -> Evidence:
    """What this run measured, as the rules on claims want it."""
    options = context.measured.options
    systems: list[System] = []
    batches: dict[str, tuple[int, int]] = {}
    # Of several alphas the usual one stands for hybrid: it comes first.
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


def _place(context: Context, id: str) -> Cell:
    anchor, title = PLACES[id]
    if anchor in OF_FULL_RANKS and not context.benchmarks:
        anchor, title = "corpora", corpora.title(context)
    return Cell(title, link=f"#{anchor}")
