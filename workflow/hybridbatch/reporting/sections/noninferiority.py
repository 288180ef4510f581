"""Whether hybrid training degrades retrieval: sentences and a table made from the tests."""

from collections.abc import Sequence

from hybridbatch.common.runs import System
from hybridbatch.common.vocabulary import MACRO, SETTINGS
from hybridbatch.reporting import wording
from hybridbatch.reporting.document import (
    Block,
    Bullets,
    Cell,
    Column,
    Details,
    Paragraph,
    Row,
    RowGroup,
    Table,
)
from hybridbatch.reporting.evidence import GroupTest, StatisticsOptions
from hybridbatch.reporting.systems import Context

# The verdicts, as the stage statistics writes them.
INFERIOR, NON_INFERIOR, UNDECIDED = "inferior", "non-inferior", "undecided"
HIGH = ("high-high", "high-all")
MEANINGS = {
    INFERIOR: "worse by more than the margin",
    NON_INFERIOR: "not worse by more than the margin",
    UNDECIDED: "undecided",
}
GROUPS = {
    MACRO: "all settings",
    "high-high": "high-resource alone",
    "high-low": "one high- and one low-resource language",
    "low-low": "low-resource alone",
    "high-all": "high-resource queries",
    "low-all": "low-resource queries",
    "seen-seen": "trained on",
    "seen-unseen": "one trained on, one unseen",
    "unseen-unseen": "unseen",
    "seen-all": "queries in languages trained on",
    "unseen-all": "queries in unseen languages",
}


def tests_of(
    context: Context, benchmark: str, hybrid: System, other: System
) -> tuple[GroupTest, ...]:
    """The tests of hybrid against another system; empty if there are none."""
    statistics = context.statistics(benchmark)
    ids = tuple(context.tested_id(system, benchmark) for system in (hybrid, other))
    if statistics is None or None in ids:
        return ()
    return tuple(row for row in statistics.groups if (row.system_a, row.system_b) == ids)


def answer_blocks(
    context: Context, benchmark: str, hybrid: System, other: System
) -> tuple[Block, ...]:
    """The verdict in words, the figures behind it, and every test in a table."""
    options = context.measured.options
    tests = tests_of(context, benchmark, hybrid, other)
    metrics = tuple(dict.fromkeys(test.metric for test in tests))
    if options is None or not tests:
        return ()
    names = context.label(hybrid, benchmark), context.label(other, benchmark)
    # mAP comes first if it was measured. A line says whether the other metric agrees.
    metrics = tuple(sorted(metrics, key=lambda metric: metric != "mAP"))
    first = [test for test in tests if test.metric == metrics[0]]
    lines = [
        *(_change(test, options) for test in first if test.grouping == "overall"),
        *_resources(first, options),
        *_languages(first),
        *_agreement(tests, metrics),
    ]
    return (
        Paragraph(verdict(first, *names, options=options)),
        Details(
            f"Every test of {names[0]} against {names[1]}",
            (_table(context, benchmark, hybrid, other, tests, metrics), Bullets(tuple(lines))),
        ),
    )


def verdict(
    tests: Sequence[GroupTest], hybrid: str, other: str, *, options: StatisticsOptions
) -> str:
    """The answer to whether hybrid degrades high-resource languages and pairs."""
    high = [test for test in tests if test.grouping == "resource" and test.group in HIGH]
    asked = high or [test for test in tests if test.grouping == "overall"]
    subject = "high-resource languages and pairs" if high else "retrieval"
    found = {
        kind: [test.setting for test in asked if test.verdict == kind]
        for kind in (INFERIOR, NON_INFERIOR, UNDECIDED)
    }
    margin = wording.points(asked[0].margin) if asked else ""
    said = []
    if found[INFERIOR]:
        said.append(
            f"yes, in {wording.listing(found[INFERIOR])} retrieval, by more than the margin of "
            f"{margin} of {asked[0].metric}"
        )
    if found[NON_INFERIOR]:
        said.append(
            f"no, in {wording.listing(found[NON_INFERIOR])} retrieval it is not worse by more than "
            f"{margin} of {asked[0].metric}"
        )
    if found[UNDECIDED]:
        said.append(f"undecided in {wording.listing(found[UNDECIDED])} retrieval")
    text = "; ".join(said)
    return f"Does {hybrid} degrade {subject}, compared with {other}? {text[:1].upper()}{text[1:]}."


def _change(test: GroupTest, options: StatisticsOptions) -> str:
    """`Monolingual retrieval: −1.9 points of mAP (95 % interval −2.7 to −1.1, ..)`."""
    return f"{test.setting.capitalize()} retrieval: {_figures(test, options)}."


def _figures(test: GroupTest, options: StatisticsOptions) -> str:
    bounds = wording.interval(test.low, test.high, write=wording.signed_points)
    inside = [
        f"{options.confidence * 100:g} % interval {bounds}" if bounds else "",
        f"{'' if test.p_holm <= options.level else 'not '}significant, "
        f"p {wording.p_value(test.p_holm)}",
    ]
    change = f"{wording.signed_points(test.difference)} points of {test.metric}"
    return f"{change} ({', '.join(filter(None, inside))}), {MEANINGS[test.verdict]}"


