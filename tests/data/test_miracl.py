"""MIRACL's files: read without quoting, ids with their language, a clear line for a broken one."""

import gzip
import json
import os
from pathlib import Path

import pytest

import tiny
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.data.benchmarks import Options, build_benchmark
from hybridbatch.data.sources import catalog
from hybridbatch.data.sources.catalog import MIRACL, PAPER_MIRACL
from hybridbatch.data.sources.miracl import (
    corpus_checksums,
    corpus_path,
    read_documents,
    read_qrels,
    read_topics,
)
from hybridbatch.planning.config import check_config
from hybridbatch.planning.plan import Plan
from tiny_config import MINIMAL

MIRROR = os.environ.get("HYBRIDBATCH_MIRROR", "")
FIRST, SECOND = "a" * 64, "b" * 64


def lines(path: Path, *content: str) -> Path:
    path.write_text("\n".join(content) + "\n", encoding="utf-8")
    return path


def documents(path: Path, *rows: object) -> Path:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return path


def test_topics_are_read_without_quoting(tmp_path: Path) -> None:
    path = lines(tmp_path / "topics.tsv", '6\tIs "this" one?', '8\t"Open')
    assert list(read_topics(path, "sw")) == [
        {"query_id": "sw:6", "item_id": "sw:6", "language": "sw", "text": 'Is "this" one?'},
        {"query_id": "sw:8", "item_id": "sw:8", "language": "sw", "text": '"Open'},
    ]


def test_judgements_keep_those_that_are_not_relevant(tmp_path: Path) -> None:
    path = lines(tmp_path / "qrels.tsv", "6\tQ0\t32589#0\t1", "6\tQ0\t33690#3\t0")
    assert list(read_qrels(path, "sw")) == [
        {"query_id": "sw:6", "passage_id": "sw:32589#0", "relevance": 1},
        {"query_id": "sw:6", "passage_id": "sw:33690#3", "relevance": 0},
    ]


def test_documents_come_one_after_the_other(tmp_path: Path) -> None:
    path = documents(
        tmp_path / "docs-0.jsonl.gz",
        {"docid": "7#0", "title": "Ziwa ", "text": 'Maji\n"mengi".'},
        {"docid": "7#1", "title": "", "text": "Samaki."},
    )
    assert list(read_documents(path, "sw")) == [
        {"passage_id": "sw:7#0", "language": "sw", "title": "Ziwa", "text": 'Maji\n"mengi".'},
        {"passage_id": "sw:7#1", "language": "sw", "title": "", "text": "Samaki."},
    ]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"docid": "7#0", "text": "x"}, "line 2: key 'title' is missing"),
        ({"docid": "7 0", "title": "", "text": "x"}, "line 2: docid is '7 0', expected one word"),
        ({"docid": "7#0", "title": "", "text": None}, "line 2: text is None, expected a string"),
    ],
)
def test_a_broken_document_is_named_with_its_line(
    tmp_path: Path, row: object, problem: str
) -> None:
    path = documents(tmp_path / "docs-0.jsonl.gz", {"docid": "1", "title": "", "text": "x"}, row)
    with pytest.raises(HybridBatchError, match=problem):
        list(read_documents(path, "sw"))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            '{"docid": "7#0", "title": "", "text": "\\ud83d"}',
            "line 1: a text holds half a character",
        ),
        ("[" * 200_000, "line 1: not readable as JSON (brackets are nested too deep); download"),
        (
            '{"docid": ' + "7" * 5000,
            "line 1: not readable as JSON (a number has thou",
        ),
        ('{"docid": "\xff"}', "download it again"),
    ],
)
def test_json_that_python_cannot_hold_is_one_line(tmp_path: Path, line: str, problem: str) -> None:
    with gzip.open(tmp_path / "docs-0.jsonl.gz", "wb") as file:
        file.write(line.encode("latin-1"))
    with pytest.raises(HybridBatchError) as caught:
        list(read_documents(tmp_path / "docs-0.jsonl.gz", "sw"))
    assert problem in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_file_that_was_cut_off_is_an_error(tmp_path: Path) -> None:
    path = documents(tmp_path / "docs-0.jsonl.gz", {"docid": "1", "title": "", "text": "x" * 999})
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(HybridBatchError, match=r"docs-0.jsonl.gz: line .*download it again"):
        list(read_documents(path, "sw"))


