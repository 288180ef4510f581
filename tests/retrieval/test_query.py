"""A question finds what the stages ranked: the same passages, order and scores."""

import io
from pathlib import Path

import numpy as np
import pytest

import finished_case as case
from finished_case import Printed, ask, query, refusal
from hybridbatch.common.display import display_width
from hybridbatch.common.records import making, read_record
from hybridbatch.common.tables import read_table, table_from_rows, write_table
from hybridbatch.retrieval.query_model import QuestionEncoder
from hybridbatch.retrieval.query_results import read_evaluated
from hybridbatch.schemas.every import (
    PASSAGE_EMBEDDINGS,
    PASSAGES,
    QRELS,
    QUERIES,
    QUERY_EMBEDDINGS,
    RANKINGS,
)

K = 5


def texts(results: Path, benchmark: str = case.BENCHMARK) -> dict[str, str]:
    table = read_table(results / "benchmarks" / benchmark / "queries.parquet", QUERIES)
    return {row["query_id"]: row["text"] for row in table.to_pylist()}


def found(answer: dict, run: str = case.UNTRAINED) -> list[tuple[int, str, float]]:
    (passages,) = [each["passages"] for each in answer["runs"] if each["run"] == run]
    return [(each["rank"], each["passage_id"], each["score"]) for each in passages]


def listed(file: Path, *, k: int = K) -> dict[str, list[tuple[int, str, float]]]:
    """What a stage ranked first, by query."""
    ranked: dict[str, list[tuple[int, str, float]]] = {}
    for row in read_table(file, RANKINGS).to_pylist():
        if row["rank"] <= k:
            entry = (row["rank"], row["passage_id"], row["score"])
            ranked.setdefault(row["query_id"], []).append(entry)
    return ranked


def check_equal(results: Path, capfd: Printed, run: str, benchmark: str, *words: str) -> None:
    setting = words[1] if words else "all"
    ranked = listed(results / "rankings" / run / benchmark / f"{setting}.parquet")
    asked = {name: text for name, text in texts(results, benchmark).items() if name in ranked}
    assert len(asked) > 10
    options = ("--run", run, "--benchmark", benchmark, "-k", K, *words)
    answers = ask(results, capfd, *options, lines="\n".join(asked.values()))
    for (name, text), answer in zip(asked.items(), answers, strict=True):
        assert (answer["question"], answer["benchmark"]) == (text, benchmark)
        assert answer["query_ids"] == [name]
        assert found(answer, run) == ranked[name]


# What is found


@pytest.mark.parametrize("words", [(), ("--passages", "ar"), ("--passages", "en")])
@pytest.mark.parametrize("run", [case.UNTRAINED, case.TRAINED])
def test_the_questions_of_a_benchmark_find_what_retrieve_ranked(
    results: Path, capfd: Printed, run: str, words: tuple[str, ...]
) -> None:
    check_equal(results, capfd, run, case.BENCHMARK, *words)


@pytest.mark.parametrize("words", [(), ("--passages", "ar"), ("--passages", "en")])
def test_the_questions_of_a_sharded_benchmark_find_what_search_and_pool_ranked(
    results: Path, capfd: Printed, words: tuple[str, ...]
) -> None:
    check_equal(results, capfd, case.UNTRAINED, case.SHARDED, *words)


@pytest.mark.parametrize("factory", ["HNSW4", "IVF2,Flat", "SQ8"])
def test_approximate_indexes_are_searched_as_the_stages_search_them(
    tmp_path: Path, capfd: Printed, factory: str
) -> None:
    folder = tmp_path / "results"
    options = {"factory": factory, "nprobe": 1, "ef_search": 2, "max_tokens": 32}
    case.finish(folder, **options)
    case.finish_shards(folder, pool=("ar", "de"), size=1000, **options)
    check_equal(folder, capfd, case.UNTRAINED, case.BENCHMARK)
    check_equal(folder, capfd, case.UNTRAINED, case.SHARDED)


def test_passages_of_two_languages_are_a_pool(results: Path, capfd: Printed) -> None:
    """The pool of all languages without the passages of the third."""
    full = listed(results / "rankings" / case.UNTRAINED / case.BENCHMARK / "all.parquet", k=99)
    name, text = next(iter(texts(results).items()))
    (answer,) = ask(results, capfd, text, "--run", case.UNTRAINED, "--benchmark", case.BENCHMARK,
                    "-k", 4, "--passages", "de", "ar")  # fmt: skip
    two = [entry for entry in full[name] if not entry[1].startswith("en:")]
    assert [entry[1:] for entry in found(answer)] == [entry[1:] for entry in two[:4]]
    assert [entry[0] for entry in found(answer)] == [1, 2, 3, 4]


