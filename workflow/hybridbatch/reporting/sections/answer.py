"""The first section: the main results, in sentences that are made from the figures."""

from collections.abc import Sequence

from hybridbatch.common.runs import System
from hybridbatch.evaluation import measures
from hybridbatch.reporting import wording
from hybridbatch.reporting.document import Block, Bullets, Details, Paragraph, Section, Subsection
from hybridbatch.reporting.sections.noninferiority import answer_blocks
from hybridbatch.reporting.systems import Context

# (setting, metric, name).
Headline = tuple[tuple[str, str, str], ...]
HEADLINE: Headline = (
    ("monolingual", "mAP", "Monolingual mAP"),
    ("cross-lingual", "mAP", "Cross-lingual mAP"),
    ("multilingual", "mAP", "Multilingual mAP"),
    ("multilingual", "rank_distance", "Language bias (rank distance)"),
)
# For sharded benchmarks, whose metrics are cut. R@100 needs a top_k of at least 100.
CUT_HEADLINE: Headline = (
    ("monolingual", "nDCG@10", "Monolingual nDCG@10"),
    ("monolingual", "R@100", "Monolingual R@100"),
    ("multilingual", "nDCG@10", "Multilingual nDCG@10"),
    ("multilingual", "R@100", "Multilingual R@100"),
)


def section(context: Context) -> Section:
    """The answer in words, one part per benchmark."""
    return Section(
        id="answer",
        title="In short",
        blocks=(Details("What the words mean", (Paragraph(_caution(context)),)),),
        subsections=tuple(
            Subsection(f"answer-{name}", wording.benchmark(name), _benchmark(context, name))
            for name in (*context.benchmarks, *context.corpora)
        ),
    )


def _caution(context: Context) -> str:
    seeds = {len(system.runs) for system in context.systems if system.trained}
    options = context.measured.options
    if not seeds:
        basis = "No model was trained: each figure is of an untrained model."
    elif seeds == {1}:
        basis = "Each figure comes from one training run per sampling."
    else:
        basis = f"Figures are means over {wording.listing([str(n) for n in sorted(seeds)])} seeds."
    if options is None or not context.measured.statistics:
        return (
            f"{basis} The sentences below describe the measured figures. No difference was tested "
            "for significance, so small differences may be due to chance."
        )
    scope = (
        " Intervals and tests are over questions: they hold for these trained models only, and "
        "other seeds may give other results."
        if seeds <= {1}
        else " Intervals and tests are over questions and seeds."
    )
    high = wording.listing([wording.language_name(code) for code in options.high_resource])
    levels = f" High-resource languages: {high}. All others are low-resource." if high else ""
    return (
        f"{basis}{scope} Not worse means: not worse by more than the margin of "
        f"{wording.points(options.margin)} ({options.margin:g}) of mAP or nDCG, in a test of "
        "non-inferiority. Significant means: after Holm's correction, at level "
        f"{1 - options.confidence:.2g}.{levels}"
    )


def _benchmark(context: Context, benchmark: str) -> tuple[Block, ...]:
    shown = context.shown(benchmark)
    blocks: list[Block] = []
    absent = [system.label for system in context.systems if system not in shown]
    if absent:
        blocks.append(Paragraph(absence(context, benchmark, absent), tone="warning"))
    marked = [system.label for system in shown if context.contaminated(system, benchmark)]
    if marked:
        items = wording.counted(context.shared_items(benchmark), "item")
        blocks.append(
            Paragraph(
                f"Contaminated: {wording.listing(marked)} trained on {items} of this "
                "benchmark. Their figures say nothing about unseen questions.",
                tone="warning",
            )
        )
    compared = [pair for pair in context.comparisons(benchmark) if pair[1].trained]
    for hybrid, other in compared:
        if other.sampling == "x-x-mono":
            blocks.extend(answer_blocks(context, benchmark, hybrid, other))
    headline = _headline(context, benchmark)
    order = [_ranking(context, benchmark, shown, *row) for row in headline]
    lines = [line for line in order if line]
    texts = [compare(context, benchmark, *pair) for pair in compared]
    told: list[Block] = [Bullets(tuple(lines))] if lines else []
    told += [Paragraph(text) for text in texts if text]
    if told:
        blocks.append(Details("Every system in words", tuple(told)))
    if not shown:
        blocks.append(Paragraph("Nothing was evaluated here."))
    return tuple(blocks)


