"""Sharded benchmarks: figures by language beside the published ones, and recall of indexes."""

from collections.abc import Sequence

from hybridbatch.common.runs import System
from hybridbatch.common.vocabulary import MACRO, MACRO_PUBLISHED, passage_column
from hybridbatch.reporting import wording
from hybridbatch.reporting.corpora import Corpus, IndexQuality
from hybridbatch.reporting.document import (
    Block,
    Cell,
    Column,
    Paragraph,
    Row,
    RowGroup,
    Section,
    Subsection,
    Table,
)
from hybridbatch.reporting.inputs import Summary
from hybridbatch.reporting.literature import Published
from hybridbatch.reporting.sections.headline import SOURCES
from hybridbatch.reporting.systems import Context

# The first two that were measured are shown; the others are in the files of metrics.
MEASURES = ("nDCG@10", "R@100", "R@10", "R@1")
_SHOWN = 2


def section(context: Context) -> Section | None:
    """A part for each sharded benchmark and for approximate indexes; None if there are neither."""
    parts = [
        Subsection(f"corpora-{name}", wording.benchmark(name), _benchmark(context, name, corpus))
        for name, corpus in context.corpora.items()
    ]
    if table := _quality_table(context):
        explained = Paragraph(
            "An approximate index may miss passages. Its recall is the share of the exact top k "
            "that it finds, as a mean over a sample of queries."
        )
        parts.append(Subsection("index-quality", "Approximate indexes", (explained, table)))
    if not parts:
        return None
    return Section("corpora", title(context), subsections=tuple(parts))


def title(context: Context) -> str:
    """The title of the section: the names of the benchmarks."""
    return wording.listing([wording.benchmark(name) for name in context.corpora]) or "Indexes"


def _benchmark(context: Context, name: str, corpus: Corpus) -> tuple[Block, ...]:
    cut = context.config["retrieval"]["top_k"]
    blocks: list[Block] = [
        Paragraph(
            f"{wording.count(sum(corpus.passages.values()))} passages in "
            f"{wording.counted(len(corpus.passages), 'language')}, "
            f"{wording.count(sum(corpus.queries.values()))} queries. Every figure is computed "
            f"from the first {cut} passages of each query. mAP and rank distance need the ranks "
            "of all relevant passages, so they are not given."
        )
    ]
    trained = [system for system in context.systems if system.trained]
    if corpus.shared_items and any(_values(system, corpus) for system in trained):
        blocks.append(
            Paragraph(
                f"Contaminated: the trained models have seen "
                f"{wording.counted(corpus.shared_items, 'item')} of this benchmark.",
                tone="warning",
            )
        )
    for setting in ("monolingual", "multilingual"):
        measured = {
            metric
            for summary in corpus.summaries.values()
            for kind, _, _, metric in summary
            if kind == setting
        }
        shown = [metric for metric in MEASURES if metric in measured][:_SHOWN]
        shown += [name for name in context.measures if name in measured and name not in MEASURES]
        blocks += [_table(context, name, corpus, setting, metric) for metric in shown]
    return tuple(blocks)


def _table(context: Context, name: str, corpus: Corpus, setting: str, metric: str) -> Table:
    """A row for each query language, a column for each of our systems and each published one."""
    systems = [system for system in context.systems if _values(system, corpus)]
    samplings = {system.sampling for system in context.systems}
    published = [
        model
        for model in context.literature.get(name, ())
        if model.sampling in samplings and any(key[:2] == (setting, metric) for key in model.macro)
    ]
    columns = [Column(system.label, "this configuration") for system in systems]
    columns += [
        Column(f"{model.model} {model.sampling}", SOURCES.get(model.source, model.source))
        for model in published
    ]
    keys = {key for summary in corpus.summaries.values() for key in summary}
    asked = sorted({key[1] for key in keys if key[0] == setting and key[3] == metric})
    rows = [
        Row(
            wording.language(code),
            _cells(context, name, corpus, systems, published, setting, metric, code),
            language=code,
        )
        for code in asked
        if code not in (MACRO, MACRO_PUBLISHED)
    ]
    labels = {
        MACRO_PUBLISHED: "Mean of the published languages",
        MACRO: "Mean of all languages run",
    }
    rows += [
        Row(
            label,
            _cells(context, name, corpus, systems, published, setting, metric, code),
            summary=True,
        )
        for code, label in labels.items()
        if code in asked
    ]
    what = "in its own language" if setting == "monolingual" else "in the pool of languages"
    return Table(
        id=f"table-{name}-{setting}-{metric.replace('@', '-').lower()}",
        caption=f"{wording.benchmark(name)}: {metric} of each query language, searched {what}",
        corner="query language",
        columns=tuple(columns),
        groups=(RowGroup(tuple(rows)),),
        note="Published figures come from other base models and more training data: they show the "
        "direction and size of effects, not a target."
        if published
        else "",
    )


def _cells(
    context: Context,
    name: str,
    corpus: Corpus,
    systems: Sequence[System],
    published: Sequence[Published],
    setting: str,
    metric: str,
    code: str,
) -> tuple[Cell, ...]:
    passages = passage_column(setting, code)
    cells = []
    for system in systems:
        values = [
            s[key]
            for s in _values(system, corpus)
            if (key := (setting, code, passages, metric)) in s
        ]
        value = sum(values) / len(values) if values else None
        found = context.estimate(system, name, setting, metric, code) if value is not None else None
        note = wording.interval(found.low, found.high, write=wording.score) if found else ""
        cells.append(Cell(wording.score(value), note=note, value=value))
    for model in published:
        theirs = model.by_language.get((setting, metric, code))
        if code == MACRO_PUBLISHED:
            theirs = model.macro.get((setting, metric))
        cells.append(Cell(wording.score(theirs), value=theirs))
    return tuple(cells)


def _values(system: System, corpus: Corpus) -> list[Summary]:
    return [corpus.summaries[run.id] for run in system.runs if run.id in corpus.summaries]


def _quality_table(context: Context) -> Table | None:
    measured: dict[tuple[str, str], tuple[IndexQuality, ...]] = dict(context.qualities)
    for name, corpus in context.corpora.items():
        measured |= {(run, name): rows for run, rows in corpus.qualities.items()}
    groups = []
    for (run, name), qualities in measured.items():
        rows = tuple(
            Row(
                wording.language(quality.language),
                (
                    Cell(quality.factory),
                    Cell(wording.count(quality.vectors), value=quality.vectors),
                    Cell(f"{quality.bytes / quality.vectors:,.0f}", value=quality.bytes),
                    Cell(wording.count(quality.k), value=quality.k),
                    Cell(wording.count(quality.queries), value=quality.queries),
                    Cell(wording.score(quality.recall), value=quality.recall),
                ),
            )
            for quality in qualities
            if quality.factory != "Flat"
        )
        if rows:
            groups.append(RowGroup(rows, f"{run}, {wording.benchmark(name)}"))
    if not groups:
        return None
    return Table(
        id="table-index-quality",
        caption="Recall of the approximate indexes against exact search",
        corner="passage language",
        columns=(
            Column("index", numeric=False),
            Column("vectors"),
            Column("bytes per vector", exported="bytes"),
            Column("k"),
            Column("queries"),
            Column("recall@k"),
        ),
        groups=tuple(groups),
    )
