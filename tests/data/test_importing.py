"""`hybridbatch import`: what is understood is shown, then written or not."""

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import pytest

from hybridbatch.cli import main
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import read_table
from hybridbatch.data.readers import hub
from hybridbatch.schemas import every as schemas
from valid_files import FLAT, lines, separated, write_beir, write_beir_languages

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_a_dry_run_shows_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {"language": "lang", "question": "query", "passage": "text", "item_id": "nr"}
    rows = [{names[key]: value for key, value in row.items()} for row in FLAT]
    (tmp_path / "faq.csv").write_text(separated(rows, ","), encoding="utf-8")
    columns = ["question=query", "passage=text", "language=lang", "item_id=nr"]
    source, target = str(tmp_path / "faq.csv"), str(tmp_path / "out.parquet")
    assert main(["import", source, target, "--dry-run", "--columns", *columns]) == 0
    shown = capsys.readouterr()
    assert shown.out.splitlines() == [
        "pairs: 4 rows, 2 items",
        "  ar: 1 pairs",
        "  en: 2 pairs",
        "  th: 1 pairs",
        "first pair:",
        "  item_id: 1",
        "  language: en",
        "  question: Who, then?",
        '  passage: It is "Ann", I hear.',
        "nothing is written (--dry-run)",
    ]
    assert "item_id from nr, language from lang, question from query" in shown.err
    assert [path.name for path in tmp_path.iterdir()] == ["faq.csv"]


def test_pairs_and_benchmarks_are_written_and_read_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_beir_languages(tmp_path)
    assert main(["import", str(path), str(tmp_path / "set")]) == 0
    shown = capsys.readouterr().out
    assert "  de: 2 queries, 3 passages" in shown
    assert "no query has a relevant passage in another language" in shown
    assert read_table(tmp_path / "set" / "passages.parquet", schemas.PASSAGES).num_rows == 6
    assert (
        main(["import", str(path), str(tmp_path / "new" / "pairs.parquet"), "--kind", "beir"]) == 0
    )
    pairs = read_table(tmp_path / "new" / "pairs.parquet", schemas.PAIRS)
    assert pairs["source"].to_pylist() == ["pairs"] * 4
    capsys.readouterr()
    assert main(["import", str(tmp_path / "set"), "--dry-run"]) == 0
    assert "benchmark: 4 queries, 6 passages, 6 judgements" in capsys.readouterr().out


def test_every_problem_is_a_line_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row | {"question": " "} for row in FLAT] * 10
    (tmp_path / "a.jsonl").write_text(lines(rows))
    assert main(["import", str(tmp_path / "a.jsonl"), str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 21
    assert "a.jsonl: line 1: `question` is blank; give it a text or drop the row" in told[0]
    assert "error: 76 problems in all, of which the first 20 are above" in told[-1]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{beir}"], "DESTINATION is missing"),
        (["{beir}", "{beir}"], "exists; remove it or choose another destination"),
        (["{beir}", "{new}"], "no language; set `language`"),
        (
            ["{beir}", "{new}", "--kind", "trec"],
            "expected 4: topic, iteration, document and relevance",
        ),
        (["{new}", "{beir}2"], "no such file or folder; correct the path"),
        (["{beir}", "{new}", "--columns", "question"], "write NAME=COLUMN, as question=query"),
        (["{beir}", "{new}", "--columns", "quesion=q"], "did you mean"),
        (["{beir}", "{new}", "--language", "english"], "write one such as de or zh-Hans"),
        (["{beir}", "{new}", "--language", "en", "--split", "dev"], "judgements of test, none of"),
        (["org/name@main", "{new}"], "for a data set of the hub write hf://org/name@main"),
        (["hf://org/name", "{new}"], "write hf://org/name@COMMIT"),
        (["hf://org/name@main", "{new}"], "'main' is no commit; branches and tags change"),
    ],
)
def test_what_cannot_be_imported_is_a_line_for_each_problem(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    names = {"beir": write_beir(tmp_path), "new": tmp_path / "new"}
    assert main(["import", *(word.format(**names) for word in arguments)]) == 2
    told = [line for line in capsys.readouterr().err.splitlines() if "error: " in line]
    assert message in "\n".join(told)
    assert len(told) == 1 or "problems in all" in told[-1]


class Hub:
    """The hub's client over a folder: a data set of one commit with a loading script."""

    def __init__(self, folder: Path, *, damaged: bool = False) -> None:
        self.folder, self.damaged, self.fetched = folder, damaged, []

    def dataset_info(self, name: str, *, revision: str, files_metadata: bool) -> Any:
        assert (name, revision, files_metadata) == ("org/name", COMMIT, True)
        files = [path for path in sorted(self.folder.rglob("*")) if path.is_file()]
        return SimpleNamespace(siblings=[self.sibling(path) for path in files])

    def sibling(self, path: Path) -> Any:
        data = path.read_bytes()
        blob = hashlib.sha1(f"blob {len(data)}\0".encode() + data).hexdigest()
        large = SimpleNamespace(sha256=hashlib.sha256(data).hexdigest())
        name = path.relative_to(self.folder).as_posix()
        return SimpleNamespace(
            rfilename=name, blob_id=blob, lfs=large if "corpus" in name else None
        )

    def hf_hub_download(self, _: str, name: str, *, local_dir: str, **given: str) -> str:
        assert given == {"repo_type": "dataset", "revision": COMMIT}
        self.fetched.append(name)
        target = Path(local_dir, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((self.folder / name).read_bytes() + b"x" * self.damaged)
        return str(target)


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    own = Hub(write_beir(tmp_path))
    (own.folder / "name.py").write_text("raise SystemExit")
    (own.folder / "README.md").write_text("A data set.")
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: own)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", own.hf_hub_download)
    return own


def test_only_data_files_come_from_the_hub(tmp_path: Path, served: Hub) -> None:
    address = f"hf://org/name@{COMMIT}"
    assert main(["import", address, str(tmp_path / "own"), "--language", "en"]) == 0
    assert read_table(tmp_path / "own" / "queries.parquet", schemas.QUERIES).num_rows == 2
    assert served.fetched == ["corpus.jsonl", "qrels/test.tsv", "queries.jsonl"]


def test_a_folder_of_a_data_set_may_be_named(served: Hub) -> None:
    with hub.downloaded(f"hf://org/name@{COMMIT}/qrels") as path:
        assert [file.name for file in path.iterdir()] == ["test.tsv"]
    with (
        pytest.raises(HybridBatchError, match="no files that end in"),
        hub.downloaded(f"hf://org/name@{COMMIT}/none"),
    ):
        pass


def test_a_file_that_is_not_the_hubs_is_refused(served: Hub) -> None:
    served.damaged = True
    with (
        pytest.raises(HybridBatchError, match=r"corpus\.jsonl: not the file that the hub states"),
        hub.downloaded(f"hf://org/name@{COMMIT}"),
    ):
        pass
