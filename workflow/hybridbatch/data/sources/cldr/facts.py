"""Facts about territories, currencies, languages, scripts and cities, from CLDR through Babel.

Every fact is true according to CLDR at the date of its release: the currency of a territory is the
only one that is legal tender without an end date, an official language is the only one with the
status "official" or "de facto official", and so on. Facts whose names are not translated into all
of `names.LANGUAGES` are left out, and so are entities that share a name with another entity of
their kind in a language.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

from babel import localedata
from babel.core import get_global

from hybridbatch.data.sources.cldr import names

# Relation -> kind of its entity.
RELATIONS: Mapping[str, str] = MappingProxyType(
    {
        "currency": "territory",
        "currency_since": "territory",
        "former_currency": "territory",
        "official_language": "territory",
        "spoken_language": "territory",
        "first_day": "territory",
        "alpha3": "territory",
        "local_name": "territory",
        "time_zone": "territory",
        "city_territory": "city",
        "city_zone": "city",
        "currency_code": "currency",
        "script": "language",
        "language_territory": "language",
        "own_name": "language",
        "script_territory": "script",
    }
)

# Places whose status is disputed: the questions must not take sides.
_DISPUTED_TERRITORIES = frozenset({"EH", "FK", "GS", "HK", "IL", "MO", "PS", "TW", "XK"})
_DISPUTED_ZONES = frozenset({"Europe/Simferopol"})
_OFFICIAL = frozenset({"official", "de_facto_official"})
# If two currencies ended within this many days, neither is the only former currency.
_SAME_CHANGE_DAYS = 400


@dataclass(frozen=True)
class Fact:
    """A fact: `entity` has `relation` to `value`.

    `entity` and `value` are keys such as `territory:JP` and `currency:JPY`; a value that is not an
    entity has a key such as `year:1948`. `names` and `value_names` map each language to the text.
    `home` and `value_home` are the territories of the entity and the value, "" for none.
    """

    entity: str
    relation: str
    value: str
    names: Mapping[str, str]
    value_names: Mapping[str, str]
    home: str
    value_home: str = ""

    @property
    def fact_id(self) -> str:
        """`{kind}-{code}-{relation}`, with characters that are safe in ids of any format."""
        return f"{self.entity}-{self.relation}".replace(":", "-").replace("/", "_")


class _Value(NamedTuple):
    """A fact's value: its key, its names (None if a translation is missing) and its home."""

    key: str
    names: Mapping[str, str] | None
    home: str = ""


def extract() -> tuple[Fact, ...]:
    """All facts, sorted by id."""
    found = [
        *_territory_facts(),
        *_city_facts(),
        *_currency_facts(),
        *_language_facts(),
        *_script_facts(),
    ]
    return tuple(sorted(_without_shared_names(found), key=lambda fact: fact.fact_id))


def _without_shared_names(found: Iterable[Fact]) -> Iterator[Fact]:
    """Drop entities that share a name with another entity of their kind in a language."""
    facts = list(found)
    entities = {fact.entity: fact.names for fact in facts}
    uses: Counter[tuple[str, str, str]] = Counter()
    for key, texts in entities.items():
        kind = key.partition(":")[0]
        uses.update((kind, language, text.casefold()) for language, text in texts.items())
    for fact in facts:
        kind = RELATIONS[fact.relation]
        if all(uses[kind, lang, text.casefold()] == 1 for lang, text in fact.names.items()):
            yield fact


@cache
def _territories() -> tuple[str, ...]:
    """Codes of the territories that exist today and have translated names."""
    codes = get_global("territory_currencies").keys() & get_global("territory_languages").keys()
    current = [code for code in codes if code in get_global("territory_zones")]
    return tuple(
        code
        for code in sorted(current)
        if code not in _DISPUTED_TERRITORIES and names.territory(code) is not None
    )


def _territory_facts() -> Iterator[Fact]:
    alpha3 = _alpha3()
    first_days = _first_days()
    for code in _territories():
        values: dict[str, _Value] = {}
        values |= _currencies_of(code)
        values |= _languages_of(code)
        if code in first_days:
            day = first_days[code]
            values["first_day"] = _Value(f"weekday:{day}", names.weekday(day))
        if code in alpha3:
            text = alpha3[code]
            values["alpha3"] = _same("code", text)
        zones = {_meta_zone(zone) for zone in get_global("territory_zones")[code]}
        if len(zones) == 1 and (zone := zones.pop()) is not None:
            values["time_zone"] = _Value(f"zone:{zone}", names.meta_zone(zone))
        yield from _facts(f"territory:{code}", names.territory(code), code, values)


