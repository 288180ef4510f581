"""Where languages lie: planes and measures of vectors whose answer is known."""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import tiny
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import read_table, table_from_rows, write_table
from hybridbatch.evaluation.planes import (
    Labelled,
    Values,
    between_share,
    language_accuracy,
    language_axes,
    project,
)
from hybridbatch.reporting import projection
from hybridbatch.reporting.projection import can_be_drawn, draw_samples
from hybridbatch.schemas import every as schemas
from hybridbatch.schemas.every import PROJECTION, PROJECTION_SUMMARY

LANGUAGES = ("ar", "en", "th")
DIMENSION = 8


def cloud(offset: float, *, items: int = 60, seed: int = 0) -> Labelled:
    """Every language shifted by `offset` along an axis of its own, plus noise of variance 1."""
    noise = np.random.default_rng(seed).normal(size=(len(LANGUAGES) * items, DIMENSION))
    labels = tuple(language for language in LANGUAGES for _ in range(items))
    for number, language in enumerate(LANGUAGES):
        noise[[label == language for label in labels], number] += offset
    return Labelled(noise, labels)


def test_the_plane_holds_the_differences_between_languages() -> None:
    axes = language_axes([cloud(50.0)])
    assert np.allclose(axes @ axes.T, np.eye(2))
    # Three centroids differ within the first three coordinates alone, never in the sum of them.
    assert np.abs(axes[:, 3:]).max() < 0.02
    assert np.abs(axes[:, :3].sum(axis=1)).max() < 0.02


def test_languages_that_do_not_differ_do_not_seem_to() -> None:
    plane = project([cloud(0.0, seed=1)], language_axes([cloud(0.0, seed=2)]))[0]
    centroids = plane.reshape(3, 60, 2).mean(axis=1)
    # The mean of 60 coordinates, each of standard deviation sqrt(1 / 8) in units of the spread.
    assert np.abs(centroids).max() < 4 * np.sqrt(1 / DIMENSION / 60)
    fitted = project([cloud(0.0, seed=2)], language_axes([cloud(0.0, seed=2)]))[0]
    own = fitted.reshape(3, 60, 2).mean(axis=1)
    assert np.abs(own).max() > np.abs(centroids).max()  # why the plane is fitted to others


def test_coordinates_are_in_units_of_the_spread() -> None:
    group = Labelled(np.array([[3.0, 0, 4], [-3, 0, 4], [3, 0, -4], [-3, 0, -4]]), ("a",) * 4)
    plane = project([group], np.eye(3)[:2])[0]
    # Every vector is 5 from the mean; 9 / 25 of the variance lie on the first axis.
    assert np.allclose(np.abs(plane), [0.6, 0.0])
    assert (plane**2).mean(axis=0) == pytest.approx([0.36, 0.0])


def test_kinds_are_centred_apart() -> None:
    near, far = cloud(20.0), cloud(20.0)
    shifted = Labelled(far.values + 1000.0, far.languages)
    assert np.allclose(*project([near, shifted], language_axes([near, shifted])))
    assert np.allclose(language_axes([near, shifted]), language_axes([near, far]))


def test_axes_do_not_depend_on_the_sign_that_the_library_returns() -> None:
    group = cloud(10.0)
    axes = language_axes([group])
    mirrored = Labelled(-group.values, group.languages)
    assert np.allclose(language_axes([mirrored]), -axes)
    plane = project([group], axes)[0]
    means = plane.reshape(3, 60, 2).mean(axis=1)
    assert (means[np.abs(means).argmax(axis=0), [0, 1]] > 0).all()


@pytest.mark.parametrize(
    "values",
    [
        [[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]],  # two languages span one axis
        [[1.0, 2, 3]] * 4,  # nothing varies
        [[1.0, 0, 0], [2, 0, 0], [3, 0, 0], [4, 0, 0]],  # all on a line
    ],
)
def test_there_are_always_two_axes(values: list[list[float]]) -> None:
    for languages in (("a", "a", "b", "b"), ("a",) * 4):
        axes = language_axes([Labelled(np.array(values), languages)])
        assert axes.shape == (2, 3)
        assert np.allclose(axes @ axes.T, np.eye(2))


