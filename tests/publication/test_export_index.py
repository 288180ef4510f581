"""An exported index answers as the rankings do, by the lines that the card shows."""

import ast
import builtins
import contextlib
import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import faiss
import pytest

import finished_case as case
from hybridbatch.cli import main
from hybridbatch.common.records import FOLDER_RECORD
from hybridbatch.common.tables import read_table
from hybridbatch.retrieval.index import read_vectors
from hybridbatch.schemas.every import PASSAGE_EMBEDDINGS, PASSAGES, QUERIES, RANKINGS

RUN, BENCHMARK = case.TRAINED, case.BENCHMARK


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "results"
    case.finish(folder, runs=(RUN,), query_prefix="query: ", passage_prefix="passage: ",
                max_tokens=32)  # fmt: skip
    case.publish(folder, RUN)
    return folder


def export(results: Path, dest: Path, benchmark: str = BENCHMARK) -> int:
    return main(["export", RUN, str(dest), "--from", str(results), "--index", benchmark])


def refusal(results: Path, dest: Path, capfd: pytest.CaptureFixture[str], *benchmark: str) -> str:
    capfd.readouterr()
    assert export(results, dest, *benchmark) == 2
    assert not dest.exists()
    (line,) = capfd.readouterr().err.strip().splitlines()
    return line.partition("error: ")[2]


def printed(code: str, variables: dict[str, object]) -> list[list[str]]:
    """The words of each line that a piece of code prints."""
    with contextlib.redirect_stdout(io.StringIO()) as output:
        exec(code, variables)
    return [line.split() for line in output.getvalue().splitlines()]


def test_the_lines_on_the_card_find_what_was_ranked(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dest = tmp_path / "my-model"
    assert export(results, dest) == 0
    card = (dest / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", card, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    monkeypatch.chdir(dest)
    tables = results / "benchmarks" / BENCHMARK
    texts = {row["passage_id"]: row["text"]
             for row in read_table(tables / "passages.parquet", PASSAGES).to_pylist()}  # fmt: skip
    ranked = read_table(results / "rankings" / RUN / BENCHMARK / "all.parquet", RANKINGS)
    for query in read_table(tables / "queries.parquet", QUERIES).to_pylist()[:6]:
        expected = [(row["passage_id"], row["score"]) for row in ranked.to_pylist()
                    if row["query_id"] == query["query_id"] and row["rank"] <= 10]  # fmt: skip
        variables: dict[str, object] = {}
        assert blocks[0].count('"..."') == 1
        found = printed(blocks[0].replace('"..."', repr(query["text"])), variables)
        again = printed(blocks[1], variables)
        for lines in (found, again):
            assert [line[1] for line in lines] == [name for name, _ in expected]
            scores = [float(line[0]) for line in lines]
            assert scores == pytest.approx([score for _, score in expected], abs=1e-4)
        assert [" ".join(line[2:]) for line in found] == [texts[name] for name, _ in expected]


ENGINES = ("Qdrant", "Elasticsearch", "Vespa", "LangChain")


def names(code: str) -> tuple[set[str], set[str]]:
    """The names that a piece of code sets, and those that it uses."""
    tree = ast.parse(code)
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    given = {alias.asname or alias.name.partition(".")[0] for node in ast.walk(tree)
             if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names}  # fmt: skip
    given |= {node.id for node in found if isinstance(node.ctx, ast.Store)}
    given |= {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    given |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return given, {node.id for node in found if isinstance(node.ctx, ast.Load)}


def test_the_page_of_the_index_reads_it_and_says_what_was_not_run(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert export(results, tmp_path / "my-model") == 0
    card = (tmp_path / "my-model" / "README.md").read_text(encoding="utf-8")
    place = tmp_path / "my-model" / "index" / BENCHMARK
    assert f"[`index/{BENCHMARK}/README.md`](index/{BENCHMARK}/README.md)" in card
    page = (place / "README.md").read_text(encoding="utf-8")
    tested, untested = page.split("**not run against a server**")
    assert re.findall(r"^## (.*)$", untested, re.MULTILINE) == list(ENGINES)
    monkeypatch.chdir(place)
    (read,) = re.findall(r"^```python\n(.*?)^```$", tested, re.MULTILINE | re.DOTALL)
    variables: dict[str, Any] = {}
    assert printed(read, variables) == []
    vectors, passages, question = (variables[key] for key in ("vectors", "passages", "question"))
    assert vectors.shape == (90, 32) and question.shape == (32,)
    assert list(passages[0]) == ["passage_id", "language", "title", "text"]
    first = read_vectors(results / "embeddings" / RUN / BENCHMARK / "passages.parquet",
                         PASSAGE_EMBEDDINGS)  # fmt: skip
    row = first.ids.to_pylist().index(passages[7]["passage_id"])
    assert (vectors[7] == first.values[row]).all()
    # The others can be run after it: they are Python, and every name in them is known.
    for code in re.findall(r"^```python\n(.*?)^```$", untested, re.MULTILINE | re.DOTALL):
        given, used = names(code)
        assert used <= given | set(dir(builtins)) | names(read)[0]
        assert {"vectors", "passages", "question" if "question" in code else "model"} <= used
    assert untested.count("tensor<float>(x[32])") == 2


def test_the_index_and_the_passages_have_one_order(results: Path, tmp_path: Path) -> None:
    assert export(results, tmp_path / "out") == 0
    folder = tmp_path / "out" / "index" / BENCHMARK
    index = faiss.read_index(str(folder / "index.faiss"))
    passages = read_table(folder / "passages.parquet", PASSAGES)
    assert index.ntotal == passages.num_rows == 90
    assert passages.equals(
        read_table(results / "benchmarks" / BENCHMARK / "passages.parquet", PASSAGES)
    )


def test_an_unknown_benchmark_is_one_line(
    results: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    line = refusal(results, tmp_path / "out", capfd, "heldout")
    expected = f"--index: heldout has no rankings in {results}; did you mean `{BENCHMARK}`?"
    assert line == expected


def test_a_benchmark_in_shards_is_refused(
    results: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    copy = Path(shutil.copytree(results, tmp_path / "results"))
    case.finish_shards(copy, pool=(), run=RUN, max_tokens=32)
    line = refusal(copy, tmp_path / "out", capfd, case.SHARDED)
    assert f"--index: {case.SHARDED} lies in shards" in line


def test_a_published_model_of_another_training_is_refused(
    results: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    copy = Path(shutil.copytree(results, tmp_path / "results"))
    published = copy / "checkpoints" / RUN
    shutil.rmtree(published)
    file = case.model_of(copy, RUN) / FOLDER_RECORD
    before = file.read_text()
    other = case.by_hand("train", options='{"again": 1}').to_json()
    file.write_text(json.dumps(json.loads(before) | {"record": other}))
    case.publish(copy, RUN)
    file.write_text(before)
    line = refusal(copy, tmp_path / "out", capfd)
    assert line.startswith(f"{published}: not the model that encoded {BENCHMARK}; run the")
