"""A small results folder, written through the same checked writer that the stages use."""

import itertools
import json
import math
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tiny
from hybridbatch.common.tables import table_from_rows, write_table
from hybridbatch.schemas import every as schemas

ALPHAS = {"x-x-mono": 1.0, "x-y": 0.0, "hybrid": 0.5}
# Macro averages of the runs that the fixture builds its values around.
LEVELS = {
    "untrained": (0.799, 0.640, 0.299, 1217.0),
    "x-x-mono": (0.801, 0.692, 0.530, 426.0),
    "x-y": (0.786, 0.699, 0.581, 307.0),
    "hybrid": (0.799, 0.706, 0.580, 306.0),
}


def write(rows: Sequence[Mapping[str, Any]], path: Path, schema: schemas.Schema) -> None:
    write_table(table_from_rows(rows, schema), path, schema)


def run_id(sampling: str, *, model: str = "base", recipe: str = "tiny", seed: int = 1) -> str:
    return (
        f"{model}.untrained" if sampling == "untrained" else f"{model}.{recipe}.{sampling}.s{seed}"
    )


def write_run(
    results: Path,
    sampling: str,
    *,
    training_languages: Sequence[str],
    model: str = "base",
    seed: int = 1,
    run: str | None = None,
) -> str:
    trained = sampling != "untrained"
    name = run or run_id(sampling, model=model, seed=seed)
    row = {
        "run": name,
        "model": model,
        "recipe": "tiny" if trained else None,
        "sampling": sampling,
        "alpha": ALPHAS.get(sampling),
        "seed": seed if trained else None,
        "training_languages": list(training_languages) if trained else [],
        "sources": ["facts"] if trained else [],
        "training_items": 40 if trained else 0,
        "training_pairs": 40 * len(training_languages) if trained else 0,
        "best_step": 40 if trained else None,
        "stopping_reason": "steps" if trained else None,
    }
    write([row], results / "runs" / f"{name}.parquet", schemas.RUNS)
    return name


def summary_rows(
    languages: Sequence[str], levels: tuple[float, float, float, float], *, seed: int
) -> list[dict[str, Any]]:
    """Rows around `levels` (mono, cross, multi mAP, rank distance); macro rows are exact means."""
    noise = random.Random(seed)
    rows: list[dict[str, Any]] = []

    def add(setting: str, query: str, passage: str, metric: str, value: float, n: int) -> None:
        rows.append(
            {
                "setting": setting,
                "query_language": query,
                "passage_language": passage,
                "metric": metric,
                "value": value,
                "queries": n,
            }
        )

    def settings(setting: str) -> list[tuple[str, str]]:
        if setting == "monolingual":
            return [(code, code) for code in languages]
        if setting == "cross-lingual":
            return list(itertools.permutations(languages, 2))
        return [(code, "all") for code in languages]

    for setting, level in zip(
        ("monolingual", "cross-lingual", "multilingual"), levels[:3], strict=True
    ):
        metrics = {"mAP": level, "R@1": level - 0.1, "R@10": level + 0.05, "nDCG@10": level + 0.02}
        if setting == "multilingual":
            metrics["rank_distance"] = levels[3]
        for metric, centre in metrics.items():
            values = []
            for query, passage in settings(setting):
                value = centre * (1 + noise.uniform(-0.06, 0.06))
                values.append(value)
                add(setting, query, passage, metric, value, 30)
            pool = "all" if setting == "multilingual" else "macro"
            add(setting, "macro", pool, metric, sum(values) / len(values), 30 * len(values))
    return rows


def write_summary(
    results: Path, run: str, benchmark: str, rows: Sequence[Mapping[str, Any]]
) -> None:
    write(rows, results / "metrics" / run / benchmark / "summary.parquet", schemas.SUMMARY)


def write_benchmark(results: Path, name: str, languages: Sequence[str], *, size: int = 3) -> None:
    folder = results / "benchmarks" / name
    queries, passages, qrels = [], [], []
    for code in languages:
        for i in range(size):
            queries.append(
                {
                    "query_id": f"{code}:q{i}",
                    "item_id": f"{name}:{i}",
                    "language": code,
                    "text": f"question {i} in {code}?",
                }
            )
            passages.append(
                {"passage_id": f"{code}:p{i}", "language": code, "title": "", "text": f"answer {i}"}
            )
            qrels.extend(
                {"query_id": f"{code}:q{i}", "passage_id": f"{other}:p{i}", "relevance": 1}
                for other in languages
            )
    write(queries, folder / "queries.parquet", schemas.QUERIES)
    write(passages, folder / "passages.parquet", schemas.PASSAGES)
    write(qrels, folder / "qrels.parquet", schemas.QRELS)


