"""Runs and qrels in TREC's text format, for trec_eval, ir_measures, ranx and the like.

A setting is a query language and a passage language, or the pool `all`. Files of one passage
language hold the original ids, without the language; files of the pool hold the full ids. Scores
have enough digits to tell a float32 from its neighbours, so that readers find the same order and
the same ties. A sharded benchmark has files only for settings in which it has relevant passages.
"""

import argparse
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow.compute as pc

from hybridbatch.common.artifacts import atomic_file
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.languages import one_code
from hybridbatch.common.options import options_from_json
from hybridbatch.common.parquet import frames
from hybridbatch.common.tables import check_file, read_table
from hybridbatch.common.vocabulary import POOL
from hybridbatch.retrieval.judgements import read_benchmark, read_judged
from hybridbatch.schemas.qrels import QRELS
from hybridbatch.schemas.rankings import RANKINGS

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """How runs are written.

    Attributes:
        k: the depth of the runs.
        tag: their name, which is the last column.
    """

    k: int = 100
    tag: str = "hybridbatch"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's paths and the choice of settings."""
    parser.add_argument("--benchmark", type=Path, required=True, help="folder of the benchmark")
    parser.add_argument("--rankings", type=Path, required=True, help="folder of the rankings")
    parser.add_argument("--output", type=Path, required=True, help="folder of the TREC files")
    parser.add_argument(
        "--query-language", nargs="*", type=one_code, help="default: all of the benchmark"
    )
    parser.add_argument(
        "--passage-language", nargs="*", type=one_code, help="default: all, and the pool `all`"
    )
    parser.add_argument(
        "--pool-language",
        nargs="*",
        type=one_code,
        help="languages of the pool of a sharded benchmark",
    )


def run(args: argparse.Namespace) -> None:
    """Write `{query language}.{passage language}.run` and `.qrels` of the settings asked for."""
    options = options_from_json(Options, args.options)
    sharded = not (args.benchmark / "passages.parquet").is_file()
    benchmark = (read_judged if sharded else read_benchmark)(args.benchmark)
    pool = tuple(args.pool_language or benchmark.pool.languages)
    asked = _chosen(
        args.query_language, benchmark.query_languages.unique().to_pylist(), "--query-language"
    )
    known = [*benchmark.pool.languages, POOL]
    if sharded and not args.pool_language:
        known.remove(POOL)
    passages = _chosen(args.passage_language, known, "--passage-language")
    qrels = args.benchmark / "qrels.parquet"
    settings_there = judged_settings(qrels, pool=pool) if sharded else None
    for passage_language in passages:
        for query_language in asked:
            setting = (query_language, passage_language)
            if settings_there is not None and setting not in settings_there:
                continue
            stem = f"{query_language}.{passage_language}"
            write_qrels(qrels, args.output / f"{stem}.qrels", *setting, pool=pool)
            rankings = args.rankings / f"{passage_language}.parquet"
            target = args.output / f"{stem}.run"
            write_run(rankings, target, *setting, k=options.k, tag=options.tag)
        logger.info("%s: runs and qrels written", passage_language)


def judged_settings(qrels: Path, *, pool: Sequence[str]) -> set[tuple[str, str]]:
    """(query language, passage language or `all`) of all relevant pairs; `all` means `pool`."""
    table = pl.DataFrame(read_table(qrels, QRELS)).filter(pl.col("relevance") >= 1)
    language = pl.col("query_id", "passage_id").str.splitn(":", 2).struct.field("field_0")
    pairs = set(table.select(language.name.keep()).unique().rows())
    return pairs | {(asked, POOL) for asked, found in pairs if found in pool}


