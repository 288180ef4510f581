"""Facts as text: which template a fact gets in a language, and the filled-in sentence."""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType

from hybridbatch.data.sources.cldr.facts import Fact
from hybridbatch.data.sources.cldr.names import LANGUAGES
from hybridbatch.data.sources.cldr.templates import templates


def stable_hash(*parts: str) -> int:
    """A number in 0..2^64-1 that depends on the texts alone, the same on every machine."""
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

    With `see_also`, a second sentence refers to that fact's entity, without saying a thing of it.
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
