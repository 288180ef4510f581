"""Published files as they are: SQuAD's layouts, flat JSON Lines, tables and gzip."""

import gzip
import os
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.options import options_from_json
from hybridbatch.data import benchmarks
from hybridbatch.data.readers.jsonrows import read_json
from hybridbatch.data.readers.ownsets import read_own_set
from hybridbatch.data.readers.pairtables import read_own_pairs
from hybridbatch.data.readers.problems import Problems
from hybridbatch.data.readers.reading import Reading
from hybridbatch.data.readers.tabular import read_rows
from hybridbatch.planning.config import read_config
from hybridbatch.planning.plan import Plan
from hybridbatch.planning.preflight import check_files

ROOT = Path(__file__).parents[3]
MIRROR = os.environ.get("HYBRIDBATCH_MIRROR", "")
pytestmark = pytest.mark.skipif(
    not MIRROR or not Path(MIRROR).is_dir(), reason="set HYBRIDBATCH_MIRROR to a folder"
)
FLAT = Reading(
    language="th",
    columns=(("item_id", "question_id"), ("question", "question"), ("passage", "context")),
)


def mirrored(pattern: str) -> Path:
    """The one file that matches; the test is skipped if this mirror lacks it."""
    found = sorted(Path(MIRROR, "raw.githubusercontent.com").glob(pattern))
    if not found:
        pytest.skip(f"the mirror has no {pattern}")
    return found[0]


# The numbers of answered questions and of different paragraphs, counted in the JSON itself.
@pytest.mark.parametrize(
    ("pattern", "language", "questions", "paragraphs"),
    [
        ("husseinmozannar/SOQAL/*/data/arcd-test.json", "ar", 702, 234),
        ("husseinmozannar/SOQAL/*/data/arcd-train.json", "ar", 693, 231),
        ("DRCKnowledgeTeam/DRCD/*/DRCD_test.json", "zh", 3493, 1000),
        ("ymcui/cmrc2018/*/squad-style-data/cmrc2018_dev.json", "zh", 3219, 848),
        # Two of its 1,002 questions are blank.
        ("ymcui/cmrc2018/*/squad-style-data/cmrc2018_trial.json", "zh", 1000, 256),
        # One article, whose 2,035 paragraphs hold two twice.
        ("modestyachts/squadshifts-website/*/datasets/reddit_v1.0.json", "en", 9803, 2033),
    ],
)
def test_squad_of_any_language(
    pattern: str, language: str, questions: int, paragraphs: int
) -> None:
    found = read_own_set(mirrored(pattern), reading=Reading(language=language))
    rows = [table.num_rows for table in (found.queries, found.passages, found.qrels)]
    assert rows == [questions, paragraphs, questions]
    assert set(found.queries["language"].to_pylist()) == {language}


def test_offsets_of_minus_one_lose_no_question() -> None:
    """CMRC 2018 has 193 answers in its development set whose place is not given."""
    path = mirrored("ymcui/cmrc2018/*/squad-style-data/cmrc2018_dev.json")
    assert path.read_text(encoding="utf-8").count('"answer_start": -1') == 193
    table = read_own_pairs(path, source="cmrc", reading=Reading(language="zh"))
    assert table.num_rows == 3219


def test_iapp_is_flat_json_lines(tmp_path: Path) -> None:
    archive = mirrored("iapp-technology/iapp-wiki-qa-dataset/*/squad_format/data.zip")
    with zipfile.ZipFile(archive) as packed:
        packed.extract("data/test.jsonl", tmp_path)
    found = read_own_set(tmp_path / "data" / "test.jsonl", reading=FLAT)
    rows = [table.num_rows for table in (found.queries, found.passages, found.qrels)]
    assert rows == [739, 192, 739]
    assert found.queries["query_id"][0].as_py() == "th:0fI5AjC5sb4CrqcHDvrX_000"


