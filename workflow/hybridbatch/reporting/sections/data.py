"""Data: sizes of the benchmarks and training sources, and what they share."""

from hybridbatch.reporting import wording
from hybridbatch.reporting.document import (
    Block,
    Cell,
    Column,
    Details,
    Paragraph,
    Row,
    Section,
    Subsection,
    Table,
    simple_table,
)
from hybridbatch.reporting.inputs import SourceCounts
from hybridbatch.reporting.systems import Context

SPLITS = ("train", "validation", "test")
KINDS = (("item", "items"), ("question", "questions"), ("passage", "passages"))
EXAMPLES = 5


def section(context: Context) -> Section:
    """The counts, in three parts."""
    return Section(
        id="data",
        title="Data",
        subsections=(
            Subsection(
                "data-benchmarks",
                "Benchmarks",
                (Details("Queries and passages by language", (benchmark_table(context),)),),
            ),
            Subsection("data-sources", "Training sources", _sources(context)),
            Subsection("data-overlap", "What training and evaluation share", _overlap(context)),
        ),
    )


def benchmark_table(context: Context) -> Table:
    """Queries and passages of each benchmark by language."""
    counts = context.inputs.benchmarks
    codes = sorted({code for c in counts.values() for code in (*c.queries, *c.passages)})
    rows = [
        Row(
            wording.language(code),
            wording.number_cells(
                [
                    wording.count(side.get(code))
                    for c in counts.values()
                    for side in (c.queries, c.passages)
                ]
            ),
            language=code,
        )
        for code in codes
    ]
    totals = [
        wording.count(sum(side.values()))
        for c in counts.values()
        for side in (c.queries, c.passages)
    ]
    rows.append(Row("total", wording.number_cells(totals), summary=True))
    said = [
        f"{wording.benchmark(name)}: {wording.count(c.items)} items, "
        f"{wording.count(c.relevant)} relevant pairs of a query and a passage."
        for name, c in counts.items()
    ]
    return simple_table(
        "table-benchmarks",
        "Queries and candidate passages by language",
        corner="language",
        columns=tuple(
            Column(side, wording.benchmark(name))
            for name in counts
            for side in ("queries", "passages")
        ),
        rows=tuple(rows),
        note=" ".join(said),
    )


def _sources(context: Context) -> tuple[Block, ...]:
    if not context.inputs.sources:
        return (Paragraph("This configuration has no training source."),)
    return tuple(
        Details(f"Pairs of {name}", (source_table(context, name, counts),))
        for name, counts in context.inputs.sources.items()
    )


def source_table(context: Context, name: str, counts: SourceCounts) -> Table:
    """Pairs of a source by language and split."""
    codes = sorted({code for code, _ in counts.pairs})
    found = {split for _, split in counts.pairs}
    splits = [split for split in SPLITS if split in found] + sorted(found - set(SPLITS))
    rows = [
        Row(
            wording.language(code),
            wording.number_cells([wording.count(counts.pairs.get((code, s), 0)) for s in splits]),
            "" if code in context.train_languages else "not trained on",
            language=code,
        )
        for code in codes
    ]
    totals = [sum(n for (_, s), n in counts.pairs.items() if s == split) for split in splits]
    cells = wording.number_cells([wording.count(n) for n in totals])
    rows.append(Row("total", cells, summary=True))
    return simple_table(
        f"table-source-{name}",
        f"Pairs of {name} by language and split",
        corner="language",
        columns=tuple(Column(split) for split in splits),
        rows=tuple(rows),
        note=(
            f"{wording.count(counts.items)} items in {wording.count(counts.question_groups)} "
            f"question groups and {wording.count(counts.passage_groups)} passage groups; "
            f"{wording.count(counts.hard_negatives)} hard negatives. A pair is an item in one "
            "language."
        ),
    )


def _overlap(context: Context) -> tuple[Block, ...]:
    if not context.inputs.overlaps:
        return (Paragraph("No fine-tuned model was evaluated, so there is nothing to check."),)
    blocks: list[Block] = [
        Paragraph(
            "Exact matches after Unicode (NFKC), case and white-space normalisation between the "
            f"training pairs of recipe {context.recipe} and the benchmarks. A model that trained "
            "on items of a benchmark is "
            + (
                "still evaluated there, and marked, since the configuration sets "
                "allow_contaminated."
                if context.allow_contaminated
                else "not evaluated there."
            )
            + " Near matches were not searched for."
        ),
        overlap_table(context),
    ]
    for name in context.benchmarks:
        if context.inputs.overlaps.get(name):
            blocks.append(_examples(context, name))
    return tuple(blocks)


def overlap_table(context: Context) -> Table:
    """The numbers of items, questions and passages that training and evaluation share."""
    rows = []
    for name in context.benchmarks:
        shared = context.inputs.overlaps.get(name)
        texts = [wording.count(context.shared_items(name))]
        for kind in ("question", "passage"):
            distinct = {(row.language, row.text) for row in shared or () if row.kind == kind}
            texts.append(wording.count(None if shared is None else len(distinct)))
        mark = "no fine-tuned model evaluated" if shared is None else ""
        rows.append(Row(wording.benchmark(name), wording.number_cells(texts), mark))
    return simple_table(
        "table-overlap",
        "Shared by training pairs and benchmarks",
        corner="benchmark",
        columns=(
            Column("same item"),
            Column("same question text"),
            Column("same passage text"),
        ),
        rows=tuple(rows),
    )


def _examples(context: Context, benchmark: str) -> Details:
    rows = []
    for kind, _ in KINDS:
        matches = [row for row in context.inputs.overlaps[benchmark] if row.kind == kind]
        for row in matches[:EXAMPLES]:
            cells = (
                Cell(row.source),
                Cell(row.item_id),
                Cell(row.language),
                Cell(row.text, language=row.language),
            )
            rows.append(Row(kind, cells))
    name = wording.benchmark(benchmark)
    table = simple_table(
        f"table-overlap-{benchmark}",
        f"The first {EXAMPLES} matches of each kind with {name}",
        corner="same",
        columns=tuple(
            Column(label, numeric=False) for label in ("source", "item", "language", "text")
        ),
        rows=tuple(rows),
    )
    return Details(f"Examples from {name}", (table,))