def _facts(
    entity: str,
    entity_names: Mapping[str, str] | None,
    home: str,
    values: Mapping[str, _Value],
) -> Iterator[Fact]:
    if entity_names is None:
        return
    for relation, value in values.items():
        if value.names is not None:
            yield Fact(entity, relation, value.key, entity_names, value.names, home, value.home)


def _tenders(code: str) -> list[tuple[str, Any, Any]]:
    rows = get_global("territory_currencies").get(code, [])
    return [(money, start, end) for money, start, end, tender in rows if tender]


def _currencies_of(code: str) -> dict[str, _Value]:
    tenders = _tenders(code)
    current = [(money, start) for money, start, end in tenders if end is None]
    if len(current) != 1:
        return {}
    money, start = current[0]
    found: dict[str, _Value] = {"currency": _money(money)}
    if start is not None:
        found["currency_since"] = _same("year", str(start[0]))
    ended = sorted((_day(end), before) for before, _, end in tenders if end is not None)
    alone = len(ended) == 1 or (ended and ended[-1][0] - ended[-2][0] > _SAME_CHANGE_DAYS)
    if alone and ended[-1][1] != money:
        found["former_currency"] = _money(ended[-1][1])
    return found


def _money(code: str) -> _Value:
    return _Value(f"currency:{code}", names.currency(code), _currency_home(code))


def _same(kind: str, text: str) -> _Value:
    """A value with the same text in every language: a code, a year, or a name in its language."""
    return _Value(f"{kind}:{text}", names.same_in_every_language(text))


def _day(date: tuple[int, int, int]) -> int:
    year, month, day = date
    return 365 * year + 30 * month + day


def _languages_of(code: str) -> dict[str, _Value]:
    spoken = get_global("territory_languages")[code]
    found: dict[str, _Value] = {}
    official = [each for each, row in spoken.items() if row["official_status"] in _OFFICIAL]
    if len(official) == 1:
        found["official_language"] = _language_value(official[0])
    top = _most_spoken(code)
    if top is None:
        return found
    found["spoken_language"] = _language_value(top)
    own = names.own_name("territories", code, top)
    if own is not None:
        found["local_name"] = _same("text", own)
    return found


def _language_value(code: str) -> _Value:
    return _Value(f"language:{code}", names.language_name(code), _subtags(code)[2])


def _most_spoken(code: str) -> str | None:
    """The language with the greatest share of the population; None for a tie or without data."""
    spoken = get_global("territory_languages").get(code, {})
    shares = sorted(((row["population_percent"], each) for each, row in spoken.items()))
    if not shares or (len(shares) > 1 and shares[-1][0] == shares[-2][0]):
        return None
    return str(shares[-1][1])


def _alpha3() -> dict[str, str]:
    """Two-letter code -> three-letter code, for the territories that have exactly one."""
    found: dict[str, list[str]] = defaultdict(list)
    for alias, codes in get_global("territory_aliases").items():
        if len(alias) == 3 and alias.isalpha() and len(codes) == 1:
            found[codes[0]].append(alias)
    return {code: aliases[0] for code, aliases in found.items() if len(aliases) == 1}


def _first_days() -> dict[str, int]:
    """Territory -> first day of the week, 0 for Monday; left out if its locales differ.

    A locale that inherits from the locale of another territory is ignored: Angolan Portuguese would
    give the first day in Portugal.
    """
    found: dict[str, set[int]] = defaultdict(set)
    for identifier in localedata.locale_identifiers():
        parent = get_global("parent_exceptions").get(identifier, "")
        if _names_territory(identifier) and not _names_territory(parent):
            found[identifier[-2:]].add(names.locale(identifier).first_week_day)
    return {code: days.pop() for code, days in found.items() if len(days) == 1}


def _names_territory(identifier: str) -> bool:
    """Whether a locale identifier ends in a territory: `pt_PT`, but not `es_419` or `uz_Cyrl`."""
    last = identifier.rpartition("_")[2]
    return len(last) == 2 and last.isupper()