def test_the_example_of_native_benchmarks(tmp_path: Path) -> None:
    archive = mirrored("iapp-technology/iapp-wiki-qa-dataset/*/squad_format/data.zip")
    with zipfile.ZipFile(archive) as packed:
        (tmp_path / "iapp-test.jsonl").write_bytes(packed.read("data/test.jsonl"))
    for pattern in (
        "husseinmozannar/SOQAL/*/data/arcd-test.json",
        "ymcui/cmrc2018/*/squad-style-data/cmrc2018_dev.json",
    ):
        path = mirrored(pattern)
        shutil.copyfile(path, tmp_path / path.name)
    values = read_config([ROOT / "config" / "native.yaml"]).values
    for entry in values["benchmarks"]:
        assert entry["path"].startswith("data/native/")
        entry["path"] = str(tmp_path / Path(entry["path"]).name)
    plan = Plan(values)
    check_files(plan, mirror=None, raw="results/raw")
    found = {}
    for name in plan.benchmarks:
        options = options_from_json(benchmarks.Options, plan.benchmarks_options(name))
        files = [Path(file) for file in plan.benchmark_files(name, raw="results/raw")]
        tables = benchmarks.build_benchmark(options, files)
        assert tables.passages is not None
        (language,) = set(tables.passages["language"].to_pylist())
        found[name] = (language, tables.queries.num_rows, tables.passages.num_rows)
    assert found == {
        "arcd": ("ar", 702, 234), "cmrc2018": ("zh", 3219, 848), "iapp": ("th", 739, 192)
    }  # fmt: skip


def test_a_table_for_each_language_is_read_whole() -> None:
    for path in sorted(mirrored("dadelani/sib-200/*/data").glob("annotated/*/test.tsv")):
        found = Problems()
        assert (read_rows(path, found).count, bool(found)) == (204, False)


def test_gzip_and_integer_ids() -> None:
    path = mirrored("google-research-datasets/tydiqa/*/tiny_dev.jsonl.gz")
    found = Problems()
    rows = read_json(path, found)
    with gzip.open(path) as file:
        assert rows.count == sum(1 for _ in file)
    assert all(isinstance(value, int) for value in rows.columns["example_id"])


def test_what_is_not_pairs_is_refused_by_name(tmp_path: Path) -> None:
    """Translations and archives: the line names the file and what to do with it."""
    patterns = {
        "tico-19/*/*/data/TM/all.en-ar.tmx.zip": "an archive; unpack it",
        "facebookresearch/LASER/*/data/tatoeba/v1/tatoeba.tha-eng.tha": "give it such an ending",
        "mhardalov/exams-qa/*/data/exams/cross-lingual/with_paragraphs/dev_vi_with_para.jsonl.tar.gz":
        "an archive; unpack it",
    }  # fmt: skip
    for pattern, remedy in patterns.items():
        with pytest.raises(HybridBatchError, match=remedy):
            read_own_pairs(mirrored(pattern), source="mine")
    with zipfile.ZipFile(mirrored("tico-19/*/*/data/TM/all.en-ar.tmx.zip")) as packed:
        packed.extractall(tmp_path)
    with pytest.raises(HybridBatchError, match=r"all\.en-ar\.tmx is a list of translations"):
        read_own_pairs(tmp_path, source="mine")


def test_a_nested_question_is_refused_with_its_line(tmp_path: Path) -> None:
    """EXAMS holds the question in an object; a cast to text would not be lossless."""
    archive = mirrored(
        "mhardalov/exams-qa/*/data/exams/cross-lingual/*/dev_vi_with_para.jsonl.tar.gz"
    )
    with tarfile.open(archive) as packed:
        member = packed.extractfile("dev_vi_with_para.jsonl")
        assert member is not None
        (tmp_path / "vi.jsonl").write_bytes(member.read())
    columns = (("item_id", "id"), ("question", "question"), ("passage", "answerKey"))
    with pytest.raises(HybridBatchError, match=r"vi\.jsonl: line 1: `question` is \{'stem'"):
        read_own_pairs(
            tmp_path / "vi.jsonl", source="exams", reading=Reading(language="vi", columns=columns)
        )