def test_a_sharded_benchmark_without_a_pool_is_searched_in_all_languages(
    copy: Path, capfd: Printed
) -> None:
    rankings = copy / "rankings" / case.UNTRAINED
    (rankings / case.SHARDED / "all.parquet").unlink()
    # The same passages, unsharded, have a pool of all languages.
    ranked = listed(rankings / case.BENCHMARK / "all.parquet")
    asked = texts(copy)
    answers = ask(copy, capfd, "--benchmark", case.SHARDED, "-k", K,
                  lines="\n".join(asked.values()))  # fmt: skip
    for name, answer in zip(asked, answers, strict=True):
        scores = [score for _, _, score in ranked[name]]
        assert [score for _, _, score in found(answer)] == pytest.approx(scores, abs=1e-6)
    languages = {passage.split(":")[0] for each in answers for _, passage, _ in found(each)}
    assert languages == {"ar", "de", "en"}


def test_a_question_may_stand_after_the_languages(results: Path, capfd: Printed) -> None:
    words = ("--run", case.TRAINED, "-k", 1)
    for options in (("--passages", "de", "en"), ("--language", "de")):
        (answer,) = ask(results, capfd, *words, *options, "Wer ist da?")
        assert answer["question"] == "Wer ist da?"
    line = refusal(results, capfd, "Wer?", "--run", case.TRAINED, "--passages", "de", "Wo?")
    assert line.startswith("--passages: 'Wo?' is not in the benchmark")


def test_the_words_of_a_question_need_no_quotation_marks(results: Path, capfd: Printed) -> None:
    (answer,) = ask(results, capfd, "Wer", "ist", "da?", "--run", case.TRAINED, "-k", 1)
    assert answer["question"] == "Wer ist da?"


def test_passages_come_with_their_texts_and_relevance(results: Path, capfd: Printed) -> None:
    passages = {
        row["passage_id"]: row
        for row in read_table(
            results / "benchmarks" / case.BENCHMARK / "passages.parquet", PASSAGES
        ).to_pylist()
    }
    qrels = read_table(results / "benchmarks" / case.BENCHMARK / "qrels.parquet", QRELS)
    relevant = {(row["query_id"], row["passage_id"]) for row in qrels.to_pylist()}
    marks = []
    for benchmark in (case.BENCHMARK, case.SHARDED):
        answers = ask(results, capfd, "--run", case.UNTRAINED, "--benchmark", benchmark,
                      "-k", 30, lines="\n".join(texts(results).values()))  # fmt: skip
        for answer in answers:
            (name,) = answer["query_ids"]
            for each in answer["runs"][0]["passages"]:
                row = passages[each["passage_id"]]
                assert {key: each[key] for key in row} == row
                marks.append(each["relevant"])
                assert marks[-1] is ((name, each["passage_id"]) in relevant)
    assert True in marks and False in marks


def test_a_new_question_is_encoded_as_the_queries_were(results: Path, capfd: Printed) -> None:
    """A text of the benchmark, encoded again, is its vector; another prefix would not be."""
    for run in (case.UNTRAINED, case.TRAINED):
        evaluated = read_evaluated(results, run, case.BENCHMARK, passages=())
        encoder = QuestionEncoder(evaluated)
        stored = read_table(evaluated.place(QUERY_EMBEDDINGS.path), QUERY_EMBEDDINGS)
        vectors = dict(zip(stored["query_id"].to_pylist(), stored["embedding"].to_pylist(),
                           strict=True))  # fmt: skip
        for name, text in list(texts(results).items())[:20]:
            again = encoder.vector(text)
            np.testing.assert_allclose(again[0], vectors[name], atol=1e-6)
            assert np.abs(encoder.vector(f"query: {text}")[0] - vectors[name]).max() > 1e-3
    (answer,) = ask(results, capfd, "something new", "--run", case.TRAINED, "--benchmark",
                    case.BENCHMARK, "-k", 3)  # fmt: skip
    assert answer["query_ids"] == []
    vector = encoder.vector("something new")
    table = read_table(results / "embeddings" / case.TRAINED / case.BENCHMARK / "passages.parquet",
                       PASSAGE_EMBEDDINGS)  # fmt: skip
    scores = np.array(table["embedding"].to_pylist(), dtype=np.float32) @ vector[0]
    best = np.argsort(-scores)[:3]
    assert [entry[1] for entry in found(answer, case.TRAINED)] == [
        table["passage_id"][int(row)].as_py() for row in best
    ]
    assert [entry[2] for entry in found(answer, case.TRAINED)] == pytest.approx(scores[best])
    assert {each["relevant"] for each in answer["runs"][0]["passages"]} == {None}


