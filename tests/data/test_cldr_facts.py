"""The facts that the embedded data set is made of; values checked by hand against CLDR 47."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridbatch.data.sources.cldr import names
from hybridbatch.data.sources.cldr.facts import RELATIONS, Fact, extract


@pytest.fixture(scope="module")
def facts() -> dict[str, Fact]:
    return {fact.fact_id: fact for fact in extract()}


def values(facts: dict[str, Fact], fact_id: str) -> tuple[str, dict[str, str]]:
    return facts[fact_id].value, dict(facts[fact_id].value_names)


def test_japan_pays_in_yen(facts):
    value, value_names = values(facts, "territory-JP-currency")
    assert value == "currency:JPY"
    assert value_names["de"] == "Japanischer Yen"
    assert value_names["ru"] == "японская иена"
    assert value_names["zh"] == "日元"
    assert facts["territory-JP-currency"].names["el"] == "Ιαπωνία"


@pytest.mark.parametrize(
    ("fact_id", "value"),
    [
        ("territory-DE-currency", "currency:EUR"),
        ("territory-DE-currency_since", "year:1999"),
        ("territory-DE-former_currency", "currency:DEM"),
        ("territory-BR-official_language", "language:pt"),
        ("territory-EG-first_day", "weekday:5"),  # Saturday
        ("territory-US-first_day", "weekday:6"),  # Sunday
        ("territory-NG-first_day", "weekday:0"),  # Monday, though its English is next to America's
        ("territory-IN-time_zone", "zone:India"),
        ("territory-GE-alpha3", "code:GEO"),
        ("territory-GE-local_name", "text:საქართველო"),
        ("territory-PL-time_zone", "zone:Europe_Central"),
        ("city-Asia_Kolkata-city_territory", "territory:IN"),
        ("city-Europe_Vienna-city_territory", "territory:AT"),
        ("city-America_Denver-city_zone", "zone:America_Mountain"),
        ("currency-CHF-currency_code", "code:CHF"),
        ("language-ka-script", "script:Geor"),
        ("language-cy-language_territory", "territory:GB"),
        ("language-cy-own_name", "text:Cymraeg"),
        ("script-Cher-script_territory", "territory:US"),
    ],
)
def test_facts_that_anyone_can_look_up(facts, fact_id, value):
    assert facts[fact_id].value == value


@pytest.mark.parametrize(
    "absent",
    [
        "territory-CH-official_language",  # three of them
        "territory-PA-currency",  # the balboa and the dollar
        "territory-US-time_zone",  # several
        "territory-ST-first_day",  # its one locale inherits the week of Portugal
        "territory-AT-local_name",  # the same as in German, a language of the set
        "city-Asia_Singapore-city_territory",  # the place is called as its country
        "language-de-own_name",
        "language-pt-script",  # Latin script says nothing
        "language-pt-language_territory",  # the official language of its country
        "script-Cyrl-script_territory",  # at home in many
    ],
)
def test_what_has_no_single_or_telling_answer_is_left_out(facts, absent):
    assert absent not in facts


def test_every_relation_has_facts_and_ids_are_unique_and_sorted(facts):
    assert Counter(fact.relation for fact in facts.values()).keys() == RELATIONS.keys()
    ids = [fact.fact_id for fact in extract()]
    assert ids == sorted(set(ids))
    assert all(char.isalnum() or char in "-_+" for each in ids for char in each)


def test_entities_and_values_are_named_in_every_language(facts):
    for fact in facts.values():
        kind, _, code = fact.entity.partition(":")
        assert kind == RELATIONS[fact.relation]
        assert tuple(fact.names) == tuple(fact.value_names) == names.LANGUAGES
        for language, name in fact.names.items():
            assert names.is_translated(language, name, code), (fact.fact_id, language, name)
        if not fact.value.startswith(("code:", "year:", "text:", "weekday:")):
            for language, name in fact.value_names.items():
                assert names.is_translated(language, name, fact.value), (fact.fact_id, language)


def test_a_name_belongs_to_one_entity_of_a_kind(facts):
    for language in names.LANGUAGES:
        named = {(fact.entity, fact.names[language].casefold()) for fact in facts.values()}
        kinds = Counter((entity.split(":")[0], name) for entity, name in named)
        assert max(kinds.values()) == 1


def test_names_left_in_english_are_not_translations():
    assert names.is_translated("ru", "Япония", "JP")
    assert not names.is_translated("ru", "Japan", "JP")
    assert not names.is_translated("de", "JP", "JP")
    assert not names.is_translated("zh", None, "JP")
    assert names.is_translated("de", "Berlin", "Europe/Berlin")


def test_a_city_has_the_name_of_the_same_place_in_every_language():
    assert dict(names.city("Pacific/Kanton") or {})["de"] == "Kanton"  # not Enderbury
    assert dict(names.city("Asia/Kolkata") or {})["en"] == "Kolkata"  # filed under Asia/Calcutta
    assert dict(names.city("Europe/Vienna") or {})["de"] == "Wien"
    assert names.city("Etc/UTC") is None


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz ", min_size=1))
def test_latin_letters_never_count_as_a_name_in_another_script(text):
    assert not any(names.is_translated(each, text, "X") for each in ("ar", "el", "hi", "th", "zh"))