def _subtags(code: str) -> tuple[str, str, str]:
    """The likely language, script and territory according to CLDR; empty strings if unknown.

    `code` is a language, with or without a script (`ka`, `uz_Arab`), or `und_` and a script
    (`und_Geor`).
    """
    table = get_global("likely_subtags")
    language = code.partition("_")[0]
    likely = table.get(code) or (table.get(language) if language != "und" else None)
    parts = likely.split("_") if likely else []
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else ("", "", "")


@cache
def _currency_home(code: str) -> str:
    """The territory that a currency's first two letters name, else its only user, else ""."""
    if names.territory(code[:2]) is not None and any(
        money == code for money, _, _ in _tenders(code[:2])
    ):
        return code[:2]
    users = [each for each in _territories() if any(row[0] == code for row in _tenders(each))]
    return users[0] if len(users) == 1 else ""


def _meta_zone(zone: str) -> str | None:
    """The current group of a time zone, such as `Europe_Central`."""
    table: Mapping[str, str] = get_global("meta_zones")
    return next((table[each] for each in names.zone_ids(zone) if each in table), None)


def _city_facts() -> Iterator[Fact]:
    zones_of: dict[str, set[str | None]] = defaultdict(set)
    for zone, code in get_global("zone_territories").items():
        zones_of[code].add(_meta_zone(zone))
    for zone, code in sorted(get_global("zone_territories").items()):
        if zone in _DISPUTED_ZONES or code not in _territories():
            continue
        place, land = names.city(zone), names.territory(code)
        if place is None or land is None:
            continue
        values: dict[str, _Value] = {}
        if all(place[each].casefold() != land[each].casefold() for each in names.LANGUAGES):
            values["city_territory"] = _Value(f"territory:{code}", land, code)
        meta = _meta_zone(zone)
        if meta is not None and len(zones_of[code]) > 1:
            values["city_zone"] = _Value(f"zone:{meta}", names.meta_zone(meta))
        yield from _facts(f"city:{zone}", place, code, values)


def _currency_facts() -> Iterator[Fact]:
    current = {money for code in _territories() for money, _, end in _tenders(code) if end is None}
    for code in sorted(current):
        value = _same("code", code)
        yield from _facts(
            f"currency:{code}",
            names.currency(code),
            _currency_home(code),
            {"currency_code": value},
        )


def _language_facts() -> Iterator[Fact]:
    for code in _living_languages():
        _, script, land = _subtags(code)
        values: dict[str, _Value] = {}
        if script and script != "Latn":
            values["script"] = _Value(
                f"script:{script}",
                names.script(script),
                _subtags(f"und_{script}")[2],
            )
        if land and _is_minor(code, land):
            values["language_territory"] = _Value(f"territory:{land}", names.territory(land), land)
        own = names.own_name("languages", code, code)
        if own is not None:
            values["own_name"] = _same("text", own)
        yield from _facts(f"language:{code}", names.language_name(code), land, values)


def _living_languages() -> list[str]:
    """Languages with both speakers and a locale in CLDR."""
    spoken = {each for rows in get_global("territory_languages").values() for each in rows}
    return sorted(each for each in spoken if "_" not in each and localedata.exists(each))


def _is_minor(code: str, land: str) -> bool:
    """Whether a language is spoken in its likely territory, but is not the main language there.

    For the main language, "where is it spoken" and "what is spoken there" would be the same fact.
    """
    row = get_global("territory_languages").get(land, {}).get(code)
    if row is None or row["official_status"] in _OFFICIAL or land not in _territories():
        return False
    return _most_spoken(land) != code


def _script_facts() -> Iterator[Fact]:
    """The home of each script, if all languages usually written in it share a territory."""
    lands: dict[str, set[str]] = defaultdict(set)
    for key in get_global("likely_subtags"):
        language, _, rest = key.partition("_")
        if language != "und" and not rest:
            _, script, land = _subtags(key)
            lands[script].add(land)
    for code, homes in sorted(lands.items()):
        land = _subtags(f"und_{code}")[2]
        if homes == {land} and land in _territories():
            value = _Value(f"territory:{land}", names.territory(land), land)
            yield from _facts(
                f"script:{code}", names.script(code), land, {"script_territory": value}
            )