def test_options_of_encoding_come_from_the_results(tmp_path: Path, capfd: Printed) -> None:
    folder = case.finish(tmp_path / "results", pooling="cls", max_tokens=16, dtype="float16")
    evaluated = read_evaluated(folder, case.UNTRAINED, case.BENCHMARK, passages=())
    stored = read_table(evaluated.place(QUERY_EMBEDDINGS.path), QUERY_EMBEDDINGS)
    vector = QuestionEncoder(evaluated).vector(texts(folder)[stored["query_id"][0].as_py()])
    assert (vector == vector.astype(np.float16)).all()
    expected = np.array(stored["embedding"][0].as_py(), dtype=np.float32)
    np.testing.assert_allclose(vector[0], expected, atol=1e-3)
    check_equal(folder, capfd, case.UNTRAINED, case.BENCHMARK)


def test_the_language_of_a_question_says_which_of_equal_texts_is_meant(
    copy: Path, capfd: Printed
) -> None:
    file = copy / "benchmarks" / case.BENCHMARK / "queries.parquet"
    rows = read_table(file, QUERIES).to_pylist()
    for row in rows[:3]:  # the first item in three languages
        row["text"] = " Same?"
    with making(read_record(file)):
        write_table(table_from_rows(rows, QUERIES), file, QUERIES)
    options = ("Same? ", "--run", case.UNTRAINED, "--benchmark", case.BENCHMARK)
    (answer,) = ask(copy, capfd, *options)
    assert answer["query_ids"] == ["ar:item-100", "de:item-100", "en:item-100"]
    (answer,) = ask(copy, capfd, *options, "--language", "en", "de")
    assert answer["query_ids"] == ["de:item-100", "en:item-100"]
    (answer,) = ask(copy, capfd, "Other?", *options[1:])
    assert answer["query_ids"] == []


# What is printed