def write_qrels(
    qrels: Path,
    path: Path,
    query_language: str,
    passage_language: str,
    *,
    pool: Sequence[str] | None = None,
) -> None:
    """Write the judgements of one setting, lines of `query 0 passage relevance`.

    Queries without a relevant passage in the setting are left out: they do not count in it.

    Args:
        qrels: a file of the schema QRELS.
        path: the file to write.
        query_language: the language of the queries.
        passage_language: a language, or `all`.
        pool: the languages of `all`; None for all languages of the file.

    Raises:
        HybridBatchError: the file breaks its schema, or an id holds white space.
    """
    table = pl.DataFrame(read_table(qrels, QRELS)).filter(_is_of("query_id", query_language))
    if passage_language != POOL:
        table = table.filter(_is_of("passage_id", passage_language))
    elif pool is not None:
        table = table.filter(pl.any_horizontal(_is_of("passage_id", code) for code in pool))
    table = table.filter((pl.col("relevance") >= 1).any().over("query_id"))
    lines = _original_ids(table, passage_language, origin=qrels).select(
        "query_id",
        pl.lit("0").alias("iteration"),
        "passage_id",
        pl.col("relevance").cast(pl.String),
    )
    _write_lines(lines, path)


def write_run(
    rankings: Path,
    path: Path,
    query_language: str,
    passage_language: str,
    *,
    k: int = 100,
    tag: str = "hybridbatch",
) -> None:
    """Write the first k of one setting, lines of `query Q0 passage rank score tag`.

    A list ends before its first gap: relevant passages beyond the first k of a ranking are left
    out, because in a run they would seem to follow each other. It also ends before a score that
    rises: readers order by score, and would move up a passage that an approximate index missed.

    Args:
        rankings: the file of the passage language, or of `all`, of the schema RANKINGS.
        path: the file to write.
        query_language: the language of the queries.
        passage_language: a language, or `all`.
        k: how many passages for each query at most.
        tag: the run's name.

    Raises:
        HybridBatchError: the file is missing or breaks its schema, or an id or the tag holds white
            space.
    """
    if not tag or any(character.isspace() for character in tag):
        raise HybridBatchError(f"--options: key tag is {tag!r}; it must be one word")
    check_file(rankings, RANKINGS)
    wanted = _is_of("query_id", query_language) & (pl.col("rank") <= k)
    table = (
        pl.concat([piece.filter(wanted) for piece in frames([rankings], RANKINGS.columns)])
        .filter(pl.int_range(1, pl.len() + 1).over("query_id") == pl.col("rank"))
        .filter((pl.col("score").diff().fill_null(0) <= 0).cum_min().over("query_id"))
    )
    # Arrow writes the shortest digits of a float32; converted to double, it would have others.
    scores = pl.Series("score", pc.cast(table["score"].to_arrow(), "string"))
    lines = _original_ids(table, passage_language, origin=rankings).select(
        "query_id",
        pl.lit("Q0").alias("iteration"),
        "passage_id",
        pl.col("rank").cast(pl.String),
        scores,
        pl.lit(tag).alias("tag"),
    )
    _write_lines(lines, path)


def _chosen(asked: Sequence[str] | None, known: Sequence[str], option: str) -> list[str]:
    for language in asked or ():
        if language not in known:
            raise HybridBatchError(
                f"{option}: {language!r} is not in the benchmark, which has {', '.join(known)}"
            )
    return list(asked or known)


def _is_of(column: str, language: str) -> pl.Expr:
    return pl.col(column).str.starts_with(f"{language}:")


def _original_ids(table: pl.DataFrame, passage_language: str, *, origin: Path) -> pl.DataFrame:
    for column in ("query_id", "passage_id"):
        spaced = table.filter(pl.col(column).str.contains(r"\s"))
        if spaced.height:
            raise HybridBatchError(
                f"{origin}: {column} {spaced[column][0]!r} holds white space, "
                "which separates columns in TREC's format; rename it"
            )
    if passage_language == POOL:
        return table
    return table.with_columns(
        pl.col("query_id", "passage_id").str.splitn(":", 2).struct.field("field_1").name.keep()
    )


def _write_lines(lines: pl.DataFrame, path: Path) -> None:
    with atomic_file(path) as temporary:
        lines.write_csv(temporary, include_header=False, separator=" ", quote_style="never")