def _headline(context: Context, benchmark: str) -> Headline:
    return CUT_HEADLINE if benchmark in context.corpora else HEADLINE


def absence(context: Context, benchmark: str, labels: Sequence[str]) -> str:
    """Why systems have no figures on a benchmark."""
    items = context.shared_items(benchmark)
    if items is None:
        reason = "since they trained on items of this benchmark"
    elif items:
        reason = f"since they trained on {wording.counted(items, 'item')} of this benchmark"
    else:
        reason = "since the configuration does not include this evaluation"
    return f"Not evaluated: {wording.listing(list(labels))}, {reason}."


def _ranking(
    context: Context,
    benchmark: str,
    shown: Sequence[System],
    setting: str,
    metric: str,
    name: str,
) -> str:
    """`Multilingual mAP: x-y 0.581, hybrid 0.580, .. (highest first).`; empty without values."""
    values = [
        (system, value)
        for system in shown
        if (value := context.scores.macro(system, benchmark, setting, metric)) is not None
    ]
    if not values:
        return ""
    more_is_better = measures.higher_is_better(metric)
    values.sort(key=lambda pair: -pair[1] if more_is_better else pair[1])
    parts = [
        f"{context.label(system, benchmark)} {wording.metric_value(metric, value)}"
        for system, value in values
    ]
    order = "highest first" if more_is_better else "least biased first"
    return f"{name}: {', '.join(parts)}{f' ({order})' if len(parts) > 1 else ''}."


def compare(context: Context, benchmark: str, hybrid: System, other: System) -> str:
    """The change from `other` to `hybrid` in the macro averages, and by language (monolingual)."""
    scores = context.scores
    changes = []
    for setting, metric, name in _headline(context, benchmark):
        pair = [scores.macro(system, benchmark, setting, metric) for system in (hybrid, other)]
        if pair[0] is None or pair[1] is None:
            continue
        difference = wording.metric_difference(metric, pair[0] - pair[1])
        difference += _significance(context, benchmark, hybrid, other, setting, metric)
        changes.append(f"{name[0].lower()}{name[1:]} {difference}")
    if not changes:
        return ""
    label = f"From {context.label(other, benchmark)} to {context.label(hybrid, benchmark)}"
    return f"{label}: {', '.join(changes)}. {_by_language(context, benchmark, hybrid, other)}"


def _significance(
    context: Context, benchmark: str, hybrid: System, other: System, setting: str, metric: str
) -> str:
    """` (significant)` or ` (not significant)`; empty if it was not tested."""
    options, found = (
        context.measured.options,
        context.difference(hybrid, other, benchmark, setting, metric),
    )
    if options is None or found is None:
        return ""
    return " (significant)" if found.p_holm <= options.level else " (not significant)"


def _by_language(context: Context, benchmark: str, hybrid: System, other: System) -> str:
    _, metric, name = _headline(context, benchmark)[0]
    gains: list[tuple[float, str]] = []
    for code in context.scores.query_languages(benchmark):
        pair = [
            context.scores.language(system, benchmark, "monolingual", metric, code)
            for system in (hybrid, other)
        ]
        if pair[0] is not None and pair[1] is not None:
            gains.append((pair[0] - pair[1], code))
    if not gains:
        return ""
    lower = sorted((gain, code) for gain, code in gains if gain < 0)
    if not lower:
        return f"{name} is lower in none of the {len(gains)} languages."
    worst, code = lower[0]
    return (
        f"{name} is lower in {len(lower)} of {len(gains)} languages, most in "
        f"{wording.language_name(code)} ({wording.signed(worst)})."
    )
