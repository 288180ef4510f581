"""The embedded data set: split, uniqueness, hard negatives, benchmark rows, templates."""

import hashlib
import json
import os
import re
import string
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridbatch.data.sources.cldr import generate
from hybridbatch.data.sources.cldr.facts import RELATIONS, Fact, extract
from hybridbatch.data.sources.cldr.names import LANGUAGES, same_in_every_language
from hybridbatch.data.sources.cldr.render import passages, questions, stable_hash
from hybridbatch.data.sources.cldr.templates import templates
from hybridbatch.planning.item_counts import BUILT_IN

WORKFLOW = Path(generate.__file__).parents[3]
QUOTED = re.compile(r"[«“„](.*?)[»”“]")


@pytest.fixture(scope="module")
def items():
    return {item.item_id: item for item in generate.generate()}


@pytest.fixture(scope="module")
def rows():
    return generate.pair_rows()


@pytest.fixture(scope="module")
def benchmark():
    return generate.benchmark_rows()


def placeholders(template: str) -> list[str]:
    return [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]


@pytest.mark.parametrize("language", LANGUAGES)
def test_templates_cover_every_relation_with_the_placeholders_they_need(language):
    assert templates(language).relations.keys() == RELATIONS.keys()
    for relation, wordings in templates(language).relations.items():
        assert len(set(wordings.questions)) >= 3 and len(set(wordings.passages)) >= 3, relation
        for question in wordings.questions:
            assert placeholders(question) == ["entity"], question
        for passage in wordings.passages:
            assert sorted(placeholders(passage)) == ["entity", "value"], passage
    for reference in templates(language).cross_references:
        assert placeholders(reference) == ["other"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_wording_serves_two_relations(language):
    wordings = [
        text
        for wording in templates(language).relations.values()
        for text in (*wording.questions, *wording.passages)
    ]
    assert len(wordings) == len(set(wordings))


def test_an_item_reads_as_expected(items):
    item = items["territory-LA-currency"]
    assert item.split == "train"
    assert item.questions["en"] == "What do people pay with in “Laos”?"
    assert item.questions["de"] == "Womit bezahlt man im Land „Laos“?"
    assert item.passages["tr"] == (
        "“Laos” ülkesindeki mağazalar ve bankalar “Laos kipi” para birimiyle çalışır."
    )
    assert item.hard_negative_ids == (
        "territory-LA-currency_since",
        "territory-LV-currency",
        "territory-LA-official_language",
    )


def test_a_cross_reference_names_the_most_similar_entry(items):
    assert items["language-sk-own_name"].passages["en"] == (
        "In its own spelling the language “Slovak” is “slovenčina”. Compare the entry “Slovenian”."
    )


def test_counts(items, benchmark):
    splits = Counter(item.split for item in items.values())
    assert 1000 <= splits["train"] <= 2500
    assert 300 <= splits["test"] <= 450
    queries, candidates, qrels = benchmark
    assert len(queries) == 11 * splits["test"]
    assert len(qrels) == 11 * len(queries)
    assert len(candidates) == 11 * (splits["test"] + len(generate.distractors())) <= 8000


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_question_belongs_to_one_item_and_a_passage_to_one(items, language):
    for side in ("questions", "passages"):
        texts = Counter(getattr(item, side)[language] for item in items.values())
        assert max(texts.values()) == 1


def test_every_candidate_of_the_benchmark_is_a_text_of_its_own(benchmark):
    _, candidates, _ = benchmark
    texts = Counter((row["language"], row["text"]) for row in candidates)
    assert max(texts.values()) == 1


def test_texts_hold_the_names_and_no_placeholder(items):
    facts = {fact.fact_id: fact for fact in extract()}
    for item_id, item in items.items():
        fact = facts[item_id]
        for language in LANGUAGES:
            assert fact.names[language] in item.questions[language]
            assert fact.names[language] in item.passages[language]
            assert fact.value_names[language] in item.passages[language]
            assert not set("{}") & set(item.questions[language] + item.passages[language])


def test_no_fact_of_a_held_out_home_is_trained_on(items):
    facts = {fact.fact_id: fact for fact in extract()}
    train = [facts[item.item_id] for item in items.values() if item.split == "train"]
    test = [facts[item.item_id] for item in items.values() if item.split == "test"]
    held_out = {fact.home for fact in test}
    assert "GR" in held_out and "" not in held_out
    assert not held_out & {fact.home for fact in train}
    assert not held_out & {fact.value_home for fact in train}
    # Cyprus is trained on, but not that Greek is spoken there.
    assert items["territory-CY-alpha3"].split == "train"
    assert "territory-CY-spoken_language" not in items
    unasked = {each.passage_id for each in generate.distractors()}
    assert "territory-CY-spoken_language" in unasked


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_training_text_names_a_held_out_territory(items, language):
    facts = {fact.fact_id: fact for fact in extract()}
    held_out = {
        facts[item.item_id].names[language]
        for item in items.values()
        if item.split == "test" and facts[item.item_id].entity.startswith("territory:")
    }
    # In Thai, Syria and the Syriac language share a name.
    other = {
        facts[item.item_id].names[language]
        for item in items.values()
        if item.split == "train" and not facts[item.item_id].entity.startswith("territory:")
    }
    named = {
        name
        for item in items.values()
        if item.split == "train"
        for text in (item.questions[language], item.passages[language])
        for name in QUOTED.findall(text)
    }
    assert len(held_out) > 30
    assert not (held_out - other) & named


def test_hard_negatives_are_near_misses_of_the_same_split(items):
    for item in items.values():
        assert 1 <= len(item.hard_negative_ids) == len(set(item.hard_negative_ids)) <= 3
        own_entity, _, own_relation = item.item_id.rpartition("-")
        for other_id in item.hard_negative_ids:
            entity, _, relation = other_id.rpartition("-")
            assert items[other_id].split == item.split
            assert items[other_id].passage_group != item.passage_group
            assert (entity == own_entity) != (relation == own_relation)


def test_pair_rows_have_every_language_and_passages_as_hard_negatives(items, rows):
    assert len(rows) == 11 * len(items)
    trained = {row["item_id"] for row in rows if row["split"] == "train"}
    assert len(trained) == BUILT_IN["cldr"]  # which planning takes for the largest batch
    keys = [(row["item_id"], row["language"]) for row in rows]
    assert keys == sorted(set(keys))
    assert {row["source"] for row in rows} == {"cldr"}
    assert {row["split"] for row in rows} == {"train", "test"}
    row = next(each for each in rows if each["item_id"] == "territory-LA-currency")
    assert row["language"] == "ar"
    assert row["hard_negatives"][1] == items["territory-LV-currency"].passages["ar"]


def test_qrels_name_the_answer_in_every_language(benchmark):
    queries, candidates, qrels = benchmark
    known = {row["passage_id"] for row in candidates}
    relevant: dict[str, set[str]] = {row["query_id"]: set() for row in queries}
    for row in qrels:
        assert row["relevance"] == 1 and row["passage_id"] in known
        relevant[row["query_id"]].add(row["passage_id"])
    for row in queries:
        expected = {f"{language}:{row['item_id']}" for language in LANGUAGES}
        assert relevant[row["query_id"]] == expected
        assert row["query_id"] == f"{row['language']}:{row['item_id']}"


def test_distractors_answer_no_question(items):
    for each in generate.distractors():
        assert each.passage_id not in items
        assert tuple(each.passages) == LANGUAGES


def test_the_same_bytes_in_another_process_with_another_hash_seed(rows):
    code = (
        "import hashlib, json; "
        "from hybridbatch.data.sources.cldr.generate import benchmark_rows, pair_rows; "
        "print(hashlib.sha256(json.dumps([pair_rows(), benchmark_rows()]).encode()).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "17", "PYTHONPATH": str(WORKFLOW)}
    other = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    here = hashlib.sha256(json.dumps([rows, generate.benchmark_rows()]).encode()).hexdigest()
    assert other.stdout.strip() == here


def test_the_rows_are_those_of_the_first_release_of_these_templates(rows, benchmark):
    """With Babel's CLDR of that time; another release of it changes names, and so the digest."""
    made = hashlib.sha256(json.dumps([rows, benchmark]).encode()).hexdigest()
    assert made == "da07e3cb444e0e3165ff584f23887376de45b4c2a4fe42063808b50117fdf044"


@given(
    relation=st.sampled_from(sorted(RELATIONS)),
    name=st.text(alphabet="abc éΩ中", min_size=1),
    value=st.text(alphabet="xyz123", min_size=1),
)
def test_any_fact_renders_in_every_language(relation, name, value):
    fact = Fact(
        entity=f"{RELATIONS[relation]}:{name}",
        relation=relation,
        value=f"text:{value}",
        names=same_in_every_language(name),
        value_names=same_in_every_language(value),
        home="",
    )
    other = Fact("territory:ZZ", relation, "text:v", same_in_every_language("Other"), {}, "")
    asked, stated, referring = questions(fact), passages(fact), passages(fact, see_also=other)
    for language in LANGUAGES:
        assert name in asked[language]
        assert name in stated[language] and value in stated[language]
        assert referring[language].startswith(stated[language])
        assert "Other" in referring[language]


@given(st.lists(st.text(), min_size=1, max_size=3))
def test_the_hash_depends_on_the_parts_and_on_where_they_are_cut(parts):
    assert 0 <= stable_hash(*parts) < 2**64
    assert stable_hash(*parts) == stable_hash(*parts)
    assert stable_hash("a", "b") != stable_hash("ab")
