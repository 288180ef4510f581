"""What is not read: files of other formats, and folders of which a part would be left out."""

import json
import logging
from pathlib import Path

import pytest

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.data.readers.ownsets import read_own_set
from hybridbatch.data.readers.pairtables import read_own_pairs
from hybridbatch.data.readers.problems import MOST_SHOWN, BadDataError
from hybridbatch.data.readers.reading import Reading
from valid_files import ENGLISH, FLAT, PAIRS, lines, separated, write_beir_languages, write_dataset

SQUAD = {"data": [{"paragraphs": [{"context": "C", "qas": [
    {"id": 1, "question": "q", "answers": [{"text": "C"}]}]}]}]}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("faq.csv.zip", "an archive; unpack it"),
        ("faq.tar.gz", "an archive; unpack it"),
        ("faq.csv.zst", "compressed in a way that is not read"),
        ("faq.xlsx", "a spreadsheet; save it as CSV"),
        ("faq.ndjson", "rename it to .jsonl"),
        ("all.en-ar.tmx", "a list of translations"),
        ("faq.pkl", "can run code"),
        ("faq.xml", "only as the topics of a TREC folder"),
        ("faq.sqlite", "export the table"),
        ("faq.odd", "data are read from .parquet"),
    ],
)
def test_a_file_of_another_format_is_told_what_to_do(
    tmp_path: Path, name: str, remedy: str
) -> None:
    (tmp_path / name).write_bytes(b"?")
    with pytest.raises(HybridBatchError, match=remedy):
        read_own_pairs(tmp_path / name, source="mine")


def test_a_folder_of_an_archive_alone_names_it(tmp_path: Path) -> None:
    (tmp_path / "data.zip").write_bytes(b"PK")
    with pytest.raises(HybridBatchError, match=r"data\.zip is an archive; unpack it"):
        read_own_pairs(tmp_path, source="mine")


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        ("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "git lfs pull"),
        ("<!DOCTYPE html>\n<html><body>Not found</body></html>\n", "a web page"),
    ],
)
def test_what_stands_where_the_data_should_be(
    tmp_path: Path, name: str, content: str, remedy: str
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(HybridBatchError, match=remedy):
        read_own_pairs(tmp_path / name, source="mine")


def test_what_a_folder_holds_besides_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "de.csv").write_text("question,passage\nWer?,Ann.\n", encoding="utf-8")
    (tmp_path / "fr.xlsx").write_bytes(b"PK")
    with caplog.at_level(logging.INFO):
        assert read_own_pairs(tmp_path, source="mine").num_rows == 1
    assert f"{tmp_path}: left unread: fr.xlsx" in caplog.messages


def test_the_files_of_a_saved_dataset_are_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        assert read_own_pairs(write_dataset(tmp_path), source="mine").num_rows == len(PAIRS)
    assert not [line for line in caplog.messages if "unread" in line]


def test_a_link_to_a_folder_above_is_refused(tmp_path: Path) -> None:
    (tmp_path / "de.csv").write_text("question,passage\nWer?,Ann.\n", encoding="utf-8")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "again").symlink_to("..")
    with pytest.raises(HybridBatchError, match=r"more/again: a link to a folder above it"):
        read_own_pairs(tmp_path, source="mine")


# Folders of languages.


def test_names_of_languages_in_other_letters(tmp_path: Path) -> None:
    folder = write_beir_languages(tmp_path)
    (folder / "de").rename(folder / "zh_CN")
    (folder / "en").rename(folder / "EN")
    languages = read_own_set(folder).queries["language"].to_pylist()
    assert languages == ["en", "en", "zh-Hans", "zh-Hans"]


def test_a_set_in_a_folder_of_another_name_is_refused(tmp_path: Path) -> None:
    folder = write_beir_languages(tmp_path)
    (folder / "de").rename(folder / "german")
    with pytest.raises(HybridBatchError, match=r"german: holds a retrieval set \(beir\)"):
        read_own_set(folder)
    with pytest.raises(HybridBatchError, match=r"beir: holds a retrieval set \(beir\)"):
        read_own_set(tmp_path)


def test_a_language_without_a_file_that_the_others_have_is_refused(tmp_path: Path) -> None:
    folder = write_beir_languages(tmp_path)
    (folder / "de" / "queries.jsonl").unlink()
    with pytest.raises(HybridBatchError, match=r"de: a folder named by a language, without"):
        read_own_set(folder)


def test_a_part_of_an_mteb_set_that_lacks_a_folder_is_refused(tmp_path: Path) -> None:
    for name in ("en-corpus", "en-queries"):
        (tmp_path / name).mkdir()
    with pytest.raises(HybridBatchError, match="en-corpus, en-queries and en-qrels, one is"):
        read_own_set(tmp_path)


def test_a_folder_that_names_no_known_language_is_said(tmp_path: Path) -> None:
    folder = write_beir_languages(tmp_path)
    (folder / "de").rename(folder / "xx")
    with pytest.raises(BadDataError) as caught:
        read_own_set(folder)
    assert "no language ('xx' is none that is known)" in caught.value.problems[0]


# Tables.