def test_two_runs_are_side_by_side_or_one_below_the_other(
    results: Path, capfd: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, text = next(iter(texts(results).items()))
    words = (text, "--run", case.TRAINED, "--run", case.UNTRAINED, "--benchmark", case.BENCHMARK)
    ranked = {
        run: listed(results / "rankings" / run / case.BENCHMARK / "all.parquet")[name]
        for run in (case.TRAINED, case.UNTRAINED)
    }
    assert ranked[case.TRAINED] != ranked[case.UNTRAINED]
    printed = {}
    for columns in (121, 122):
        monkeypatch.setenv("COLUMNS", str(columns))
        capfd.readouterr()
        assert query(results, "-k", K, *words) == 0
        printed[columns] = capfd.readouterr().out.splitlines()
        assert max(map(display_width, printed[columns])) <= columns
    heading, *below = printed[121]
    assert heading == f"* is relevant for {name}"
    assert below.index(case.TRAINED) == 0 and below.index(case.UNTRAINED) == K + 2
    heading, *beside = printed[122]
    assert beside[0].split() == [case.TRAINED, case.UNTRAINED]
    for place, run in enumerate(ranked):
        column = [line[62 * place :][:60] for line in beside[1:]]
        block = below[(K + 2) * place + 1 :][:K]
        for (rank, passage, score), *lines in zip(ranked[run], column, block, strict=True):
            for line in lines:
                assert line.replace("*", " ").split()[:4] == [
                    str(rank), f"{score:.4f}", passage.split(":")[0], passage
                ]  # fmt: skip
                assert ("*" in line) is passage.endswith(name.split(":")[1])


def test_lines_are_answered_until_the_input_ends(
    results: Path, capfd: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []
    monkeypatch.setattr(
        "hybridbatch.retrieval.query_model.QuestionEncoder",
        lambda evaluated: loaded.append(evaluated.run) or QuestionEncoder(evaluated),
    )
    first, second = list(texts(results).values())[:2]
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{first}\n\n  \n{second}\nnew"))
    monkeypatch.setenv("COLUMNS", "70")
    words = ("--run", case.TRAINED, "--benchmark", case.BENCHMARK, "-k", 1)
    assert query(results, *words) == 0
    printed = capfd.readouterr()
    lines = printed.out.splitlines()
    assert lines.count(case.TRAINED) == 3 and len(lines) == 3 * 2 + 2
    assert printed.err.count("answered in") == 3
    assert loaded == [case.TRAINED]


def test_in_a_narrow_terminal_the_text_stands_below(
    results: Path, capfd: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, text = next(iter(texts(results).items()))
    passages = read_table(results / "benchmarks" / case.BENCHMARK / "passages.parquet", PASSAGES)
    shown = dict(zip(passages["passage_id"].to_pylist(), passages["text"].to_pylist(), strict=True))
    ranked = listed(results / "rankings" / case.TRAINED / case.BENCHMARK / "all.parquet")[name]
    monkeypatch.setenv("COLUMNS", "20")
    capfd.readouterr()
    assert query(results, "-k", 2, text, "--run", case.TRAINED) == 0
    _, run, *lines = capfd.readouterr().out.splitlines()
    assert run == case.TRAINED and len(lines) == 4
    for (rank, passage, score), above, below in zip(
        ranked[:2], lines[::2], lines[1::2], strict=True
    ):
        start = f"{rank} {score:.4f} {passage.split(':')[0]}"
        assert above.replace("*", "").split() == [*start.split(), f"{passage[:6]}…"]
        assert below.strip(" \u2068\u2069") == shown[passage]
        assert display_width(above) <= 20 >= display_width(below)


def test_a_question_of_the_benchmark_needs_no_model(
    results: Path, capfd: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hybridbatch.retrieval.query_model.QuestionEncoder", None)
    name, text = next(iter(texts(results).items()))
    (answer,) = ask(results, capfd, f" {text}", "--run", case.TRAINED, "-k", 1)
    assert answer["query_ids"] == [name]


def test_a_byte_order_mark_belongs_to_no_question(results: Path, capfd: Printed) -> None:
    name, text = next(iter(texts(results).items()))
    (answer,) = ask(results, capfd, "--run", case.TRAINED, "-k", 1, lines=f"\ufeff{text}\r\n")
    assert (answer["question"], answer["query_ids"]) == (text, [name])


def test_a_wrong_line_does_not_end_the_questions_of_a_person(
    results: Path, capfd: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hybridbatch.retrieval.query._is_terminal", lambda: True)
    typed = ["new", "\udce9"]

    def one(_prompt: str) -> str:
        if not typed:
            raise EOFError
        return typed.pop()

    monkeypatch.setattr("builtins.input", one)
    capfd.readouterr()
    assert query(results, "--run", case.TRAINED, "-k", 1) == 0
    printed = capfd.readouterr()
    assert "error: the question: not Unicode" in printed.err
    assert printed.out.splitlines()[0] == case.TRAINED


def test_one_json_line_for_each_answer_holds_all_runs(results: Path, capfd: Printed) -> None:
    runs = [case.UNTRAINED, case.TRAINED]
    (answer,) = ask(results, capfd, "سؤال 问", "--run", runs[0], "--run", runs[1], "--run", runs[0],
                    "--benchmark", case.BENCHMARK, "-k", 2)  # fmt: skip
    assert list(answer) == ["question", "benchmark", "query_ids", "runs"]
    assert answer["question"] == "سؤال 问"
    assert [each["run"] for each in answer["runs"]] == runs
    for each in answer["runs"]:
        assert [passage["rank"] for passage in each["passages"]] == [1, 2]
        keys = {"rank", "passage_id", "language", "title", "text", "score", "relevant"}
        assert {frozenset(passage) for passage in each["passages"]} == {frozenset(keys)}


def test_an_output_that_lacks_letters_shows_their_numbers_and_json_is_utf_8(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = texts(results)["ar:item-100"]
    assert not text.isascii()
    for words in ((), ("--json",)):
        output = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
        monkeypatch.setattr("sys.stdout", output)
        assert query(results, text, "--run", case.TRAINED, "-k", 1, *words) == 0
        printed = output.buffer.getvalue()
        assert (text.encode() in printed) is bool(words)
        assert printed.isascii() is not bool(words)


def test_a_list_ends_with_the_passages(results: Path, capfd: Printed) -> None:
    words = ("new", "--run", case.UNTRAINED, "--passages", "ar", "-k", 500, "--benchmark")
    for benchmark in (case.BENCHMARK, case.SHARDED):
        (answer,) = ask(results, capfd, *words, benchmark)
        assert [entry[0] for entry in found(answer)] == list(range(1, 31))
