"""Command `export`: a published model with its benchmark results, as one folder to pass on.

The macro averages of every benchmark on which the run was evaluated go onto the model card and
into `benchmark_results.parquet` and `.json` beside it. They are marked if the run was trained on
items of the benchmark, or if the index was approximate. On request, the passages of a benchmark are
added with their index, a graph of the model for ONNX, and the folder is uploaded to the hub.
"""

import argparse
import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hybridbatch.common.artifacts import atomic_folder
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.options import options_from_json
from hybridbatch.common.tables import read_table, table_from_rows, write_table
from hybridbatch.common.vocabulary import (
    CROSS_LINGUAL,
    MACRO,
    MACRO_PUBLISHED,
    MONOLINGUAL,
    MULTILINGUAL,
)
from hybridbatch.encoding.layout import write_json
from hybridbatch.publication.card import table
from hybridbatch.publication.export_index import write_index
from hybridbatch.schemas.benchmark_results import BENCHMARK_RESULTS
from hybridbatch.schemas.index_quality import INDEX_QUALITY
from hybridbatch.schemas.overlap import OVERLAP
from hybridbatch.schemas.runs import RUNS
from hybridbatch.schemas.summary import SUMMARY

CARD, RESULTS = "README.md", "benchmark_results"
# How the card describes the averages of `summary`.
_AVERAGES = {MACRO: "", MACRO_PUBLISHED: ", languages of the published table"}
_WHAT = {
    MONOLINGUAL: "query and passages in one language",
    CROSS_LINGUAL: "passages in one other language",
    MULTILINGUAL: "passages of all languages in one pool",
}
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """The command has only the option `threads`, which every command accepts."""

    threads: int | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the run, the folder to write and the results folder."""
    parser.add_argument("run", help="a trained run, such as embedded.cldr.hybrid.s1")
    parser.add_argument("dest", type=Path, help="the folder to write; it must not exist")
    parser.add_argument(
        "--from",
        dest="results",
        type=Path,
        default=Path("results"),
        help="the results folder (default: %(default)s)",
    )
    parser.add_argument(
        "--index", metavar="BENCHMARK", help="add a FAISS index of its passages, ids and texts"
    )
    parser.add_argument(
        "--onnx", action="store_true", help="add an ONNX graph, compared with the model's vectors"
    )
    parser.add_argument(
        "--push", metavar="ORG/NAME", help="upload the folder to this repository of the hub"
    )
    parser.add_argument(
        "--public", action="store_true", help="with --push: everyone may read it (default: private)"
    )


def run(args: argparse.Namespace) -> None:
    """Write the folder, and upload it if that is asked for."""
    # The hub's client is slow to import, as is torch for the graph: only where they are used.
    from hybridbatch.publication.push import check_push, push

    options_from_json(Options, args.options)
    if args.push is not None:
        check_push(args.push, public=args.public)
    elif args.public:
        raise HybridBatchError(
            "--public: says who may read an upload; name it with --push ORG/NAME"
        )
    export(args.run, args.dest, results=args.results, index=args.index, onnx=args.onnx)
    if args.push is not None:
        address = push(args.dest, args.push, public=args.public)
        logger.info("%s is uploaded: %s", args.dest, address)


def export(
    run: str, dest: Path, *, results: Path, index: str | None = None, onnx: bool = False
) -> None:
    """Copy a run's published model to `dest` and add its benchmark results.

    Args:
        run: a trained run.
        dest: the folder to make.
        results: the results folder.
        index: a benchmark whose passages are added with their index; None for none.
        onnx: whether a graph of the model is added.

    Raises:
        HybridBatchError: `dest` exists, there is no such run, or a summary is malformed; the index
            or the graph cannot be written (see `write_index` and `write_onnx`).
    """
    if dest.exists():
        raise HybridBatchError(f"{dest}: exists already; name a new folder")
    if (file := next((each for each in dest.parents if each.is_file()), None)) is not None:
        raise HybridBatchError(f"{dest}: {file} is a file; name a folder in another place")
    if onnx:
        from hybridbatch.publication.onnx_graph import check_packages, write_onnx

        check_packages()
    source = _checkpoint(run, results / "checkpoints")
    rows = read_results(run, results)
    with atomic_folder(dest) as folder:
        shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*"))
        write_table(
            table_from_rows(rows, BENCHMARK_RESULTS),
            folder / f"{RESULTS}.parquet",
            BENCHMARK_RESULTS,
        )
        write_json(folder / f"{RESULTS}.json", rows)
        card = (source / CARD).read_text(encoding="utf-8")
        sections = [results_section(rows)]
        if index is not None:
            sections.append(write_index(run, index, folder, published=source, results=results))
        if onnx:
            sections.append(write_onnx(folder, published=source))
        (folder / CARD).write_text("\n".join([card, *sections]), encoding="utf-8")
    logger.info(
        "%s is exported to %s with results on %s",
        run, dest, ", ".join(sorted({row["benchmark"] for row in rows})) or "no benchmark",
    )  # fmt: skip


def read_results(run: str, results: Path) -> list[dict[str, Any]]:
    """The macro averages of a run, as rows of the schema BENCHMARK_RESULTS, by benchmark."""
    rows = []
    for path in sorted((results / "metrics").glob(f"{run}/*/summary.parquet")):
        benchmark = path.parent.name
        marks = {
            "shared_items": _shared_items(run, benchmark, results),
            **_index(results / "index_quality" / run / benchmark),
        }
        summary = read_table(path, SUMMARY)
        macro = summary.filter(pc.is_in(summary["query_language"], pa.array(list(_AVERAGES))))
        rows += [
            {
                "run": run,
                "benchmark": benchmark,
                "setting": row["setting"],
                "average": row["query_language"],
                **{key: row[key] for key in ("metric", "value", "queries")},
                **marks,
            }
            for row in macro.to_pylist()
            if row["queries"]
        ]
    return rows


def _shared_items(run: str, benchmark: str, results: Path) -> int | None:
    """How many items of a benchmark the run was trained on; None if this was not checked."""
    record = results / "runs" / f"{run}.parquet"
    if not record.is_file():
        return None
    recipe = read_table(record, RUNS)["recipe"][0].as_py()
    overlap = results / "overlap" / str(recipe) / f"{benchmark}.parquet"
    if not overlap.is_file():
        return None
    shared = read_table(overlap, OVERLAP, columns=("kind", "item_id"))
    return len(shared.filter(pc.equal(shared["kind"], "item"))["item_id"].unique())


def _index(path: Path) -> dict[str, Any]:
    """The factory and the mean recall of the indexes, from a folder of `path` or a file."""
    found = path if path.is_dir() else path.with_name(f"{path.name}.parquet")
    if not found.exists():
        return {"index": None, "index_recall": None}
    rows = read_table(found, INDEX_QUALITY).to_pylist()
    # Of some languages a part of the shards may be exact, which stands in brackets.
    factories = {row["factory"].split(" (")[0] for row in rows}
    recalls = [row["recall"] for row in rows]
    return {
        "index": ", ".join(sorted(factories - {"Flat"})) or "Flat",
        "index_recall": sum(recalls) / len(recalls),
    }


def results_section(rows: Sequence[dict[str, Any]]) -> str:
    """The card's section: a table per benchmark, with a row per setting and a column per metric."""
    parts = ["## Benchmark results"]
    if not rows:
        parts.append("The model was not evaluated.")
    for benchmark in dict.fromkeys(row["benchmark"] for row in rows):
        own = [row for row in rows if row["benchmark"] == benchmark]
        mark = " (contaminated)" if own[0]["shared_items"] else ""
        parts += [f"### {benchmark}{mark}", *_warnings(own[0]), _table(own)]
    if rows:
        shown = "; ".join(f"{setting}: {what}" for setting, what in _WHAT.items())
        parts.append(
            f"Means over the languages, or pairs of languages, of each setting. {shown}. "
            f"rank_distance is in ranks, lower is better; the others lie in 0..1."
        )
    return "\n\n".join(parts) + "\n"


