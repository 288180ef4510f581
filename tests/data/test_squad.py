"""SQuADShifts: questions with their paragraphs, to validate training on."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

import tiny
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.data import pairs
from hybridbatch.data.sources import catalog, squad

# The layout of the published files: no title, several answers, a line's end after the paragraph.
CONTENT: dict[str, Any] = {
    "data": [
        {
            "paragraphs": [
                {
                    "context": "The seat was first in Sivas, then in Sis.\n",
                    "qas": [
                        {
                            "question": "where was the seat at first? ",
                            "id": "5d01",
                            "answers": [
                                {"text": "Sivas", "answer_start": 22},
                                {"text": "in Sivas", "answer_start": 19},
                            ],
                        },
                        {
                            "question": "and then?",
                            "id": "5d02",
                            "answers": [{"text": "Sis", "answer_start": 37}],
                        },
                    ],
                }
            ]
        },
        {
            "paragraphs": [
                {
                    "context": "Mitres are worn by bishops.\n",
                    "qas": [
                        {
                            "question": "who wears mitres?",
                            "id": "5d03",
                            "answers": [{"text": "bishops", "answer_start": 19}],
                        },
                        {"question": " ", "id": "5d04", "answers": [{"text": "x"}]},
                        {"question": "why?", "id": "5d05", "answers": []},
                    ],
                }
            ]
        },
    ]
}


def write(folder: Path, content: object, name: str = "new_wiki_v1.0.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_a_pair_is_a_question_with_its_paragraph(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        found = squad.read_files([write(tmp_path, CONTENT)])
    seat = "The seat was first in Sivas, then in Sis."
    assert found == (
        squad.ParagraphPair("new_wiki_v1.0:5d01", "where was the seat at first?", seat),
        squad.ParagraphPair("new_wiki_v1.0:5d02", "and then?", seat),
        squad.ParagraphPair(
            "new_wiki_v1.0:5d03", "who wears mitres?", "Mitres are worn by bishops."
        ),
    )
    assert "2 questions without text or answer left out" in caplog.text


def test_questions_on_one_paragraph_are_one_passage_group(tmp_path: Path) -> None:
    paths = [write(tmp_path, CONTENT), write(tmp_path, CONTENT, "nyt_v1.0.json")]
    table = pairs.build_pairs(
        tiny.made_options(pairs.Options, "pairs", name="squadshifts", kind="squadshifts"), paths
    )
    assert table.num_rows == 6
    assert set(table["language"].to_pylist()) == {"en"}
    assert set(table["split"].to_pylist()) == {"validation"}
    groups = dict(
        zip(table["passage"].to_pylist(), table["passage_group"].to_pylist(), strict=True)
    )
    assert len(set(table["passage_group"].to_pylist())) == len(groups) == 2
    assert len(set(table["question_group"].to_pylist())) == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "not in SQuAD's format"),
        ({"data": [{}]}, "article 0: not in SQuAD's format (key 'paragraphs' is missing)"),
        (
            {"data": [{"paragraphs": [{"context": "a", "qas": [{"id": "1"}]}]}]},
            "article 0, paragraph 0, question 0: key 'question' is missing",
        ),
        (
            {"data": [{"paragraphs": [{"context": 1, "qas": []}]}]},
            "article 0, paragraph 0: context is int, expected text",
        ),
        ({"data": [*CONTENT["data"], CONTENT["data"][0]]}, "question 5d01 occurs twice"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, content: object, message: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(HybridBatchError) as caught:
        squad.read_files([path])
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


def test_no_file_and_no_question_are_errors(tmp_path: Path) -> None:
    with pytest.raises(HybridBatchError, match="no question with an answer"):
        squad.read_files([])
    with pytest.raises(HybridBatchError, match="no such file"):
        squad.read_files([tmp_path / "none.json"])


def test_the_four_files_are_pinned() -> None:
    files = catalog.files_of("squadshifts")
    assert [(Path(file.path).name, file.size) for file in files] == [
        ("new_wiki_v1.0.json", 3_607_393),
        ("nyt_v1.0.json", 4_550_058),
        ("reddit_v1.0.json", 4_170_330),
        ("amazon_reviews_v1.0.json", 4_177_842),
    ]
    assert sum(file.size for file in files) == 16_505_623  # download_size of the same record
