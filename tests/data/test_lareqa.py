"""Parsing XQuAD-R and MLQA-R: the counts of the paper, and what a broken file says."""

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.data.sources.catalog import files_of
from hybridbatch.data.sources.lareqa import LareqaFile, read_file, read_files

DATA = Path(__file__).parent / "lareqa"
MIRROR = os.environ.get("HYBRIDBATCH_MIRROR", "")
needs_mirror = pytest.mark.skipif(
    not MIRROR or not Path(MIRROR).is_dir(), reason="set HYBRIDBATCH_MIRROR to a folder"
)

# Questions and candidates as printed in the papers.
XQUAD_R = {
    "ar": (1190, 1222), "de": (1190, 1276), "el": (1190, 1234), "en": (1190, 1180),
    "es": (1190, 1215), "hi": (1190, 1244), "ru": (1190, 1219), "th": (1190, 852),
    "tr": (1190, 1167), "vi": (1190, 1209), "zh": (1190, 1196),
}  # fmt: skip
MLQA_R = {
    "ar": (517, 2545), "de": (512, 2362), "en": (1148, 6264), "es": (500, 1787),
    "hi": (507, 2426), "vi": (511, 2828), "zh": (504, 2322),
}  # fmt: skip


def in_mirror(name: str) -> tuple[LareqaFile, ...]:
    return read_files(Path(MIRROR) / file.path for file in files_of(name))


def test_the_relevant_sentence_holds_the_start_of_the_answer() -> None:
    file = read_file(DATA / "en.json")
    assert file.language == "en"
    assert [(s.original_id, s.text) for s in file.sentences] == [
        ("000-00-00", "The lighthouse was built in 1902."),
        ("000-00-01", "Its keeper, Ann, left in 1961."),
        ("000-01-00", "The harbour freezes in winter."),
        ("001-00-00", "Bees sleep at night."),
    ]
    assert [(q.question_id, q.text, q.answer.text) for q in file.questions] == [
        ("q1", "When was the lighthouse built?", "The lighthouse was built in 1902."),
        ("q2", "Who kept the lighthouse?", "Its keeper, Ann, left in 1961."),
        ("q3", "When do bees sleep?", "Bees sleep at night."),
    ]


def test_the_text_comes_from_sentences_even_where_the_breaks_cut_differently() -> None:
    # In the fixture the German break of the second sentence begins one character late.
    file = read_file(DATA / "de.json")
    assert file.questions[0].answer.text == "Seine Wärterin Ann ging 1961."
    assert file.questions[0].answer.original_id == "000-00-01"


def test_files_come_in_the_order_of_their_languages() -> None:
    files = read_files([DATA / "en.json", DATA / "de.json"])
    assert [file.language for file in files] == ["de", "en"]


@needs_mirror
@pytest.mark.parametrize(("name", "counts"), [("xquad-r", XQUAD_R), ("mlqa-r", MLQA_R)])
def test_the_counts_are_those_of_the_papers(name: str, counts: dict[str, tuple[int, int]]) -> None:
    found = {f.language: (len(f.questions), len(f.sentences)) for f in in_mirror(name)}
    assert found == counts


@needs_mirror
def test_two_turkish_sentences_are_not_what_their_breaks_cut() -> None:
    (turkish,) = [file for file in in_mirror("xquad-r") if file.language == "tr"]
    texts = {sentence.original_id: sentence.text for sentence in turkish.sentences}
    assert texts["009-03-02"].endswith("demir yoluna dönüştürülmüştür.")
    assert texts["009-03-03"].startswith("İki turistik demir yolu")


@needs_mirror
def test_some_chinese_candidates_are_identical() -> None:
    (chinese,) = [file for file in in_mirror("xquad-r") if file.language == "zh"]
    assert len({sentence.text for sentence in chinese.sentences}) == 1192


def broken(folder: Path, change: Any) -> Path:
    """A copy of the English fixture after `change` was applied to its first paragraph."""
    content = json.loads((DATA / "en.json").read_text(encoding="utf-8"))
    change(content["data"][0]["paragraphs"][0])
    path = folder / "en.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda p: p.pop("sentences"), "key 'sentences' is missing"),
        (lambda p: p["sentences"].pop(), "1 sentences but 2 sentence_breaks"),
        (lambda p: p["sentences"].__setitem__(1, " "), "sentence 1 is empty"),
        (lambda p: p["qas"][0].update(question=""), "question q1 has no text"),
        (lambda p: p["qas"][0].update(id=7), "a question has no id"),
        (lambda p: p["qas"][0].update(answers=[]), "question q1 has no answer"),
        (
            lambda p: p["qas"][1]["answers"][0].update(answer_start=900),
            "question q2: its answer starts at 900, in 0 sentences",
        ),
    ],
)
def test_a_broken_paragraph_is_named(tmp_path: Path, change: Any, problem: str) -> None:
    path = broken(tmp_path, change)
    with pytest.raises(HybridBatchError) as caught:
        read_file(path)
    assert str(caught.value).startswith(f"{path}: article 0, paragraph 0: {problem}")
    assert str(caught.value).endswith("download the file again")


def test_a_question_that_comes_twice_is_named(tmp_path: Path) -> None:
    path = broken(tmp_path, lambda p: p["qas"].append(copy.deepcopy(p["qas"][0])))
    with pytest.raises(HybridBatchError, match="question q1 occurs twice"):
        read_file(path)


@pytest.mark.parametrize("text", ["", "[]", '{"version": "1"}', '{"data": [{}]}', "\x00"])
def test_another_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "en.json"
    path.write_text(text)
    with pytest.raises(HybridBatchError, match=r"en\.json: not a LAReQA file"):
        read_file(path)


def test_a_file_that_names_no_language(tmp_path: Path) -> None:
    with pytest.raises(HybridBatchError, match="'questions' is not a language code"):
        read_file(tmp_path / "questions.json")


def test_a_missing_file_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(HybridBatchError, match=r"en\.json: cannot be read \(No such file"):
        read_file(tmp_path / "en.json")
    with pytest.raises(HybridBatchError, match="no file"):
        read_files([])
    with pytest.raises(HybridBatchError, match=r"en\.json occurs twice"):
        read_files([DATA / "en.json", DATA / "en.json"])


@pytest.mark.parametrize("text", ["[" * 200_000, '{"data": ["\\ud83d"]}', '{"data": ' + "7" * 5000])
def test_json_that_python_cannot_hold_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "de.json").write_text(text)
    with pytest.raises(HybridBatchError, match=r"de\.json: not a LAReQA file .*download it again"):
        read_file(tmp_path / "de.json")