@pytest.mark.parametrize(
    ("read", "line", "problem"),
    [
        (read_topics, "7 no tab", "line 2: 1 columns, expected 2"),
        (read_topics, "7\t ", "line 2: the query is blank"),
        (read_qrels, "7\tQ0\t1#1\tyes", "line 2: the relevance is 'yes'"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, read: object, line: str, problem: str) -> None:
    good = "6\tx" if read is read_topics else "6\tQ0\t1#0\t1"
    with pytest.raises(HybridBatchError, match=problem):
        list(read(lines(tmp_path / "file.tsv", good, line), "sw"))  # type: ignore[operator]


def test_checksums_say_how_many_files_a_language_has(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "SHA256SUMS",
        f"{SECOND} *{corpus_path('sw', 1)}",
        f"{FIRST}  ./{corpus_path('sw', 0)}",
        f"{FIRST}  miracl-corpus-v1.0-yo/docs-0.jsonl.gz",
        f"{FIRST}  ./something/else.txt",
    )
    found = corpus_checksums(path, ["sw", "yo"])
    assert found == {"sw": (FIRST, SECOND), "yo": (FIRST,)}
    with pytest.raises(HybridBatchError, match=r"no checksum of .*v1.0-te/docs-0.jsonl.gz"):
        corpus_checksums(path, ["te"])


def test_a_gap_in_the_checksums_is_an_error(tmp_path: Path) -> None:
    names = [corpus_path("sw", number) for number in (0, 2)]
    path = lines(tmp_path / "SHA256SUMS", *(f"{FIRST}  {name}" for name in names))
    with pytest.raises(HybridBatchError, match=r"no checksum of .*sw/docs-1.jsonl.gz"):
        corpus_checksums(path, ["sw"])


def plan(mirror: Path | str | None, **entry: object) -> Plan:
    config = check_config(MINIMAL | {"benchmarks": [{"name": "miracl", **entry}]})
    return Plan(config, mirror=None if mirror is None else str(mirror))


def test_the_files_are_known_without_a_network(tmp_path: Path) -> None:
    lines(tmp_path / "SHA256SUMS", f"{FIRST}  ./{corpus_path('sw', 0)}")
    for chosen in (
        plan(tmp_path, languages=["sw"]),
        plan("https://mirror.example", languages=["sw"], checksums=str(tmp_path / "SHA256SUMS")),
    ):
        (part,) = chosen.corpora.parts("miracl")
        assert (part.name, part.language, part.sha256) == ("sw-0000", "sw", FIRST)
        options = chosen.download_options(corpus_path("sw", 0))
        assert options == f'{{"path": "{corpus_path("sw", 0)}", "sha256": "{FIRST}"}}'
        assert all("-sw-dev.tsv" in path for path in chosen.benchmark_files("miracl", raw="raw"))


@pytest.mark.parametrize("mirror", [None, "https://mirror.example/files"])
def test_without_checksums_there_is_one_clear_line(mirror: str | None) -> None:
    chosen = plan(mirror, languages=["sw"])
    with pytest.raises(HybridBatchError, match=r"no list of checksums; set `checksums:`"):
        chosen.corpora.parts("miracl")


def test_18_languages_of_which_the_literature_prints_15() -> None:
    assert plan(None).corpora.languages("miracl") == MIRACL == catalog.languages_of("miracl")
    assert len(PAPER_MIRACL) == 15 and {"de", "en", "yo"}.isdisjoint(PAPER_MIRACL)


@pytest.mark.skipif(not Path(MIRROR, "huggingface.co").is_dir(), reason="set HYBRIDBATCH_MIRROR")
def test_the_published_topics_and_judgements() -> None:
    files = [Path(MIRROR, file.path) for file in catalog.files_of("miracl")]
    benchmark = build_benchmark(
        tiny.made_options(Options, "benchmarks", name="miracl", kind="miracl", sharded=True), files
    )
    rows = benchmark.queries.to_pylist()
    counts = {code: sum(row["language"] == code for row in rows) for code in MIRACL}
    assert (counts["ar"], counts["en"], counts["es"], len(rows)) == (2896, 799, 648, 13495)
    assert sum('"' in row["text"] for row in rows) == 137
    assert benchmark.passages is None
