"""A small benchmark of parallel questions, ranked by simulated runs with a bias of known size."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hybridbatch.common.tables import table_from_rows, write_table
from hybridbatch.schemas import every as schemas

LANGUAGES = ("ar", "en", "th")


def write_benchmark(folder: Path, *, items: int, languages: Sequence[str] = LANGUAGES) -> None:
    """One query and one relevant passage per item and language, and as many other passages."""
    queries, passages, qrels = [], [], []
    for code in languages:
        for i in range(items):
            queries.append(
                {"query_id": f"{code}:q{i}", "item_id": f"i{i}", "language": code, "text": "?"}
            )
            qrels += [
                {"query_id": f"{code}:q{i}", "passage_id": f"{other}:p{i}", "relevance": 1}
                for other in languages
            ]
        passages += [
            {"passage_id": f"{code}:p{i}", "language": code, "title": "", "text": "."}
            for i in range(2 * items)
        ]
    for name, rows, schema in (
        ("queries", queries, schemas.QUERIES),
        ("passages", passages, schemas.PASSAGES),
        ("qrels", qrels, schemas.QRELS),
    ):
        write_table(table_from_rows(rows, schema), folder / f"{name}.parquet", schema)


def write_rankings(
    folder: Path,
    *,
    items: int,
    skill: float,
    bias: float,
    seed: int,
    languages: Sequence[str] = LANGUAGES,
) -> None:
    """Full rankings by scores: `skill` for the relevant passages, `bias` for the own language.

    The difficulty depends only on the item, so that versions and runs are correlated.
    """
    passages = [(code, i) for code in languages for i in range(2 * items)]
    ids = np.array([f"{code}:p{i}" for code, i in passages])
    codes, numbers = np.array([code for code, _ in passages]), np.array([i for _, i in passages])
    hardness = np.random.default_rng(0).normal(size=items)
    random = np.random.default_rng(seed)
    rows: dict[str, list] = {name: [] for name in (*languages, "all")}
    for code in languages:
        for i in range(items):
            scores = random.normal(size=len(ids)) + bias * (codes == code)
            scores += (skill - hardness[i]) * (numbers == i)
            for setting in rows:
                inside = np.flatnonzero((codes == setting) | (setting == "all"))
                best = inside[np.argsort(-scores[inside])]
                rows[setting] += [
                    {
                        "query_id": f"{code}:q{i}",
                        "passage_language": setting,
                        "rank": rank,
                        "passage_id": str(ids[passage]),
                        "score": float(scores[passage]),
                    }
                    for rank, passage in enumerate(best, start=1)
                ]
    for setting, part in rows.items():
        table = table_from_rows(part, schemas.RANKINGS)
        write_table(table, folder / f"{setting}.parquet", schemas.RANKINGS)


def write_run(
    path: Path,
    run: str,
    *,
    sampling: str,
    seed: int | None,
    alpha: float | None = None,
    training_languages: Sequence[str] = ("ar", "en"),
) -> None:
    """A run record."""
    trained = seed is not None
    row = {
        "run": run,
        "model": "base",
        "recipe": "tiny" if trained else None,
        "sampling": sampling,
        "alpha": alpha,
        "seed": seed,
        "training_languages": list(training_languages) if trained else [],
        "sources": [],
        "training_items": 0,
        "training_pairs": 0,
        "best_step": None,
        "stopping_reason": None,
    }
    write_table(table_from_rows([row], schemas.RUNS), path, schemas.RUNS)
