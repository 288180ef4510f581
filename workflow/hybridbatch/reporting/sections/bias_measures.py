"""Figures of language bias from the tables of the stage `bias`, one for each measure."""

from collections.abc import Callable, Mapping, Sequence

from hybridbatch.common.runs import System
from hybridbatch.common.vocabulary import ALL_QUERIES, MACRO, POOL
from hybridbatch.reporting import wording
from hybridbatch.reporting.document import (
    Block,
    Cell,
    Column,
    Definition,
    Details,
    Figure,
    Row,
    RowGroup,
    Table,
    simple_table,
)
from hybridbatch.reporting.evidence import Bias
from hybridbatch.reporting.sections.bias_dots import (
    Rows,
    Values,
    Words,
    by_query_language,
    dots,
    language_rows,
    mean_over_runs,
)
from hybridbatch.reporting.systems import Context

LAREQA = ("Roy et al., LAReQA, 2020", "https://arxiv.org/abs/2004.05484")
DEFINITIONS = (
    Definition(
        "rank distance",
        "max − min of the ranks of a query's relevant passages in the pool of all languages.",
        "Elmahdy, Lin and Ahmad, 2024",
        "https://arxiv.org/abs/2408.10536",
    ),
    Definition(
        "exposure",
        "The share of the first k ranks that passages in a language have, |top k in the "
        "language| / k, compared with the share of the relevant passages in that language.",
        "after Singh and Joachims, Fairness of exposure in rankings, 2018",
        "https://doi.org/10.1145/3219819.3220088",
    ),
    Definition(
        "own-language preference",
        "P(rank of a relevant passage in the query's language < rank of an equally relevant one "
        "in another), with a tie as one half: U / (m n) of the Mann-Whitney test. 0.5 means no "
        "preference.",
        *LAREQA,
    ),
    Definition(
        "fairness",
        "Friedman's test of the hypothesis that the ranks of a question's relevant passages do "
        "not depend on their language. Kendall's W = χ² / (n (l − 1)) for n questions and l "
        "languages is 0 without preference and 1 if every question ranks the languages in the "
        "same order. With one relevant passage in each language, a test within a query, such as "
        "the Kruskal-Wallis test in PEER, has the same value for every order. Here each question "
        "is a block, so the order counts.",
        "Friedman, 1937; Kendall and Babington Smith, 1939",
        "https://doi.org/10.1080/01621459.1937.10503522",
    ),
    Definition(
        "agreement",
        "Rank-biased overlap of the first k ranks for two versions of a question: the mean of "
        "their overlap |A ∩ B| / d over depths d, weighted by p^(d − 1).",
        "Webber, Moffat and Zobel, 2010",
        "https://doi.org/10.1145/1852102.1852106",
    ),
)


def measure_blocks(context: Context, benchmark: str) -> tuple[Block, ...]:
    """The figures of a benchmark; empty if it has no tables of the stage bias."""
    found = {
        system: biases
        for system in context.shown(benchmark)
        if (biases := context.biases(system, benchmark))
    }
    if not found:
        return ()
    return (
        _distribution(context, benchmark, found),
        _exposure(context, benchmark, found),
        _preference(context, benchmark, found),
        _fairness(context, benchmark, found),
        *_agreement(context, benchmark, found),
    )


def distribution(biases: Sequence[Bias]) -> dict[str, float]:
    """The share of queries in each bin of the rank distance, over all languages and runs.

    Keys are written as `0`, `1` and `2–3`, in ascending order.
    """
    counts: dict[tuple[int, int], int] = {}
    for bias in biases:
        for low, high, queries in bias.histogram.get(ALL_QUERIES, ()):
            counts[low, high] = counts.get((low, high), 0) + queries
    total = sum(counts.values()) or 1
    return {_bin(*edges): counts[edges] / total for edges in sorted(counts)}


def _bin(low: int, high: int) -> str:
    return str(low) if low == high else f"{low:,}–{high:,}"


def _distribution(
    context: Context, benchmark: str, found: Mapping[System, tuple[Bias, ...]]
) -> Figure:
    shares = {system: distribution(biases) for system, biases in found.items()}
    edges = sorted({(low, high) for biases in found.values() for bias in biases
                    for low, high, _ in bias.histogram.get(ALL_QUERIES, ())})  # fmt: skip
    return dots(
        context,
        benchmark,
        Words(
            "distribution",
            title="Distribution of the rank distance",
            reading=(
                "How to read it: each row is a range of rank distances, each dot the share of all "
                "queries in it. With less bias, the dots at the top are further right."
            ),
            xlabel="share of queries",
            corner="rank distance",
        ),
        Rows([_bin(*edge) for edge in edges], [(_bin(*edge), "") for edge in edges]),
        shares,
    )


def _exposure(context: Context, benchmark: str, found: Mapping[System, tuple[Bias, ...]]) -> Figure:
    def shares(name: str) -> Callable[[Bias], Mapping[str, float | None]]:
        return lambda bias: {
            passage: getattr(row, name)
            for (query, passage), row in bias.exposure.items()
            if query == MACRO
        }

    values: dict[System | str, Values] = {
        system: mean_over_runs(biases, shares("top_share")) for system, biases in found.items()
    }
    first = next(iter(found.values()))
    values["relevant passages"] = mean_over_runs(first, shares("relevant_share"))
    positions = {
        system: mean_over_runs(biases, shares("position")) for system, biases in found.items()
    }
    cutoff = next((row.cutoff for row in first[0].exposure.values()), 0)
    codes = sorted({key for each in values.values() for key in each})
    return dots(
        context,
        benchmark,
        Words(
            "exposure",
            title=f"Languages of the first {cutoff} ranks",
            reading=(
                "How to read it: each row is a passage language, each dot its share of the first "
                f"{cutoff} ranks, the mean over query languages. Without bias it equals the share "
                "of the relevant passages. The table also has the position of the language's "
                "relevant passages among all relevant ones, from 0 (first) to 1 (last); 0.5 is "
                "fair."
            ),
            xlabel="share",
            corner="passage language",
        ),
        language_rows(codes),
        values,
        more={"position among the relevant": positions},
    )


