"""Names from Babel's locale data that are translated into every language of the data set."""

import unicodedata
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from babel import Locale, localedata
from babel.core import get_global

LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")

# The first word of Unicode's character names in the script of a language.
_LETTERS = MappingProxyType(
    {
        "ar": "ARABIC",
        "el": "GREEK",
        "hi": "DEVANAGARI",
        "ru": "CYRILLIC",
        "th": "THAI",
        "zh": "CJK",
    }
)


@cache
def locale(identifier: str) -> Locale:
    """Babel's locale; parsing one is slow, so each is parsed once."""
    return Locale.parse(identifier)


def is_translated(language: str, name: str | None, code: str) -> bool:
    """Whether `name` is a name in `language`: not missing, not the code, not in Latin letters only.

    Languages in Latin letters may spell a name as in English (Berlin). In other languages, more
    than half of the letters must belong to the language's script.
    """
    if not name or name == code:
        return False
    if language not in _LETTERS:
        return True
    letters = [char for char in name if char.isalpha()]
    own = sum(unicodedata.name(char, "").startswith(_LETTERS[language]) for char in letters)
    return 2 * own > len(letters)


def _in_every_language(code: str, name_in: Callable[[str], str | None]) -> Mapping[str, str] | None:
    names: dict[str, str] = {}
    for language in LANGUAGES:
        name = name_in(language)
        if name is None or not is_translated(language, name, code):
            return None
        names[language] = " ".join(name.replace("\u200f", "").replace("\u200e", "").split())
    return MappingProxyType(names)


@cache
def territory(code: str) -> Mapping[str, str] | None:
    """Language -> name of an ISO 3166 territory (`JP`); None unless translated everywhere."""
    return _in_every_language(code, lambda language: locale(language).territories.get(code))


@cache
def currency(code: str) -> Mapping[str, str] | None:
    """Language -> name of an ISO 4217 currency (`JPY`); None unless translated everywhere."""
    return _in_every_language(code, lambda language: locale(language).currencies.get(code))


@cache
def language_name(code: str) -> Mapping[str, str] | None:
    """Language -> name of a language (`ja`); None unless translated everywhere."""
    return _in_every_language(code, lambda language: locale(language).languages.get(code))


@cache
def script(code: str) -> Mapping[str, str] | None:
    """Language -> name of an ISO 15924 script (`Geor`); None unless translated everywhere."""
    return _in_every_language(code, lambda language: locale(language).scripts.get(code))


def zone_ids(zone: str) -> tuple[str, ...]:
    """The identifier of a time zone and its older identifiers: CLDR uses one of them for names."""
    aliases: Mapping[str, str] = get_global("zone_aliases")
    return (zone, *sorted(old for old, new in aliases.items() if new == zone))


@cache
def city(zone: str) -> Mapping[str, str] | None:
    """Language -> name of a time zone's exemplar city (`Asia/Tokyo`).

    The names in all languages come from the same identifier of the zone, because an older
    identifier may be named after another place (Enderbury, now Kanton).
    """
    found = (_in_every_language(each, _city_filed_under(each)) for each in zone_ids(zone))
    return next((each for each in found if each is not None), None)


def _city_filed_under(zone: str) -> Callable[[str], str | None]:
    """CLDR leaves a city out if its name equals the last part of the identifier.

    Languages in Latin letters then use that part.
    """

    def name_in(language: str) -> str | None:
        name: str | None = locale(language).time_zones.get(zone, {}).get("city")
        if name is None and language not in _LETTERS:
            name = zone.rsplit("/", 1)[-1].replace("_", " ")
        return name

    return name_in


@cache
def meta_zone(code: str) -> Mapping[str, str] | None:
    """Language -> standard-time name of a group of time zones (`Europe_Central`)."""

    def name_in(language: str) -> str | None:
        name: str | None = locale(language).meta_zones.get(code, {}).get("long", {}).get("standard")
        return name

    return _in_every_language(code, name_in)


@cache
def weekday(index: int) -> Mapping[str, str]:
    """Language -> name of a day of the week, 0 for Monday."""
    return MappingProxyType(
        {each: locale(each).days["stand-alone"]["wide"][index] for each in LANGUAGES}
    )


def same_in_every_language(text: str) -> Mapping[str, str]:
    """Language -> `text`, for codes, years and names in a language outside the data set."""
    return MappingProxyType(dict.fromkeys(LANGUAGES, text))


def own_name(kind: str, code: str, language: str) -> str | None:
    """The name of a territory or language in `language`, a language outside the data set.

    `kind` is `territories` or `languages`. None if CLDR has no such locale, or if the name is the
    same in a language of the data set (Angola), which would make the question trivial.
    """
    if language in LANGUAGES or "_" in language or not localedata.exists(language):
        return None
    table: Mapping[str, Any] = getattr(locale(language), kind)
    name = table.get(code)
    others = {getattr(locale(each), kind).get(code, "").casefold() for each in LANGUAGES}
    if not name or name == code or name.casefold() in others:
        return None
    return str(name)