def test_shares_of_variance_add_up() -> None:
    # Item means 0 and 4, language means -1 and 1, no remainder: squares of 4 items, 1 languages.
    values = np.array([[-1.0], [3], [1], [5]])
    assert between_share(values, ["ar", "ar", "en", "en"]) == pytest.approx(1 / 5)
    assert between_share(values, ["1", "2", "1", "2"]) == pytest.approx(4 / 5)
    assert between_share(np.ones((4, 2)), ["ar", "ar", "en", "en"]) == 0.0


def test_the_classifier_is_sure_of_what_lies_apart_and_guesses_otherwise() -> None:
    assert language_accuracy(cloud(30.0), cloud(30.0, seed=1)) == 1.0
    guessed = [language_accuracy(cloud(0.0, seed=s), cloud(0.0, seed=s + 9)) for s in range(9)]
    # 9 x 180 guesses at one third: a standard deviation of .012.
    assert np.mean(guessed) == pytest.approx(1 / 3, abs=0.05)
    # By hand: centroids at 0 and 10; 4 is nearer to the first, 6 to the second.
    fitted = Labelled(np.array([[0.0, 0], [10, 0]]), ("ar", "en"))
    shown = Labelled(np.array([[4.0, 0], [6, 0], [1, 5]]), ("ar", "ar", "ar"))
    assert language_accuracy(fitted, shown) == pytest.approx(2 / 3)


def tables(languages_of: dict[str, tuple[str, ...]]) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Queries, passages and qrels of items, each in some languages, each with its own passages."""
    pairs = [(item, language) for item, codes in languages_of.items() for language in codes]
    queries = [
        {"query_id": f"{code}:q{item}", "item_id": item, "language": code, "text": "?"}
        for item, code in pairs
    ]
    passages = [
        {"passage_id": f"{code}:p{item}", "language": code, "title": "", "text": "."}
        for item, code in pairs
    ]
    qrels = [
        {"query_id": f"{code}:q{item}", "passage_id": f"{other}:p{item}", "relevance": 1}
        for item, code in pairs
        for other in languages_of[item]
    ]
    return (
        table_from_rows(queries, schemas.QUERIES),
        table_from_rows(passages, schemas.PASSAGES),
        table_from_rows(qrels, schemas.QRELS),
    )


def test_parallel_items_are_the_same_in_every_language() -> None:
    samples = draw_samples(*tables({str(n): LANGUAGES for n in range(40)}), items=10, seed=1)
    for sample in samples:
        items = {
            (language, shown): {
                item
                for item, code, flag in zip(
                    sample.items, sample.languages, sample.shown, strict=True
                )
                if (code, flag) == (language, shown)
            }
            for language in LANGUAGES
            for shown in (False, True)
        }
        assert {len(found) for found in items.values()} == {10}
        assert items["ar", True] == items["en", True] == items["th", True]
        assert not items["ar", True] & items["ar", False]
    assert samples[0].items == samples[1].items
    assert samples[0].ids[0].startswith("ar:q") and samples[1].ids[0].startswith("ar:p")


def test_items_in_the_most_languages_come_first_and_all_languages_are_shown() -> None:
    items: dict[str, tuple[str, ...]] = {f"a{n}": ("en",) for n in range(9)}
    items |= {f"b{n}": LANGUAGES for n in range(4)} | {f"c{n}": ("vi",) for n in range(4)}
    queries, _ = draw_samples(*tables(items), items=2, seed=1)
    pairs = list(zip(queries.items, queries.languages, strict=True))
    assert {item for item, code in pairs if code == "en"} == {"b0", "b1", "b2", "b3"}
    assert "vi" in queries.languages  # parallel to nothing, but shown


def test_a_passage_that_answers_two_items_stands_once() -> None:
    queries, passages, qrels = tables({"1": ("en",), "2": ("en",), "3": ("en",)})
    both = [*qrels.to_pylist(), {"query_id": "en:q2", "passage_id": "en:p1", "relevance": 1}]
    _, sample = draw_samples(
        queries, passages, table_from_rows(both, schemas.QRELS), items=9, seed=1
    )
    assert len(set(sample.ids)) == len(sample.ids)


def write_vectors(path: Path, schema: schemas.Schema, vectors: dict[str, Values]) -> None:
    kind = pa.list_(pa.field("element", pa.float32(), nullable=False), DIMENSION)
    column = pa.array([v.astype(np.float32).tolist() for v in vectors.values()], type=kind)
    write_table(pa.table({schema.columns[0]: list(vectors), "embedding": column}), path, schema)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two runs: in `apart` languages lie apart, in `mixed` they do not."""
    queries, passages, qrels = tables({str(n): LANGUAGES for n in range(30)})
    write_table(queries, tmp_path / "b" / "queries.parquet", schemas.QUERIES)
    write_table(passages, tmp_path / "b" / "passages.parquet", schemas.PASSAGES)
    write_table(qrels, tmp_path / "b" / "qrels.parquet", schemas.QRELS)
    noise = np.random.default_rng(3)
    for run, offset in (("apart", 9.0), ("mixed", 0.0)):
        for name, ids, schema in (
            ("queries", queries["query_id"].to_pylist(), schemas.QUERY_EMBEDDINGS),
            ("passages", passages["passage_id"].to_pylist(), schemas.PASSAGE_EMBEDDINGS),
        ):
            vectors = {}
            for id in ids:
                vector = noise.normal(size=DIMENSION)
                vector[LANGUAGES.index(id[:2])] += offset
                vectors[id] = vector / np.linalg.norm(vector)
            # Half in a file of its own: a folder of shards is read as one file is.
            if run == "apart":
                write_vectors(tmp_path / run / f"{name}.parquet", schema, vectors)
            else:
                for number, half in enumerate((ids[:40], ids[40:])):
                    part = {id: vectors[id] for id in half}
                    write_vectors(tmp_path / run / name / f"{number}.parquet", schema, part)
    return tmp_path