def _preference(
    context: Context, benchmark: str, found: Mapping[System, tuple[Bias, ...]]
) -> Figure:
    def values(bias: Bias) -> Mapping[str, float | None]:
        return {query: value for (query, other), value in bias.preference.items() if other == POOL}

    return by_query_language(
        context,
        benchmark,
        found,
        values,
        Words(
            "preference",
            title="Preference for the query's own language",
            reading=(
                "How to read it: each dot shows how often a relevant passage in the query's "
                "language ranks above an equally relevant one in another language. 0.5 means no "
                "preference; further right means more."
            ),
            xlabel="own-language preference",
            metric="own_language_preference",
        ),
    )


def _fairness(context: Context, benchmark: str, found: Mapping[System, tuple[Bias, ...]]) -> Figure:
    figure = by_query_language(
        context,
        benchmark,
        found,
        lambda bias: {
            code: row.concordance for code, row in bias.fairness.items() if code != ALL_QUERIES
        },
        Words(
            "fairness",
            title="Do questions prefer the same languages? Kendall's W",
            reading=(
                "How to read it: 0 means that ranks do not depend on the language, 1 that every "
                "question ranks the languages in the same order. The table has Friedman's test, "
                "corrected over the query languages."
            ),
            xlabel="Kendall's W",
        ),
    )
    tables = tuple(_tests(context, benchmark, figure.id, found))
    return Figure(**{**vars(figure), "table": tables[0]})


def _tests(
    context: Context, benchmark: str, id: str, found: Mapping[System, tuple[Bias, ...]]
) -> list[Table]:
    groups = []
    for system, biases in found.items():
        for number, bias in enumerate(biases, 1):
            label = context.label(system, benchmark)
            label += f", run {number}" if len(biases) > 1 else ""
            rows = tuple(
                Row(
                    "all, questions averaged" if code == ALL_QUERIES else wording.language(code),
                    (
                        Cell(wording.score(row.concordance), value=row.concordance),
                        Cell(wording.score(row.chance), value=row.chance),
                        Cell(f"{row.statistic:,.1f}", value=row.statistic),
                        Cell(wording.count(row.degrees)),
                        Cell(wording.count(row.blocks)),
                        Cell(wording.p_value(row.p_holm), value=row.p_holm),
                    ),
                    language="" if code == ALL_QUERIES else code,
                    summary=code == ALL_QUERIES,
                )
                for code, row in bias.fairness.items()
            )
            groups.append(RowGroup(rows, label))
    labels = ("Kendall's W", "W by chance", "χ²", "degrees", "questions", "p (Holm)")
    return [
        Table(
            f"{id}-table",
            f"Friedman's test of the order of languages on {wording.benchmark(benchmark)}",
            "query language",
            tuple(Column(label) for label in labels),
            tuple(groups),
        )
    ]


def _agreement(
    context: Context, benchmark: str, found: Mapping[System, tuple[Bias, ...]]
) -> tuple[Block, ...]:
    def values(bias: Bias) -> Mapping[str, float | None]:
        codes = dict.fromkeys(first for first, _ in bias.agreement)
        means = {}
        for code in codes:
            mine = [value for (first, _), value in bias.agreement.items() if first == code]
            means[code] = sum(mine) / len(mine)
        return means

    if not any(bias.agreement for biases in found.values() for bias in biases):
        return ()
    options = context.measured.options
    figure = by_query_language(
        context,
        benchmark,
        found,
        values,
        Words(
            "agreement",
            title="Agreement between the versions of a question",
            reading=(
                "How to read it: each dot is the rank-biased overlap of the first ranks with those "
                "of the same question in the other languages. 1 means the same ranking; further "
                "right is better." + (f" p is {options.persistence:g}." if options else "")
            ),
            xlabel="rank-biased overlap",
            metric="rank_agreement",
        ),
    )
    pairs = tuple(
        _pair_table(context, benchmark, f"{figure.id}-pairs-{number}", system, biases)
        for number, (system, biases) in enumerate(found.items())
    )
    return figure, Details("Agreement by pair of languages", pairs)


def _pair_table(
    context: Context, benchmark: str, id: str, system: System, biases: Sequence[Bias]
) -> Table:
    keys = sorted({key for bias in biases for key in bias.agreement if MACRO not in key})
    means = {
        key: sum(known) / len(known)
        for key in keys
        if (known := [bias.agreement[key] for bias in biases if key in bias.agreement])
    }
    codes = sorted({code for key in keys for code in key})
    return simple_table(
        id,
        f"{context.label(system, benchmark)}: agreement of rankings by pair of languages on "
        f"{wording.benchmark(benchmark)}",
        corner="language",
        columns=tuple(Column(code) for code in codes),
        rows=tuple(
            Row(
                wording.language(code),
                wording.value_cells(wording.score, [means.get((code, other)) for other in codes]),
                language=code,
            )
            for code in codes
        ),
    )
