"""What the settings and measures mean, each in a sentence with its source."""

from hybridbatch.common.meaning import Meaning
from hybridbatch.evaluation.measures import named
from hybridbatch.reporting.document import Definition, Definitions, Details, Paragraph, Section
from hybridbatch.reporting.systems import Context
from hybridbatch.training.samplings import SAMPLINGS

LAREQA = ("Roy et al., LAReQA, 2020", "https://arxiv.org/abs/2004.05484")

TERMS = (
    Definition(
        "monolingual",
        "Queries in one language against the passages in the same language.",
        *LAREQA,
    ),
    Definition(
        "cross-lingual",
        "Queries in one language against the passages in one other language, for every ordered "
        "pair of languages.",
        *LAREQA,
    ),
    Definition(
        "multilingual",
        "Queries in one language against a pool of the passages in all languages. The answer is "
        "relevant in every language.",
        *LAREQA,
    ),
)
TIES = (
    Definition(
        "ties",
        "In every setting, passages with equal scores are ordered by id, the greater id first.",
        "trec_eval's rule",
    ),
)


def _measures(context: Context) -> tuple[Definition, ...]:
    """What the configuration's measures mean, with one entry for each family."""
    families = {measure.family.name: measure.family for measure in named(context.measures)}
    return tuple(
        Definition(
            family.label or family.name,
            family.meaning.text,
            family.meaning.source,
            family.meaning.link,
        )
        for family in families.values()
    )


def _samplings() -> tuple[Definition, ...]:
    """What the samplings mean; samplings with the same text share an entry."""
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
            Details(
                "Definitions and their sources",
                (Definitions((*TERMS, *_measures(context), *TIES, *_samplings())),),
            ),
            Paragraph(
                "A dash means that nothing was measured. A language is unseen if it is not among "
                "the training languages in the run's record."
            ),
        ),
    )