def test_many_wrong_languages_are_counted(tmp_path: Path) -> None:
    rows = [{**FLAT[0], "item_id": str(n), "language": f"lang{n}"} for n in range(50)]
    (tmp_path / "a.csv").write_text(separated(rows, ","), encoding="utf-8")
    with pytest.raises(BadDataError) as caught:
        read_own_pairs(tmp_path / "a.csv", source="mine")
    assert (len(caught.value.problems), caught.value.count) == (MOST_SHOWN, 50)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("item_id, language,question,passage\n", "unexpected: ' language'"),
        ("item_id,language,question,passage,\n", "unexpected: ''"),
        ("question,passage\n", "missing: item_id, language.*or set `language`"),
    ],
)
def test_names_of_columns_are_shown_as_they_are(tmp_path: Path, content: str, problem: str) -> None:
    row = ",".join(["en"] * (content.count(",") + 1))
    (tmp_path / "a.csv").write_text(f"{content}{row}\n", encoding="utf-8")
    with pytest.raises(HybridBatchError, match=problem):
        read_own_pairs(tmp_path / "a.csv", source="mine")


def test_line_ends_of_old_macs_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(separated(FLAT, ",").replace("\n", "\r"), encoding="utf-8")
    with pytest.raises(HybridBatchError, match="line 1 holds a carriage return"):
        read_own_pairs(tmp_path / "a.csv", source="mine")


def test_the_first_line_of_judgements_names_their_columns(tmp_path: Path) -> None:
    folder = write_beir_languages(tmp_path)
    (folder / "de" / "qrels" / "test.tsv").write_text("q1\tp1\t1\n", encoding="utf-8")
    with pytest.raises(HybridBatchError, match="no rows below the first line, which names"):
        read_own_set(folder)


def test_an_object_over_several_lines_is_one_row(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(PAIRS[0], indent=1), encoding="utf-8")
    assert read_own_pairs(path, source="mine").num_rows == 1
    path.write_text(lines(PAIRS), encoding="utf-8")
    assert read_own_pairs(path, source="mine").num_rows == len(PAIRS)


@pytest.mark.parametrize("indent", [None, 1])
def test_an_object_around_the_rows_is_named(tmp_path: Path, indent: int | None) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"version": "1", "rows": PAIRS}, indent=indent), encoding="utf-8")
    with pytest.raises(HybridBatchError, match="an object whose key 'rows' holds the rows"):
        read_own_pairs(path, source="mine")


@pytest.mark.parametrize("before", [{}, {"version": 1.1}, {"version": "2", "name": "x"}])
def test_squads_format_is_told_by_its_data(tmp_path: Path, before: dict[str, object]) -> None:
    (tmp_path / "a.json").write_text(json.dumps({**before, **SQUAD}), encoding="utf-8")
    assert read_own_pairs(tmp_path / "a.json", source="m", reading=ENGLISH).num_rows == 1


# Topics.


def topics(folder: Path, content: str, *, name: str = "topics.txt") -> list[tuple[str, str]]:
    """The ids and texts of the queries that topics hold, each with one relevant document."""
    (folder / name).write_text(content, encoding="utf-8")
    (folder / "docs.tsv").write_text("d1\tAnn keeps the light.\n", encoding="utf-8")
    qrels = "1 0 d1 1\n2 0 d1 1\n"
    (folder / "qrels.txt").write_text(qrels, encoding="utf-8")
    found = read_own_set(folder, reading=Reading(language="en", format="trec")).queries
    return list(zip(found["query_id"].to_pylist(), found["text"].to_pylist(), strict=True))


def test_a_title_may_hold_a_mark(tmp_path: Path) -> None:
    content = (
        "<top>\n<num> Number: 1\n<dom> Domain: Sums\n<title> a < b and <b>c</b>\n"
        "<desc> Description:\nThe sum.\n</top>\n"
        '<top lang="en">\n<num>2</num>\n<EN-title>light</EN-title>\n<EN-desc>x</EN-desc></top>\n'
    )
    found = topics(tmp_path, content)
    assert found == [("en:1", "a < b and <b>c</b>"), ("en:2", "light")]


@pytest.mark.parametrize(
    "content",
    [
        '<topics task="x"><topic number="1"><query>a &lt; b</query><narrative>n</narrative>'
        '</topic><topic number="2"><query>the\n light</query></topic></topics>',
        '<?xml version="1.0" encoding="UTF-8"?>\n<topics><top><num>1</num><title>a &lt; b</title>'
        "</top><top><num>2</num><title>the light</title></top></topics>",
        "<topics><topic><number>1</number><EN-title>a &lt; b</EN-title></topic>"
        "<topic><number>2</number><EN-title>the <i>light</i></EN-title></topic></topics>",
        '<topics><topic number="1">a &lt; b</topic><topic number="2">the light</topic></topics>',
    ],
)
def test_topics_in_xml(tmp_path: Path, content: str) -> None:
    found = topics(tmp_path, content, name="topics.xml")
    assert found == [("en:1", "a < b"), ("en:2", "the light")]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("<topics><topic number='1'>a", "not well-formed XML"),
        ("<topics></topics>", "no <topic> in the XML"),
        ("<topics><topic><query>a</query></topic></topics>", "topic 1 has no number"),
        ("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><topics/>", "a document type"),
    ],
)
def test_broken_topics_in_xml_are_one_line(tmp_path: Path, content: str, problem: str) -> None:
    with pytest.raises(HybridBatchError, match=problem) as caught:
        topics(tmp_path, content, name="topics.xml")
    assert "\n" not in str(caught.value)
