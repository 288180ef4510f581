"""Training: what was trained on what, the loss curves, and the batches as drawn."""

import itertools
from collections.abc import Sequence

from hybridbatch.common.runs import Run
from hybridbatch.reporting import charts, wording
from hybridbatch.reporting.charts import Panel, Series
from hybridbatch.reporting.document import (
    MISSING,
    Block,
    Cell,
    Column,
    Details,
    Figure,
    Paragraph,
    Row,
    Section,
    Table,
    simple_table,
)
from hybridbatch.reporting.inputs import TrainLog
from hybridbatch.reporting.systems import Context

# The validation losses that the training stage writes, in the order of the panels.
VALIDATIONS = ("all", "monolingual", "cross-lingual")
# Why a run stopped, by the value in its record.
STOPPED = {"steps": "after all steps", "patience": "no better validation loss"}
# The maximum number of points of a training curve, and of rows of its table.
CURVE_POINTS, TABLE_ROWS = 100, 20


def section(context: Context) -> Section:
    """The runs, their losses and their batches."""
    blocks: list[Block] = [Details("Every run", (runs_table(context),))]
    runs = [(label, run) for label, run in labelled_runs(context) if run.trained]
    logged = [(label, run) for label, run in runs if context.inputs.logs[run.id].steps]
    if not logged:
        blocks.append(Paragraph("No run of this configuration was trained."))
        return Section(id="training", title="Training", blocks=tuple(blocks))
    blocks.append(_loss_figure(context, logged))
    validation = _validation_figure(context, logged)
    blocks.append(validation or Paragraph("No validation loss was measured."))
    blocks.append(_batch_figure(context, logged))
    blocks.append(Details("Languages as drawn", (language_table(context, logged),)))
    return Section(id="training", title="Training", blocks=tuple(blocks))


def labelled_runs(context: Context) -> list[tuple[str, Run]]:
    """Every run with the label of its system, and its seed if there are several."""
    return [
        (f"{system.label}, seed {run.seed}" if len(system.runs) > 1 else system.label, run)
        for system in context.systems
        for run in system.runs
    ]


def runs_table(context: Context) -> Table:
    """A row for each run."""
    rows = []
    for label, run in labelled_runs(context):
        texts = (
            run.id,
            run.model,
            MISSING if run.seed is None else str(run.seed),
            MISSING if run.alpha is None else f"{run.alpha:g}",
            " ".join(run.training_languages) or MISSING,
            wording.listing(run.sources) or MISSING,
            wording.count(run.training_items) if run.trained else MISSING,
            wording.count(run.training_pairs) if run.trained else MISSING,
            wording.count(run.best_step),
            STOPPED.get(run.stopping_reason or "", MISSING),
        )
        rows.append(Row(label, wording.number_cells(texts)))
    return simple_table(
        "table-runs",
        "The runs",
        corner="model and sampling",
        columns=(
            Column("run", numeric=False),
            Column("base model", numeric=False),
            Column("seed"),
            Column("α"),
            Column("training languages", numeric=False),
            Column("sources", numeric=False),
            Column("items"),
            Column("pairs"),
            Column("step kept"),
            Column("stopped", numeric=False),
        ),
        rows=tuple(rows),
        note="α is the probability of a monolingual batch. Pairs: an item counts once for each "
        "language.",
    )


def _loss_figure(context: Context, runs: Sequence[tuple[str, Run]]) -> Figure:
    logs = [(label, run.sampling, context.inputs.logs[run.id]) for label, run in runs]
    alternative = (
        "Line plot: training loss over the steps. "
        + " ".join(
            f"{label}: from {log.losses[0]:.3f} at step {log.steps[0]} to {log.losses[-1]:.3f} at "
            f"step {log.steps[-1]}."
            for label, _, log in logs
        )
        + " Means over stretches of steps are in the table below it."
    )
    series = tuple(
        Series(label, sampling, _stretches(log, CURVE_POINTS)) for label, sampling, log in logs
    )
    return Figure(
        id="figure-loss",
        title="Training loss",
        reading=(
            "How to read it: lower is better within one line only, since batches of different "
            "types differ in difficulty. "
            + (
                f"A point is the mean over a {CURVE_POINTS}th of the steps."
                if any(len(log.steps) > CURVE_POINTS for *_, log in logs)
                else "A point is the loss of one batch."
            )
        ),
        alternative=alternative,
        svg=charts.curves(
            "figure-loss",
            [Panel("", series)],
            xlabel="training step",
            ylabel="InfoNCE loss",
            alternative=alternative,
        ),
        table=_loss_table(logs),
    )