def _warnings(row: dict[str, Any]) -> list[str]:
    """Notes on a benchmark's figures, from any of its rows."""
    warnings = []
    if row["shared_items"]:
        warnings.append(
            f"**The model was trained on {row['shared_items']:,} items of this benchmark:** the "
            f"figures do not show its quality on unseen texts."
        )
    if row["index"] not in (None, "Flat"):
        warnings.append(
            f"The index was approximate (`{row['index']}`, mean recall "
            f"{row['index_recall']:.3f}): exact search gives other figures."
        )
    return warnings


def _table(rows: Sequence[dict[str, Any]]) -> str:
    values = {(row["setting"], row["average"], row["metric"]): row["value"] for row in rows}
    metrics = list(dict.fromkeys(row["metric"] for row in rows))
    lines = [
        (
            f"{setting}{_AVERAGES[average]}",
            *(_number(values.get((setting, average, metric))) for metric in metrics),
        )
        for setting, average in dict.fromkeys((row["setting"], row["average"]) for row in rows)
    ]
    return table(("setting", *metrics), lines)


def _checkpoint(run: str, checkpoints: Path) -> Path:
    """The folder of a published run."""
    folder = checkpoints / run
    if run and (folder / CARD).is_file() and folder.parent == checkpoints:
        return folder
    found = sorted(path.parent.name for path in checkpoints.glob(f"*/{CARD}"))
    known = f"there are {', '.join(found)}" if found else "there are no runs yet"
    raise HybridBatchError(f"{run}: no such run in {checkpoints}; {known}")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}" if value < 10 else f"{value:.1f}"