def _resources(tests: Sequence[GroupTest], options: StatisticsOptions) -> list[str]:
    """A line for each resource group of pairs."""
    lines = []
    for group in ("high-high", "high-low", "low-low", "high-all", "low-all"):
        members = [t for t in tests if t.grouping == "resource" and t.group == group]
        said = [f"{test.setting} {_figures(test, options)}" for test in members]
        if said:
            lines.append(f"{GROUPS[group].capitalize()} ({group}): {'; '.join(said)}.")
    return lines


def _languages(tests: Sequence[GroupTest]) -> list[str]:
    """For each setting, the query languages by verdict."""
    lines = []
    for setting in SETTINGS:
        members = [t for t in tests if t.grouping == "language" and t.setting == setting]
        if not members:
            continue
        said = []
        for kind, meaning in MEANINGS.items():
            found = sorted((t.difference, t.group) for t in members if t.verdict == kind)
            if not found:
                continue
            named = [
                f"{wording.language_name(code)} {wording.signed_points(difference)}"
                for difference, code in found
            ]
            # Languages where hybrid is not worse are only counted; the others are named.
            detail = "" if kind == NON_INFERIOR else f" ({', '.join(named)})"
            said.append(f"{meaning} in {len(found)}{detail}")
        lines.append(
            f"By query language, {setting}: of {len(members)} languages {', '.join(said)}."
        )
    return lines


def _agreement(tests: Sequence[GroupTest], metrics: Sequence[str]) -> list[str]:
    """Whether the other metrics agree with the first, overall and on high-resource languages."""
    verdicts = {
        metric: {
            (t.setting, t.group): t.verdict
            for t in tests
            if t.metric == metric and (t.grouping == "overall" or t.group in HIGH)
        }
        for metric in metrics
    }
    lines = []
    for metric in metrics[1:]:
        differing = [
            f"{setting} {GROUPS[group]} ({found})"
            for (setting, group), found in verdicts[metric].items()
            if verdicts[metrics[0]].get((setting, group)) != found
        ]
        lines.append(
            f"By {metric} the verdicts differ in {wording.listing(differing)}."
            if differing
            else f"By {metric} the verdicts, overall and on high-resource languages, are the same."
        )
    return lines


def _table(
    context: Context,
    benchmark: str,
    hybrid: System,
    other: System,
    tests: Sequence[GroupTest],
    metrics: Sequence[str],
) -> Table:
    groups: dict[str, dict[tuple[str, str], dict[str, GroupTest]]] = {}
    for test in tests:
        label = f"{test.setting}, {'by ' if test.grouping != 'overall' else ''}{test.grouping}"
        groups.setdefault(label, {}).setdefault((test.grouping, test.group), {})[test.metric] = test
    numbers = [context.systems.index(system) for system in (hybrid, other)]
    labels = ("hybrid", "baseline", "difference", "p (Holm)", "verdict")
    columns = tuple(
        Column(label, metric, numeric=label != "verdict") for metric in metrics for label in labels
    )
    return Table(
        id=f"table-tests-{benchmark}-{numbers[0]}-{numbers[1]}",
        caption=(
            f"{context.label(hybrid, benchmark)} against {context.label(other, benchmark)} on "
            f"{wording.benchmark(benchmark)}: non-inferiority with a margin of "
            f"{wording.points(tests[0].margin)}"
        ),
        corner="group",
        columns=columns,
        groups=tuple(
            RowGroup(
                tuple(
                    Row(_group_name(*key), _cells(found, metrics), language=_code(*key))
                    for key, found in rows.items()
                ),
                label,
            )
            for label, rows in groups.items()
        ),
        note=(
            "Differences and intervals are in the unit of the metric. Non-inferior: not worse by "
            "more than the margin; inferior: worse by more than the margin. Both are one-sided "
            "bootstrap tests over questions, Holm-corrected within setting, metric, pair of "
            "systems and grouping. p is from the two-sided paired randomisation test of no "
            "difference, with the same correction."
        ),
    )


def _cells(found: dict[str, GroupTest], metrics: Sequence[str]) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    for metric in metrics:
        test = found.get(metric)
        if test is None:
            cells += [Cell(wording.score(None))] * 4 + [Cell("")]
            continue
        cells += [
            Cell(wording.score(test.mean_a), value=test.mean_a),
            Cell(wording.score(test.mean_b), value=test.mean_b),
            Cell(
                wording.signed(test.difference),
                wording.interval(test.low, test.high, write=wording.signed),
                value=test.difference,
            ),
            Cell(wording.p_value(test.p_holm), value=test.p_holm),
            Cell(test.verdict),
        ]
    return tuple(cells)


def _group_name(grouping: str, group: str) -> str:
    return wording.language(group) if grouping == "language" else GROUPS.get(group, group)


def _code(grouping: str, group: str) -> str:
    return group if grouping == "language" else ""
