"""What the settings and measures mean, each in a sentence with its source."""

from hybridbatch.reporting.document import Definition, Definitions, Paragraph, Section
from hybridbatch.reporting.systems import Context
from hybridbatch.training.samplings import SAMPLINGS, Meaning

PAPER = ("Elmahdy, Lin and Ahmad, 2024", "https://arxiv.org/abs/2408.10536")
LAREQA = ("Roy et al., LAReQA, 2020", "https://arxiv.org/abs/2004.05484")
TREC = ("Voorhees and Harman, TREC, 2005; as trec_eval computes it", "")

TERMS = (
    Definition(
        "monolingual",
        "Queries of a language against the passages of the same language.",
        *LAREQA,
    ),
    Definition(
        "cross-lingual",
        "Queries of a language against the passages of one other language, for every ordered "
        "pair of languages.",
        *LAREQA,
    ),
    Definition(
        "multilingual",
        "Queries of a language against one pool of the passages of all languages, where the "
        "answer is relevant in every language.",
        *LAREQA,
    ),
    Definition(
        "mAP",
        "Mean average precision: for each query the mean, over its relevant passages, of the "
        "precision at the rank of each, over the full ranking without a cut; then the mean over "
        "queries.",
        *TREC,
    ),
    Definition(
        "R@k",
        "Recall: the share of a query's relevant passages among the first k; with more than k "
        "relevant passages it cannot reach 1.",
        *TREC,
    ),
    Definition(
        "nDCG@10",
        "Normalised discounted cumulative gain: relevant passages among the first ten count "
        "1 / log2(rank + 1), divided by the largest sum possible.",
        "Järvelin and Kekäläinen, 2002",
        "https://doi.org/10.1145/582415.582418",
    ),
    Definition(
        "rank distance",
        "Language bias: in the multilingual pool, the rank of a query's lowest relevant passage "
        "minus the rank of its highest, from full ranks; the mean over queries, then over query "
        "languages.",
        *PAPER,
    ),
    Definition(
        "ties",
        "Passages with equal scores are ordered by their id, the greater first, in every setting.",
        "trec_eval's rule",
    ),
)


def _samplings() -> tuple[Definition, ...]:
    """What the samplings mean, those that share a sentence in one entry."""
    names: dict[Meaning, list[str]] = {}
    for entry in SAMPLINGS:
        names.setdefault(entry.meaning, []).append(entry.label or entry.name)
    return tuple(
        Definition(", ".join(of), meaning.text, meaning.source, meaning.link)
        for meaning, of in names.items()
    )


def section(context: Context) -> Section:
    """The glossary."""
    return Section(
        id="measures",
        title="Measures and terms",
        blocks=(
            Definitions((*TERMS, *_samplings())),
            Paragraph(
                "A dash stands where nothing was measured. A language is unseen when it is not "
                "among the training languages that the run's record names."
            ),
        ),
    )
