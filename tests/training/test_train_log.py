"""The training log: compact while it grows, a table at the end."""

import numpy as np
import pytest

from hybridbatch.common.tables import check_table, table_from_rows, write_table
from hybridbatch.schemas.every import TRAIN_LOG
from hybridbatch.training.sampling import Batch
from hybridbatch.training.train_log import TrainLog


def batch(kind, queries, passages):
    languages = (np.array(each, dtype=np.int64) for each in (queries, passages))
    return Batch(kind, np.arange(len(queries)), *languages, source=0)


def fill(log):
    log.validation(0, {"monolingual": 3.5, "all": 3.5})
    log.train(1, 2.25, 0.5, batch("cross-lingual", [0, 2, 1], [1, 0, 2]))
    log.train(2, 1.125, 1.0, batch("monolingual", [2, 2], [2, 2]))
    log.validation(2, {"all": 1.5})
    return log


def row(step, event, loss, rate, kind, queries=(), passages=()):
    values = (step, event, loss, rate, kind, list(queries), list(passages))
    return dict(zip(TRAIN_LOG.columns, values, strict=True))


ROWS = [
    row(0, "validation", 3.5, 0.0, "monolingual"),
    row(0, "validation", 3.5, 0.0, "all"),
    row(1, "train", 2.25, 0.5, "cross-lingual", ["ar", "en", "de"], ["de", "ar", "en"]),
    row(2, "train", 1.125, 1.0, "monolingual", ["en", "en"], ["en", "en"]),
    row(2, "validation", 1.5, 1.0, "all"),
]


def test_rows_become_a_table_and_the_file_that_rows_give(tmp_path):
    table = fill(TrainLog(["ar", "de", "en"])).table()
    check_table(table, TRAIN_LOG, origin="log")
    assert table.to_pylist() == ROWS
    write_table(table, tmp_path / "log.parquet", TRAIN_LOG)
    write_table(table_from_rows(ROWS, TRAIN_LOG), tmp_path / "rows.parquet", TRAIN_LOG)
    assert (tmp_path / "log.parquet").read_bytes() == (tmp_path / "rows.parquet").read_bytes()


def test_a_log_resumes_from_its_state():
    first = fill(TrainLog(["ar", "de", "en"]))
    second = TrainLog(["ar", "de", "en"])
    second.restore(first.state())
    for log in (first, second):
        log.train(3, 1.0, 0.25, batch("mixed", [0], [0]))
    assert second.table().equals(first.table())
    assert len(second.table()) == len(ROWS) + 1


def test_a_pair_costs_two_bytes_and_four_with_many_languages():
    for languages, size in ((256, 2), (257, 4)):
        log = TrainLog([f"l{n}" for n in range(languages)])
        last = languages - 1
        log.train(1, 1.0, 1.0, batch("mixed", [last] * 9, [0] * 9))
        state = log.state()
        assert state["query_languages"].nbytes + state["passage_languages"].nbytes == 9 * size
        assert log.table()["query_languages"].to_pylist() == [[f"l{last}"] * 9]


def test_a_log_without_rows():
    log = TrainLog(["en"])
    log.restore(log.state())
    assert log.table().num_rows == 0
    with pytest.raises(ValueError, match="not in tuple"):
        log.train(1, 1.0, 1.0, batch("other", [0], [0]))
