"""Facts as text: the template of a fact in each language, and the sentence made from it."""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType

from hybridbatch.data.sources.cldr.facts import Fact
from hybridbatch.data.sources.cldr.names import LANGUAGES
from hybridbatch.data.sources.cldr.templates import templates


def stable_hash(*parts: str) -> int:
    """A number in 0..2^64-1 that depends only on the texts; it is the same on every machine."""
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8)
    return int.from_bytes(digest.digest(), "big")


def questions(fact: Fact) -> Mapping[str, str]:
    """Language -> the question that asks for the fact's value."""
    return MappingProxyType(
        {
            language: _choose(
                templates(language).relations[fact.relation].questions,
                "question",
                fact.fact_id,
                language,
            ).format(entity=fact.names[language])
            for language in LANGUAGES
        }
    )


def passages(fact: Fact, *, see_also: Fact | None = None) -> Mapping[str, str]:
    """Language -> the sentence that states the fact.

    With `see_also`, a second sentence names the entity of that fact, but states nothing about it.
    """
    texts: dict[str, str] = {}
    for language in LANGUAGES:
        key = ("passage", fact.fact_id, language)
        wording = _choose(templates(language).relations[fact.relation].passages, *key)
        text = wording.format(entity=fact.names[language], value=fact.value_names[language])
        if see_also is not None:
            reference = _choose(templates(language).cross_references, "see also", *key)
            text += reference.format(other=see_also.names[language])
        texts[language] = text
    return MappingProxyType(texts)


def _choose(wordings: tuple[str, ...], *key: str) -> str:
    return wordings[stable_hash(*key) % len(wordings)]
