"""Stage `mine`: find the hard negatives of a training source with the base model.

The stage searches each question among the source's training passages in the same language.
Passages of other splits may belong to a benchmark and must not become negatives. The passages with
the highest scores become the hard negatives, hardest first. Two kinds of passage are left out:
those of the passage groups that answer the question, and those that score nearly as high as the
positive, because they may be unmarked answers.
"""

import argparse
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from hybridbatch.common.options import options_from_json
from hybridbatch.common.progress import Progress
from hybridbatch.common.tables import read_table, write_table
from hybridbatch.common.threads import set_threads
from hybridbatch.encoding.declaration import Pooling
from hybridbatch.encoding.encoder import DualEncoder, resolve_device, resolve_precision
from hybridbatch.encoding.inference import encode_texts
from hybridbatch.encoding.settings import log_settings, settled_text
from hybridbatch.encoding.token_limits import check_max_tokens
from hybridbatch.retrieval.columns import Floats
from hybridbatch.retrieval.index import build_index
from hybridbatch.schemas.pairs import PAIRS

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """What is mined.

    Moreira et al., NV-Retriever, arXiv 2407.15831, found .95 best for `below` (TopK-PercPos).

    Attributes:
        languages: the languages whose questions get negatives.
        negatives: how many for each question, at most.
        depth: how many passages the search returns.
        below: a negative must score less than this share of the positive's score.
    """

    languages: tuple[str, ...]
    negatives: int
    depth: int
    below: float
    pooling: Pooling
    query_prefix: str
    passage_prefix: str
    max_tokens: int
    tokens_per_batch: int
    precision: str
    device: str
    threads: int | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the paths that the stage reads and writes."""
    parser.add_argument("--pairs", type=Path, required=True, help="Parquet file of pairs")
    parser.add_argument("--model", type=Path, required=True, help="folder of the base model")
    parser.add_argument("--output", type=Path, required=True, help="the pairs with their negatives")


def run(args: argparse.Namespace) -> None:
    """Mine the hard negatives of one source; they replace those of its training rows."""
    options = options_from_json(Options, settled_text(args.options, args.model))
    set_threads(options.threads)
    table = read_table(args.pairs, PAIRS)
    encoder = DualEncoder.load(
        args.model, pooling=options.pooling, device=resolve_device(options.device)
    )
    check_max_tokens(encoder, options.max_tokens, key="training.max_tokens")
    log_settings(args.options, args.model, keys=("pooling", "query_prefix", "passage_prefix"))
    frame = pl.from_arrow(table.drop_columns("hard_negatives")).with_row_index("row")  # type: ignore[union-attr]
    mined: list[list[str]] = table["hard_negatives"].to_pylist()
    for language in options.languages:
        rows = frame.filter(pl.col("language") == language, pl.col("split") == "train")
        if rows.is_empty():
            continue
        found = mine_language(rows, *_vectors(encoder, rows, options), options=options)
        for row, negatives in zip(rows["row"], found, strict=True):
            mined[row] = negatives
        logger.info("%s: %.1f negatives a question", language, np.mean([len(n) for n in found]))
    index = table.schema.get_field_index("hard_negatives")
    column = pa.array(mined, PAIRS.arrow.field("hard_negatives").type)
    write_table(
        table.set_column(index, PAIRS.arrow.field("hard_negatives"), column), args.output, PAIRS
    )


def mine_language(
    rows: pl.DataFrame, questions: Floats, passages: Floats, *, options: Options
) -> list[list[str]]:
    """The hard negatives of each row.

    Args:
        rows: n pairs of one language: question_group, passage_group and passage.
        questions: unit vectors of the questions, (n, d).
        passages: unit vectors of the passages, (n, d).
        options: `negatives`, `depth` and `below` are used.

    Returns:
        n lists of passages, hardest first; equal scores are sorted by text.
    """
    texts, first = np.unique(rows["passage"].to_numpy().astype(object), return_index=True)
    # A flat index is not trained, so the sample and the seed have no effect.
    index = build_index(np.ascontiguousarray(passages[first]), factory="Flat", sample=0, seed=0)
    depth = min(options.depth, len(texts))
    scores, found = index.search(questions, depth)
    groups = rows["passage_group"].to_list()
    group_of_text = [groups[row] for row in first]
    answers = _answers(rows)
    limits = _limits((questions * passages).sum(axis=1), below=options.below)
    return [
        _hardest(
            [
                (-score, texts[number])
                for score, number in zip(scores[row], found[row], strict=True)
                if number >= 0 and score < limit and group_of_text[number] not in answers[question]
            ],
            count=options.negatives,
        )
        for row, (question, limit) in enumerate(zip(rows["question_group"], limits, strict=True))
    ]


def _hardest(candidates: Sequence[tuple[float, str]], *, count: int) -> list[str]:
    return [text for _, text in sorted(candidates)[:count]]


def _limits(positive: Floats, *, below: float) -> Floats:
    """The scores that a negative must stay under: a share of the positive's if that is above 0."""
    limits: Floats = np.where(positive > 0, below * positive, positive)
    return limits


def _answers(rows: pl.DataFrame) -> Mapping[str, set[str]]:
    """The passage groups that answer each question group."""
    answers: dict[str, set[str]] = {}
    for question, passage in rows.select("question_group", "passage_group").iter_rows():
        answers.setdefault(question, set()).add(passage)
    return answers


def _vectors(encoder: DualEncoder, rows: pl.DataFrame, options: Options) -> tuple[Floats, Floats]:
    language = rows["language"][0]
    precision = resolve_precision(options.precision, encoder.device.type)
    questions, passages = (
        encode_texts(
            encoder,
            rows[column].to_list(),
            prefix=prefix,
            max_tokens=options.max_tokens,
            tokens_per_batch=options.tokens_per_batch,
            precision=precision,
            progress=Progress(f"{language} {column}s", len(rows), "texts").callback,
        )
        for column, prefix in (
            ("question", options.query_prefix),
            ("passage", options.passage_prefix),
        )
    )
    return questions, passages
