"""Which stages of the real package an edit touches: those whose results it may change."""

import shutil
from pathlib import Path

import pytest

from hybridbatch.cli import STAGES
from hybridbatch.common.codehash import closure, code_hash

PACKAGE = Path(__file__).parents[2] / "workflow" / "hybridbatch"

# The schemas that each stage reads and writes.
SCHEMAS = {
    "download": "",
    # The user's own pairs can be a benchmark, and a retrieval set pairs.
    "benchmarks": "pairs passages qrels queries",
    "corpus": "passages",
    "shards": "qrels shards",
    "pairs": "pairs passages qrels queries",
    "overlap": "overlap pairs passages qrels queries",
    "model": "runs",
    "mine": "pairs passage_embeddings",
    "train": "pairs runs train_log",
    "publish": "pairs runs train_log",
    "encode": "passage_embeddings passages queries query_embeddings",
    "index": "passage_embeddings",
    "retrieve": "index_quality passage_embeddings passages qrels queries query_embeddings rankings",
    "search": "index_quality passage_embeddings qrels queries query_embeddings rankings shards",
    "pool": "qrels queries rankings",
    "metrics": "passages per_query qrels queries rankings summary",
    "trec": "passages qrels queries rankings",
    "bias": "bias passages per_query qrels queries rankings",
    "statistics": "per_query queries runs statistics",
    "examples": "examples passages per_query qrels queries rankings",
    "projection": "passage_embeddings passages projection qrels queries query_embeddings",
    "report": "bias examples index_quality overlap pairs passages projection qrels queries runs "
    "shards statistics summary timings train_log",
    # Its tables are made by functions of `publication`, which read pairs and the training log. Its
    # index takes the paths of all files from `planning.paths`.
    "export": "benchmark_results bias examples index_quality overlap pairs passage_embeddings "
    "passages per_query projection qrels queries query_embeddings rankings runs shards statistics "
    "summary train_log",
}


def hashes(root: Path) -> dict[str, str]:
    return {stage: code_hash(STAGES[stage].module, root=root) for stage in STAGES}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, tmp_path / "hybridbatch", ignore=ignored)
    return tmp_path


def column(field: str) -> tuple[str, str]:
    """An edit that adds a column before `field`."""
    return f'("{field}", STRING)', f'("added", STRING), ("{field}", STRING)'


# (file, (old, new), the stages that change)
EDITS = {
    "column of the export": (
        "schemas/benchmark_results.py",
        column("run"),
        {"export"},
    ),
    "column of pairs": (
        "schemas/pairs.py",
        column("item_id"),
        {"benchmarks", "pairs", "overlap", "mine", "train", "publish", "report", "export"},
    ),
    "column of timings": ("schemas/timings.py", column("stage"), {"report"}),
    "column of shards": (
        "schemas/shards.py",
        column("part"),
        {"shards", "search", "report", "export"},
    ),
    "null in rankings": (
        "schemas/rankings.py",
        ('name="rankings",', 'name="rankings", nullable=frozenset({"score"}),'),
        {"retrieve", "search", "pool", "metrics", "trec", "bias", "examples", "export"},
    ),
    "doc of a schema": ("schemas/pairs.py", ("one row per item", "a row for each item"), set()),
    "word of an error": (
        "common/tables.py",
        ("the folder holds no .parquet file", "the folder is empty"),
        set(),
    ),
    "word of an error with expressions": (
        "common/tables.py",
        ("is null; give it a value", "is null; fill it in"),
        set(),
    ),
    "help of an option": (
        "training/train.py",
        ("checkpoint folder to start from", "folder of the checkpoint"),
        set(),
    ),
    "log line": ("training/loop.py", ('"resuming after step %d"', '"after step %d"'), set()),
    "argument of a log line": (
        "training/loop.py",
        ('"resuming after step %d", self.done', '"resuming after step %d", self.done + 0'),
        {"train"},
    ),
    "list of all schemas": ("schemas/every.py", ("    QUERIES,\n", ""), set()),
    "check of every table": (
        "common/tables.py",
        ("if counts.num_rows == table.num_rows", "if counts.num_rows >= table.num_rows"),
        {stage for stage, names in SCHEMAS.items() if names},
    ),
}


@pytest.mark.parametrize(("file", "words", "changed"), EDITS.values(), ids=EDITS)
def test_an_edit_changes_just_the_stages_that_depend_on_it(
    copy: Path, file: str, words: tuple[str, str], changed: set[str]
) -> None:
    before = hashes(copy)
    path = copy / "hybridbatch" / file
    text = path.read_text()
    assert text.count(words[0]) == 1
    path.write_text(text.replace(*words))
    after = hashes(copy)
    assert {stage for stage in STAGES if before[stage] != after[stage]} == changed


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_the_schemas_that_it_reads_and_writes(stage: str) -> None:
    prefix = "hybridbatch.schemas."
    found = {name.removeprefix(prefix) for name in closure(STAGES[stage].module)}
    known = {path.stem for path in (PACKAGE / "schemas").glob("*.py")} - {"schema", "__init__"}
    assert found & known == set(SCHEMAS[stage].split())


@pytest.mark.parametrize(
    ("stage", "others"),
    [
        ("index", "retrieval.ranking retrieval.judgements encoding"),
        ("mine", "retrieval.ranking retrieval.judgements training.loop training.sampling"),
        ("pool", "retrieval.search retrieval.index retrieval.streaming retrieval.ranking"),
        ("bias", "evaluation.statistics evaluation.observations evaluation.comparisons"),
        ("overlap", "data.pairs reporting retrieval"),
        ("publish", "training data"),
    ],
)
def test_a_stage_does_not_depend_on_its_neighbours(stage: str, others: str) -> None:
    names = closure(STAGES[stage].module)
    prefixes = tuple(f"hybridbatch.{other}." for other in others.split())
    assert not [name for name in names if f"{name}.".startswith(prefixes)]