def _stretches(log: TrainLog, most: int) -> tuple[tuple[float, float], ...]:
    """(last step, mean loss) of at most `most` stretches of equal length."""
    total = len(log.steps)
    parts = min(most, total)
    edges = [total * part // parts for part in range(parts + 1)]
    return tuple(
        (log.steps[right - 1], sum(log.losses[left:right]) / (right - left))
        for left, right in itertools.pairwise(edges)
    )


def _loss_table(logs: Sequence[tuple[str, str, TrainLog]]) -> Table:
    columns = [dict(_stretches(log, TABLE_ROWS)) for *_, log in logs]
    steps = sorted({step for column in columns for step in column})
    rows = tuple(
        Row(
            wording.count(int(step)),
            wording.value_cells(wording.score, [column.get(step) for column in columns]),
        )
        for step in steps
    )
    return simple_table(
        "table-loss",
        "Mean training loss since the previous row",
        corner="up to step",
        columns=tuple(Column(label) for label, *_ in logs),
        rows=rows,
    )


def _validation_figure(context: Context, runs: Sequence[tuple[str, Run]]) -> Figure | None:
    logs = [(label, run.sampling, context.inputs.logs[run.id]) for label, run in runs]
    found = {kind for *_, log in logs for kind in log.validation}
    kinds = [kind for kind in VALIDATIONS if kind in found] + sorted(found - set(VALIDATIONS))
    if not kinds:
        return None
    panels = [
        Panel(
            "all batches" if kind == "all" else kind,
            tuple(
                Series(label, sampling, log.validation.get(kind, ()))
                for label, sampling, log in logs
            ),
        )
        for kind in kinds
    ]
    ends = [
        f"{label}: {log.validation[kinds[0]][-1][1]:.3f}"
        for label, _, log in logs
        if log.validation.get(kinds[0])
    ]
    alternative = (
        f"Line plots: validation loss over the steps on {wording.listing(kinds)} batches. "
        f"Last values ({kinds[0]}): {', '.join(ends)}. The numbers are in the table below it."
    )
    return Figure(
        id="figure-validation",
        title="Validation loss",
        reading=(
            "How to read it: lower is better. The validation batches are the same for every "
            f"sampling, {_mix(kinds)}, so lines can be compared."
        ),
        alternative=alternative,
        svg=charts.curves(
            "figure-validation",
            panels,
            xlabel="training step",
            ylabel="InfoNCE loss",
            alternative=alternative,
        ),
        table=_validation_table(logs, kinds),
        wide=True,
    )


def _mix(kinds: Sequence[str]) -> str:
    """The types of the validation batches, from the kinds in the log."""
    found = [kind for kind in ("monolingual", "cross-lingual") if kind in kinds]
    return f"all {found[0]}" if len(found) == 1 else "half monolingual and half cross-lingual"


def _validation_table(logs: Sequence[tuple[str, str, TrainLog]], kinds: Sequence[str]) -> Table:
    curves = [(kind, dict(log.validation.get(kind, ()))) for kind in kinds for *_, log in logs]
    steps = sorted({step for _, curve in curves for step in curve})
    rows = tuple(
        Row(
            wording.count(step),
            wording.value_cells(wording.score, [curve.get(step) for _, curve in curves]),
        )
        for step in steps
    )
    return simple_table(
        "table-validation",
        "Validation loss",
        corner="step",
        columns=tuple(Column(label, kind) for kind in kinds for label, *_ in logs),
        rows=rows,
    )


def _batch_figure(context: Context, runs: Sequence[tuple[str, Run]]) -> Figure:
    labels = [label for label, _ in runs]
    batches = [context.inputs.logs[run.id].batch_types for _, run in runs]
    kinds = sorted({kind for row in batches for kind in row})
    counts = [[row.count(kind) for kind in kinds] for row in batches]
    said = [
        f"{label}: "
        + wording.listing([f"{n} {kind}" for n, kind in zip(row, kinds, strict=True) if n])
        for label, row in zip(labels, counts, strict=True)
    ]
    alternative = f"Strips of batch types along the training steps. {'; '.join(said)}."
    rows = tuple(
        Row(
            label,
            wording.number_cells([wording.count(sum(row)), *(wording.count(n) for n in row)]),
        )
        for label, row in zip(labels, counts, strict=True)
    )
    return Figure(
        id="figure-batches",
        title="Batch types as drawn",
        reading=(
            "How to read it: each strip is a run, from its first step on the left to its last on "
            "the right; the colour is the type of the batch."
        ),
        alternative=alternative,
        svg=charts.strips("figure-batches", labels, batches, alternative=alternative),
        table=simple_table(
            "table-batches",
            "Batches by type",
            corner="run",
            columns=(Column("all batches"), *(Column(kind) for kind in kinds)),
            rows=rows,
        ),
    )


def language_table(context: Context, runs: Sequence[tuple[str, Run]]) -> Table:
    """The languages of the questions and the passages of the drawn pairs."""
    logs = [(label, context.inputs.logs[run.id].pairs) for label, run in runs]
    codes = sorted({code for _, pairs in logs for pair in pairs for code in pair})
    rows = []
    for code in codes:
        cells = []
        for _, pairs in logs:
            total = sum(pairs.values())
            for side in (0, 1):
                drawn = sum(n for pair, n in pairs.items() if pair[side] == code)
                cells.append(_share(drawn, total))
        rows.append(Row(wording.language(code), tuple(cells), language=code))
    same = [
        _share(sum(n for (q, p), n in pairs.items() if q == p), sum(pairs.values()))
        for _, pairs in logs
    ]
    both = tuple(cell for share in same for cell in (share, Cell("")))
    rows.append(Row("pairs in one language", both, summary=True))
    return simple_table(
        "table-batch-languages",
        "Languages of the pairs drawn in training",
        corner="language",
        columns=tuple(
            Column(side, label, exported=f"{side} share")
            for label, _ in logs
            for side in ("question", "passage")
        ),
        rows=tuple(rows),
    )


def _share(part: int, whole: int) -> Cell:
    return Cell(wording.share(part, whole), value=part / whole if whole else None)
