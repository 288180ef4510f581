"""The tables of the stages statistics and bias for the results folder of `report_fixture`."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import tiny
from hybridbatch.schemas import every as schemas
from hybridbatch.schemas.every import Schema
from report_fixture import ALPHAS, write

HYBRID, MONO, XY, BASE = (
    f"base.{name}" for name in ("tiny.hybrid", "tiny.x-x-mono", "tiny.x-y", "untrained")
)


def estimate(system: str, mean: float, low: float, high: float, **other: Any) -> dict[str, Any]:
    sampling = system.split(".")[-1]
    return {
        "system": system,
        "model": "base",
        "recipe": None if system == BASE else "tiny",
        "sampling": sampling,
        "alpha": ALPHAS.get(sampling),
        "setting": "monolingual",
        "query_language": "macro",
        "passage_language": "macro",
        "metric": "mAP",
        "mean": mean,
        "sd": None,
        "low": low,
        "high": high,
        "seeds": 1,
        "queries": 6,
        "items": 3,
    } | other


def compared(a: str, b: str, difference: float, p: float, **other: Any) -> dict[str, Any]:
    return {
        "system_a": a,
        "system_b": b,
        "family": "mAP",
        "setting": "monolingual",
        "query_language": "macro",
        "passage_language": "macro",
        "metric": "mAP",
        "difference": difference,
        "sd": None,
        "low": difference - 0.01,
        "high": difference + 0.01,
        "p": p / 2,
        "p_holm": p,
        "seeds": 1,
        "queries": 6,
        "items": 3,
    } | other


def grouped(
    setting: str, grouping: str, group: str, difference: float, verdict: str, **other: Any
) -> dict[str, Any]:
    return {
        "system_a": HYBRID,
        "system_b": MONO,
        "setting": setting,
        "metric": "mAP",
        "grouping": grouping,
        "group": group,
        "averaged": 1,
        "mean_a": 0.8 + difference,
        "mean_b": 0.8,
        "difference": difference,
        "low": difference - 0.005,
        "high": difference + 0.005,
        "p": 0.001,
        "p_holm": 0.002,
        "margin": 0.01,
        "p_noninferior": 0.5,
        "p_noninferior_holm": 0.5,
        "p_inferior": 0.5,
        "p_inferior_holm": 0.5,
        "verdict": verdict,
        "seeds": 1,
        "queries": 6,
        "items": 3,
    } | other


ESTIMATES = [
    estimate(HYBRID, 0.801, 0.790, 0.812),
    estimate(MONO, 0.821, 0.810, 0.832, sd=0.004, seeds=2),
    estimate(XY, 0.78, 0.77, 0.79),
    estimate(BASE, 0.7, 0.69, 0.71),
]
COMPARISONS = [
    compared(HYBRID, MONO, -0.02, 0.001),
    compared(HYBRID, XY, 0.02, 0.2),
    compared(HYBRID, BASE, 0.1, 0.001),
    compared(XY, MONO, -0.04, 0.05),
    compared(MONO, BASE, 0.12, 0.001),
    compared(HYBRID, MONO, -0.03, 0.01, query_language="en", passage_language="en"),
    compared(HYBRID, MONO, 0.01, 0.4, query_language="ar", passage_language="ar"),
    compared(
        HYBRID, MONO, 0.02, 0.05,
        setting="cross-lingual", query_language="ar", passage_language="en",
    ),
]  # fmt: skip
GROUPS = [
    grouped("monolingual", "overall", "macro", -0.02, "inferior"),
    grouped("monolingual", "language", "ar", -0.001, "undecided"),
    grouped("monolingual", "language", "en", -0.03, "inferior"),
    grouped("monolingual", "resource", "high-high", -0.03, "inferior"),
    grouped("cross-lingual", "overall", "macro", 0.02, "non-inferior", p_holm=0.3),
    grouped("multilingual", "resource", "high-all", 0.1, "non-inferior"),
    grouped("monolingual", "overall", "macro", -0.01, "undecided", metric="nDCG@10"),
]


def write_statistics(results: Path) -> None:
    folder = results / "statistics" / "base.tiny" / "xquad-r"
    for rows, schema in (
        (ESTIMATES, schemas.ESTIMATES),
        (COMPARISONS, schemas.COMPARISONS),
        (GROUPS, schemas.NONINFERIORITY),
    ):
        write(rows, folder / f"{schema.name}.parquet", schema)


def write_bias(results: Path, run: str, *, preference: float = 0.75) -> None:
    """Two languages; every figure of Arabic is known, and English has the same ones."""
    codes = ("ar", "en")
    quartiles = ("mean", "minimum", "lower_quartile", "median", "upper_quartile", "maximum")
    values = dict(zip(quartiles, (40.0, 0.0, 10.0, 20.0, 60.0, 99.0), strict=True))
    share = {"top_share": 0.6, "relevant_share": 0.5, "pool_share": 0.4, "position": 0.3}
    test = {"languages": 2, "blocks": 3, "statistic": 7.5, "degrees": 1, "p": 0.01}
    test |= {"p_holm": 0.02, "concordance": 0.25, "chance": 0.1}
    tables: dict[Schema, list[dict[str, Any]]] = {
        schemas.RANK_DISTANCE: [
            {"query_language": code, **values, "queries": 3} for code in (*codes, "macro")
        ],
        schemas.RANK_DISTANCE_HISTOGRAM: [
            {"query_language": "all", "low": low, "high": high, "queries": queries}
            for low, high, queries in ((0, 0, 1), (1, 1, 0), (2, 3, 3))
        ],
        schemas.EXPOSURE: [
            {"query_language": q, "passage_language": p, "cutoff": 10, **share, "queries": 3}
            for q in (*codes, "macro")
            for p in codes
        ],
        schemas.PREFERENCE: [
            {"query_language": q, "passage_language": "all", "preference": preference, "queries": 3}
            for q in (*codes, "macro")
        ],
        schemas.FAIRNESS: [{"query_language": q, **test} for q in (*codes, "all")],
        schemas.AGREEMENT: [
            {"language_a": a, "language_b": b, "overlap": 0.45, "items": 3}
            for a, b in (("ar", "en"), ("en", "ar"), ("macro", "macro"))
        ],
    }
    for schema, rows in tables.items():
        folder = results / "bias" / run / "xquad-r"
        write(rows, folder / f"{schema.name}.parquet", schema)


def write_evidence(results: Path, runs: Sequence[str]) -> dict[str, Any]:
    """Write both and return the report's options for the statistics."""
    write_statistics(results)
    for run in runs:
        write_bias(results, run, preference=0.9 if "hybrid" in run else 0.75)
    return asdict(tiny.statistics_options("base.tiny", high_resource=["en"]))
