"""Names from Babel's locale data that are really translated into every language of the set."""

import unicodedata
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from babel import Locale, localedata
from babel.core import get_global

LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")

# How Unicode's character names begin in the script that a language is written in.
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
    """Whether `name` is a name in `language`: not missing, not the code, not left in Latin letters.

    Languages in Latin letters may spell a name as English does (Berlin); in the other scripts
    more than half of the letters must belong to the language's own script.
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
    """A time zone's identifier and its older ones: CLDR's names are filed under one of them."""
    aliases: Mapping[str, str] = get_global("zone_aliases")
    return (zone, *sorted(old for old, new in aliases.items() if new == zone))


@cache
def city(zone: str) -> Mapping[str, str] | None:
    """Language -> name of a time zone's exemplar city (`Asia/Tokyo`).

    All languages' names come from one identifier of the zone, since an older one may be called
    after another place (Enderbury, now Kanton).
    """
    found = (_in_every_language(each, _city_filed_under(each)) for each in zone_ids(zone))
    return next((each for each in found if each is not None), None)


def _city_filed_under(zone: str) -> Callable[[str], str | None]:
    """CLDR leaves a city out where its name equals the last part of the identifier.

    Languages in Latin letters fall back to that.
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
    """Language -> `text`, for codes, years and names in a language outside the set."""
    return MappingProxyType(dict.fromkeys(LANGUAGES, text))


def own_name(kind: str, code: str, language: str) -> str | None:
    """A territory's or language's name in `language`, where that language is outside the set.

    `kind` is `territories` or `languages`. None where CLDR has no such locale, or the name is also
    that of a language of the set (Angola): then it tells nothing.
    """
    if language in LANGUAGES or "_" in language or not localedata.exists(language):
        return None
    table: Mapping[str, Any] = getattr(locale(language), kind)
    name = table.get(code)
    others = {getattr(locale(each), kind).get(code, "").casefold() for each in LANGUAGES}
    if not name or name == code or name.casefold() in others:
        return None
    return str(name)