def write_source(results: Path, name: str, languages: Sequence[str], *, items: int = 40) -> None:
    rows = [
        {
            "item_id": f"{name}:{i}",
            "question_group": f"{name}:{i}",
            "passage_group": f"{name}:{i // 2}",
            "language": code,
            "question": f"question {i}?",
            "passage": f"passage {i // 2}",
            "source": name,
            "split": "validation" if i % 20 == 0 else "train",
            "hard_negatives": ["another passage"],
        }
        for code in languages
        for i in range(items)
    ]
    write(rows, results / "pairs" / f"{name}.parquet", schemas.PAIRS)


def write_train_log(
    results: Path, run: str, sampling: str, languages: Sequence[str], *, steps: int = 40
) -> None:
    noise = random.Random(run)
    rows: list[dict[str, Any]] = []
    for step in range(1, steps + 1):
        # The kinds of batch as the stage `train` logs them.
        alone = {"x-x-mono": "monolingual", "x-y": "cross-lingual", "x-x": "mixed"}
        kind = alone.get(sampling) or noise.choice(["monolingual", "cross-lingual"])
        if kind == "cross-lingual":
            pairs = [tuple(noise.sample(list(languages), 2)) for _ in range(8)]
        else:
            pairs = [(noise.choice(list(languages)),) * 2] * 8
        rows.append(
            {
                "step": step,
                "event": "train",
                "loss": 1.6 * 0.97**step
                + noise.uniform(0, 0.3)
                + (0.3 if kind == "cross-lingual" else 0),
                "learning_rate": 5e-5 * (1 - step / (steps + 1)),
                "batch_type": kind,
                "query_languages": [query for query, _ in pairs],
                "passage_languages": [passage for _, passage in pairs],
            }
        )
        if step % 10 == 0:
            rows.extend(
                {
                    "step": step,
                    "event": "validation",
                    "loss": 1.2 * 0.98**step + extra,
                    "learning_rate": 0.0,
                    "batch_type": kind,
                    "query_languages": [],
                    "passage_languages": [],
                }
                for kind, extra in (("monolingual", 0.0), ("cross-lingual", 0.3), ("all", 0.15))
            )
    write(rows, results / "training" / run / "train_log.parquet", schemas.TRAIN_LOG)


def write_timings(results: Path, jobs: Sequence[tuple[str, str, float]]) -> None:
    for stage, job, seconds in jobs:
        row = {
            "stage": stage,
            "job": job,
            "wall_seconds": seconds,
            "cpu_seconds": 1.6 * seconds,
            "peak_memory_mb": 812.0,
            "threads": 2,
        }
        name = job.replace("/", "_")
        write([row], results / "timings" / stage / f"{name}.parquet", schemas.TIMINGS)