def run_stage(results: Path, **options: Any) -> Path:
    output = results / "projection"
    projection.run(
        argparse.Namespace(
            options=json.dumps(
                tiny.options_of("projection", **{"runs": ["apart", "mixed"], "items": 10} | options)
            ),
            benchmark=results / "b",
            embeddings=[results / "apart", results / "mixed"],
            output=output,
        )
    )
    return output


def test_the_stage_writes_points_and_measures_of_every_run(results: Path) -> None:
    output = run_stage(results)
    points = read_table(output / "points.parquet", PROJECTION)
    assert points.num_rows == 2 * 2 * 3 * 10  # runs, kinds, languages, items
    summary = read_table(output / "summary.parquet", PROJECTION_SUMMARY).to_pylist()
    assert [(row["run"], row["kind"]) for row in summary] == [
        ("apart", "query"),
        ("apart", "passage"),
        ("mixed", "query"),
        ("mixed", "passage"),
    ]
    apart, _, mixed, _ = summary
    assert apart["accuracy"] == 1.0 and mixed["accuracy"] < 0.7
    assert apart["language_share"] > 0.7 > mixed["language_share"]
    assert (apart["vectors"], apart["languages"], apart["chance"]) == (30, 3, 1 / 3)
    x = np.array(points["x"].to_numpy()[:60], dtype=np.float64)
    assert (x**2).mean() == pytest.approx(apart["x_share"], rel=1e-5)


def test_the_same_inputs_give_the_same_bytes(results: Path) -> None:
    files = ("points.parquet", "summary.parquet")
    first = [(run_stage(results) / name).read_bytes() for name in files]
    assert [(run_stage(results) / name).read_bytes() for name in files] == first


def test_a_picture_needs_an_item_to_fit_its_plane_and_another_to_show() -> None:
    one, two = tables({"1": ("en", "ar")}), tables({"1": ("en", "ar"), "2": ("en",)})
    assert not can_be_drawn(draw_samples(*one, items=5, seed=1))
    assert can_be_drawn(draw_samples(*two, items=5, seed=1))


def test_wrong_inputs_are_named(results: Path) -> None:
    with pytest.raises(HybridBatchError, match="--embeddings: 2 folders for 1 runs"):
        run_stage(results, runs=["apart"])
    one = tables({"1": ("en", "ar")})
    with pytest.raises(HybridBatchError, match="qrels: no query has a relevant passage"):
        draw_samples(one[0], one[1], one[2].slice(0, 0), items=5, seed=1)
    (results / "mixed" / "queries" / "1.parquet").unlink()
    with pytest.raises(HybridBatchError, match=r"queries: id '.*' has no vector; encode"):
        run_stage(results)
