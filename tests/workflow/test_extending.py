"""A sampling, a measure and a data set of a user's own, from a file that the config names."""

import re
from pathlib import Path

import pytest

from hybridbatch.common import registry
from hybridbatch.common.codehash import closure
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.registry import Registry
from hybridbatch.common.tables import read_table
from hybridbatch.data.sources.catalog import DATASETS
from hybridbatch.evaluation import measures
from hybridbatch.planning.config import check_config
from hybridbatch.planning.plan import Plan
from hybridbatch.schemas import every as schemas
from hybridbatch.stages import STAGES
from hybridbatch.training.samplings import SAMPLINGS
from tiny import write_config
from tiny_config import MINIMAL
from tiny_project import make_project, planned, snakemake

# A sampling of batches that the project knows, one that draws by itself, and a measure.
OWN = '''
import numpy as np

from hybridbatch.common.meaning import Meaning
from hybridbatch.evaluation.measures import MEASURES, Family
from hybridbatch.training.samplings import SAMPLINGS, Look, Sampling

SAMPLINGS.add(
    Sampling(
        name="mixed-x-y",
        batches=("mixed", "cross-lingual"),
        sweeps=True,
        card="Each batch is mixed with probability {alpha:g}, else cross-lingual.",
        look=Look("#8c564b", "#8c564b", "#c49c94", "h"),
        meaning=Meaning("Each batch mixes languages with probability alpha, else is x-y."),
        label="mixed or x-y",
    )
)
SAMPLINGS.add(
    Sampling(
        name="first-items",
        batches=("monolingual",),
        card="Every batch holds the first items in the first language.",
        look=Look("#7f7f7f", "#7f7f7f", "#c7c7c7", "*"),
        meaning=Meaning("Every batch holds the first items."),
        sampler=":First",
    )
)


class First:
    """Draws the same batch again and again."""

    def __init__(self, items, options, *, seed):
        self.size = options.batch_size
        self.column = items.languages.index(options.languages[0])

    def __next__(self):
        from hybridbatch.training.sampling import Batch

        same = np.full(self.size, self.column)
        return Batch("monolingual", np.arange(self.size), same, same, 0)

    def state(self):
        return {}

    def restore(self, state):
        pass


def success(judged, cutoff):
    return (judged.highest <= cutoff).astype(float)


MEASURES.add(Family("S@k", success, Meaning("Success: 1 if a relevant passage is in the first k.")))
'''
# Another file, so that an edit of the first one does not make its pairs again.
NUMBERS = """
from hybridbatch.data.sources.catalog import DATASETS, Dataset


def read(paths, *, source):
    return [
        {
            "item_id": f"n-{number}",
            "question_group": f"n-{number}",
            "passage_group": f"n-{number}",
            "language": language,
            "question": f"{word} {number}?",
            "passage": f"{word} {number * 7919 % 1000} {number}.",
            "source": source,
            "split": "train",
            "hard_negatives": [],
        }
        for number in range(30)
        for language, word in (("de", "Zahl"), ("en", "number"))
    ]


DATASETS.add(
    Dataset(
        name="numbers",
        licence="CC0-1.0",
        citation="Made for this",
        homepage="https://example.org",
        languages=("de", "en"),
        pairs=":read",
    )
)
"""