def write_results(
    results: Path,
    *,
    languages: Sequence[str] = ("ar", "en", "th"),
    trained_on: Sequence[str] = ("ar", "en"),
    benchmarks: Sequence[str] = ("xquad-r",),
    steps: int = 40,
    overlaps: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> dict[str, Any]:
    """Write a results folder of four runs and return the report's options for it."""
    runs = []
    for number, (sampling, levels) in enumerate(LEVELS.items()):
        run = write_run(results, sampling, training_languages=trained_on)
        runs.append(run)
        for benchmark in benchmarks:
            rows = summary_rows(languages, levels, seed=number)
            write_summary(results, run, benchmark, rows)
        if sampling != "untrained":
            write_train_log(results, run, sampling, trained_on, steps=steps)
    for benchmark in benchmarks:
        write_benchmark(results, benchmark, languages)
        shared = list((overlaps or {}).get(benchmark, ()))
        write(shared, results / "overlap" / "tiny" / f"{benchmark}.parquet", schemas.OVERLAP)
    write_source(results, "facts", languages)
    return {
        "title": "Hybrid batch training, measured",
        "recipe": "tiny",
        "runs": runs,
        "evaluations": [[run, benchmark] for run in runs for benchmark in benchmarks],
        "benchmarks": list(benchmarks),
        "sources": ["facts"],
        "train_languages": list(trained_on),
        "allow_contaminated": False,
        "config": {
            "model": "embedded",
            "evaluation": {"measures": list(tiny.MEASURES)},
            "train": {"steps": steps, "learning_rate": 5e-5},
        },
    }


# A question in every script of the benchmarks, one of them with markup in it.
QUESTIONS = {
    "ar": "ما هي عاصمة فرنسا؟",
    "de": "Was ist die Hauptstadt von Frankreich?",
    "el": "Ποια είναι η πρωτεύουσα της Γαλλίας;",
    "en": "What is the <script>alert(1)</script> of France?",
    "es": "¿Cuál es la capital de Francia?",
    "hi": "फ्रांस की राजधानी क्या है?",
    "ru": "Какой город — столица Франции?",
    "th": "เมืองหลวงของฝรั่งเศสคือเมืองใด",
    "tr": "Fransa'nın başkenti neresidir?",
    "vi": "Thủ đô của Pháp là gì?",
    "zh": "法国的首都是哪里？",
}


def write_examples(results: Path, benchmark: str, runs: Sequence[str]) -> None:
    """One query for each rule; every run lists the same question in other languages."""
    codes = list(QUESTIONS)
    rows: list[dict[str, Any]] = []
    for number, (rule, code, change) in enumerate(
        (("gain", "ar", 0.5), ("loss", "th", -0.25), ("random", "zh", 0.0)), start=1
    ):
        for place, run in enumerate(runs):
            listed = codes[place:] + codes[:place]
            rows.extend(
                {
                    "number": number,
                    "rule": rule,
                    "query_id": f"{code}:q{number}",
                    "item_id": f"{benchmark}:{number}",
                    "query_language": code,
                    "query": QUESTIONS[code],
                    "candidate": runs[-1],
                    "baseline": runs[1] if len(runs) > 1 else runs[0],
                    "change": change,
                    "run": run,
                    "average_precision": 0.5,
                    "relevant_ranks": [1, 3, 1217],
                    "rank": rank,
                    "passage_id": f"{other}:p{number}",
                    "passage_language": other,
                    "relevance": rank % 2,
                    "score": 0.9 - rank / 100,
                    "title": "",
                    "passage": 12 * f"{QUESTIONS[other]} ",
                }
                for rank, other in enumerate(listed[:5], start=1)
            )
    path = results / "examples" / "base.tiny" / f"{benchmark}.parquet"
    write(rows, path, schemas.EXAMPLES)


def write_projection(results: Path, benchmark: str, runs: Sequence[str]) -> None:
    """Languages on a circle that shrinks from run to run."""
    noise = random.Random(1)
    points: list[dict[str, Any]] = []
    summary: list[dict[str, Any]] = []
    for place, run in enumerate(runs):
        radius = 0.4 / (place + 1)
        for kind in ("query", "passage"):
            for turn, code in enumerate(QUESTIONS):
                angle = 2 * math.pi * turn / len(QUESTIONS)
                points.extend(
                    {
                        "run": run,
                        "kind": kind,
                        "language": code,
                        "item_id": f"{benchmark}:{item}",
                        "id": f"{code}:{kind[0]}{item}",
                        "x": radius * math.cos(angle) + noise.gauss(0, 0.03),
                        "y": radius * math.sin(angle) + noise.gauss(0, 0.03),
                    }
                    for item in range(20)
                )
            summary.append(
                {
                    "run": run,
                    "kind": kind,
                    "vectors": 220,
                    "languages": 11,
                    "x_share": 0.03,
                    "y_share": 0.02,
                    "language_share": 0.2 / (place + 1),
                    "item_share": 0.55,
                    "accuracy": 1.0 if place == 0 else 0.5,
                    "chance": 1 / 11,
                }
            )
    folder = results / "projection" / "base.tiny" / benchmark
    write(points, folder / "points.parquet", schemas.PROJECTION)
    write(summary, folder / "summary.parquet", schemas.PROJECTION_SUMMARY)


def write_full_results(
    results: Path, *, languages: Sequence[str] = tuple(QUESTIONS)
) -> dict[str, Any]:
    """Two benchmarks, two languages that are unseen, an overlap, views, timings."""
    trained_on = tuple(code for code in languages if code not in ("el", "vi"))
    shared = [
        {"kind": kind, "source": "facts", "item_id": "facts:1", "language": code, "text": text}
        for kind in ("item", "question")
        for code, text in QUESTIONS.items()
    ]
    options = write_results(
        results, languages=languages, trained_on=trained_on, overlaps={"xquad-r": shared}, steps=60
    )
    fewer = tuple(code for code in languages if code not in ("el", "ru", "th", "tr"))
    untrained = options["runs"][0]
    write_benchmark(results, "mlqa-r", fewer)
    write_summary(results, untrained, "mlqa-r", summary_rows(fewer, (0.6, 0.5, 0.2, 900), seed=9))
    options["benchmarks"].append("mlqa-r")
    options["evaluations"].append([untrained, "mlqa-r"])
    options["allow_contaminated"] = True
    options["views"] = ["xquad-r"]
    write_examples(results, "xquad-r", options["runs"])
    write_projection(results, "xquad-r", options["runs"])
    write_timings(
        results,
        [
            *(("train", run, 131.0) for run in options["runs"][1:]),
            *(("encode", f"{run}/xquad-r", 41.5) for run in options["runs"]),
            ("download", "raw.example/a/very/long/path/of/a/file/xquad.ar.json", 1.2),
        ],
    )
    return options


def options_json(options: Mapping[str, Any]) -> str:
    return json.dumps(options)
