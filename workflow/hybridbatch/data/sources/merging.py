"""Several training sources as one table with unique ids and joined groups."""

from collections.abc import Sequence

import polars as pl
import pyarrow as pa

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import check_table
from hybridbatch.data.sources.groups import with_joined_groups
from hybridbatch.schemas.pairs import PAIRS

_IDS = ("item_id", "question_group", "passage_group")


def merge_pairs(tables: Sequence[pa.Table]) -> pa.Table:
    """Concatenate pairs of several sources, for training on all of them.

    An item_id or group that occurs in two sources has a different meaning in each, so it becomes
    `{source}:{id}`. Then groups of all sources that share a question, or a passage, in a language
    are joined, because a batch must not have the same fact from two sources.

    Args:
        tables: pairs (the schema PAIRS), one table per source, in the order of the config.

    Returns:
        Pairs in the order of the tables and of their rows.

    Raises:
        HybridBatchError: there is no table, or a source has the same item and language twice.
    """
    if not tables:
        raise HybridBatchError("--pairs: no file of pairs; give one per training source")
    merged = pa.concat_tables(
        [table.select(list(PAIRS.columns)).cast(PAIRS.arrow) for table in tables]
    )
    if len(tables) > 1:
        merged = with_joined_groups(_with_unique_ids(merged), label="all sources")
    check_table(merged, PAIRS, origin="pairs of all sources")
    return merged


def _with_unique_ids(table: pa.Table) -> pa.Table:
    frame = pl.from_arrow(table.select([*_IDS, "source"]))
    assert isinstance(frame, pl.DataFrame)
    for column in _IDS:
        sources = frame.select(column, "source").unique().group_by(column).len()
        clashing = sources.filter(pl.col("len") > 1)[column]
        renamed = frame.select(
            pl.when(pl.col(column).is_in(clashing.implode()))
            .then(pl.col("source") + ":" + pl.col(column))
            .otherwise(pl.col(column))
        ).to_series()
        index = table.schema.get_field_index(column)
        values = renamed.to_arrow().cast(pa.string())
        table = table.set_column(index, PAIRS.arrow.field(column), values)
    return table