@pytest.mark.slow
def test_one_of_each_from_outside_runs_from_plan_to_report(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    (project / "own.py").write_text(OWN, encoding="utf-8")
    (project / "counted.py").write_text(NUMBERS, encoding="utf-8")
    asked = {"measures": ["mAP", "RR@10", "P@5", "S@3"]}
    config = project / "config" / "config.yaml"
    names = ["mixed-x-y", "first-items"]
    write_config(
        config,
        samplings=names,
        extensions=["own.py", "counted.py"],
        evaluation=asked,
        sources=[{"name": "numbers"}, {"name": "tiny", "path": "pairs.parquet"}],
    )
    done = snakemake(project)
    assert done.returncode == 0, done.stdout + done.stderr
    results = project / "results"
    for name, kinds in (
        ("mixed-x-y", {"mixed", "cross-lingual"}),
        ("first-items", {"monolingual"}),
    ):
        run = f"model.tiny.{name}.s1"
        log = read_table(results / "training" / run / "train_log.parquet", schemas.TRAIN_LOG)
        drawn = {row["batch_type"] for row in log.to_pylist() if row["event"] == "train"}
        assert drawn <= kinds
        summary = read_table(
            results / "metrics" / run / "held-out" / "summary.parquet", schemas.SUMMARY
        )
        assert set(summary["metric"].to_pylist()) == set(asked["measures"])
    card = (results / "checkpoints" / "model.tiny.mixed-x-y.s1" / "README.md").read_text("utf-8")
    assert "Each batch is mixed with probability 0.5, else cross-lingual." in card
    assert "| training data | numbers | CC0-1.0 |" in card
    page = (results / "report.html").read_text(encoding="utf-8")
    assert "mixed or x-y" in page and "Success: 1 if a relevant" in page
    assert re.search(r"--series-mixed-x-y: light-dark\(#8c564b, #c49c94\)", page)
    # Another colour makes another report and nothing else; another sampler trains its own run.
    (project / "own.py").write_text(OWN.replace("np.arange(self.size)", "np.arange(self.size) + 1"))
    text = snakemake(project, "--dry-run").stdout
    assert "results/training/model.tiny.first-items.s1" in text
    assert "output: results/training/model.tiny.mixed-x-y.s1" not in text
    assert planned(project) >= {"train", "metrics", "report"}


def test_training_reads_no_table_of_samplings() -> None:
    modules = closure(STAGES["train"].module)
    assert "hybridbatch.training.samplings" not in modules
    assert "hybridbatch.evaluation.measures" not in modules
    assert "hybridbatch.training.samplings" in closure(STAGES["report"].module)


@pytest.fixture
def own(tmp_path: Path) -> str:
    path = tmp_path / "own.py"
    path.write_text(OWN + NUMBERS, encoding="utf-8")
    yield str(path)
    for table in (SAMPLINGS, measures.MEASURES, DATASETS):
        table.drop(str(path))
    registry._LOADED.pop(str(path), None)


def test_an_extension_makes_runs_and_is_among_the_options_of_what_uses_it(own: str) -> None:
    values = {"samplings": ["x-y", "mixed-x-y", "first-items"], "extensions": [own]}
    plan = Plan(check_config(MINIMAL | values | {"evaluation": {"measures": ["mAP", "S@1"]}}))
    assert [run.id for run in plan.trained_runs] == [
        "embedded.demo.x-y.s1",
        "embedded.demo.mixed-x-y.s1",
        "embedded.demo.first-items.s1",
    ]
    using = [run.id for run in plan.trained_runs if own in plan.train_options(run.id)]
    assert using == ["embedded.demo.first-items.s1"]  # the other one's batches are the project's
    assert own in plan.metrics_options("cldr")
    given = {"sources": [{"name": "numbers"}], "train_languages": ["de", "en"], "extensions": [own]}
    plan = Plan(check_config(MINIMAL | given))
    assert own in plan.pairs_options("numbers")
    assert own not in plan.train_options(plan.trained_runs[0].id) + plan.metrics_options("cldr")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 / 0", "own.py: cannot be loaded: ZeroDivisionError"),
        ("import nothing_of_this_name", "cannot be loaded: ModuleNotFoundError"),
        (OWN.replace("mixed-x-y", "hybrid"), "sampling 'hybrid' exists already; give yours"),
    ],
)
def test_a_file_that_fails_is_one_line_and_leaves_nothing_behind(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "own.py"
    path.write_text(text, encoding="utf-8")
    before = SAMPLINGS.names, measures.MEASURES.names
    with pytest.raises(HybridBatchError, match=message) as caught:
        check_config(MINIMAL | {"extensions": [str(path)]})
    assert str(caught.value).startswith("config: extensions[0]: ")
    assert (SAMPLINGS.names, measures.MEASURES.names) == before


def test_a_missing_file_and_an_unknown_name_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(HybridBatchError, match=r"extensions\[0\]: .*own.py: cannot be read"):
        check_config(MINIMAL | {"extensions": [str(tmp_path / "own.py")]})
    for names, message in (
        (["mAP", "X@3"], r"evaluation.measures\[1\]: measure 'X@3' is not one of mAP, R@k"),
        (["mAP", "R@k"], r"measures\[1\]: measure 'R@k' is not one of"),
        (["mAP", "R@0"], r"measures\[1\]: measure 'R@0' is not one of"),
        (["nDCG@10"], "evaluation.measures: mAP is missing"),
    ):
        with pytest.raises(HybridBatchError, match=message):
            check_config(MINIMAL | {"evaluation": {"measures": names}})


def test_an_edited_extension_replaces_what_it_added(own: str) -> None:
    registry.load(own)
    assert "S@k" in measures.MEASURES
    Path(own).write_text("", encoding="utf-8")
    registry.load(own)
    assert "S@k" not in measures.MEASURES and "mixed-x-y" not in SAMPLINGS
    with pytest.raises(HybridBatchError, match="changed since the workflow was planned"):
        registry.load_all([registry.Extension(own, "sha256:other")])


def test_a_name_close_to_an_entry_is_suggested() -> None:
    table: Registry[measures.Family] = Registry("measure", measures.MEASURES)
    with pytest.raises(HybridBatchError, match="did you mean `nDCG@k`"):
        table["nDGC@k"]
