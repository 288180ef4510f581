"""A damaged Parquet file is one line that names it, and never other numbers."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bit_flips import SCHEMAS, flip, outcomes, write_some_table
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.parquet import ParquetInput, frames
from hybridbatch.common.table_writer import table_writer
from hybridbatch.common.tables import read_table, write_table
from hybridbatch.schemas import every as schemas
from hybridbatch.schemas.schema import Schema


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.name)
def test_a_flipped_bit_is_an_error_or_changes_nothing(schema: Schema, tmp_path: Path) -> None:
    counts = outcomes(tmp_path, schema, 150)
    assert set(counts) <= {"same", "error"}, counts
    assert counts["error"] > 75  # without checksums about half


def test_every_bit_of_the_footer(tmp_path: Path) -> None:
    path = tmp_path / "per_query.parquet"
    write_some_table(schemas.PER_QUERY, path)
    size = path.stat().st_size
    begin = size - 8 - int.from_bytes(path.read_bytes()[-8:-4], "little")
    counts = outcomes(tmp_path, schemas.PER_QUERY, range(8 * begin, 8 * size))
    assert set(counts) == {"error"}, counts


def test_a_file_cut_anywhere_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "rankings.parquet"
    write_some_table(schemas.RANKINGS, path)
    data = path.read_bytes()
    for length in range(0, len(data), 7):
        path.write_bytes(data[:length])
        with pytest.raises(HybridBatchError, match=r"rankings\.parquet: damaged: "):
            read_table(path, schemas.RANKINGS)


def test_zeros_in_the_middle_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "rankings.parquet"
    write_some_table(schemas.RANKINGS, path, rows=5000)
    data = path.read_bytes()
    path.write_bytes(data[:8192] + bytes(4096) + data[12288:])
    with pytest.raises(HybridBatchError, match=r"rankings\.parquet: damaged: "):
        read_table(path, schemas.RANKINGS)


def _pieces(path: Path) -> None:
    list(frames([path], ["score"]))


def _batches(path: Path) -> None:
    with ParquetInput(path) as file:
        list(file.batches(rows=10))


@pytest.mark.parametrize("read", [_pieces, _batches])
def test_damage_is_found_where_a_file_is_read_in_pieces(
    read: Callable[[Path], None], tmp_path: Path
) -> None:
    path = tmp_path / "rankings.parquet"
    write_some_table(schemas.RANKINGS, path)
    read(path)
    column = pq.read_metadata(path).row_group(0).column(4)
    begin = column.dictionary_page_offset or column.data_page_offset
    at = begin + column.total_compressed_size - 3
    path.write_bytes(flip(path.read_bytes(), 8 * at))
    with pytest.raises(HybridBatchError, match=r"rankings\.parquet: damaged: .*CRC"):
        read(path)


def test_a_writer_of_tables_seals_its_file(tmp_path: Path) -> None:
    path = tmp_path / "rankings.parquet"
    table = write_some_table(schemas.RANKINGS, path)
    once = path.read_bytes()
    with table_writer(path, schemas.RANKINGS) as writer:
        writer.write(table.slice(0, 10))
        writer.write(table.slice(10))
    assert path.read_bytes() == once
    write_table(table, path, schemas.RANKINGS)
    assert path.read_bytes() == once


def test_what_to_do_about_a_result_and_about_a_users_file(tmp_path: Path) -> None:
    path = tmp_path / "rankings" / "en.parquet"
    path.parent.mkdir()
    path.write_bytes(b"PAR1 half")
    with pytest.raises(HybridBatchError, match=r"; remove it and run the workflow again$"):
        read_table(path, schemas.RANKINGS)
    (path.parent / ".snakemake_timestamp").touch()
    with pytest.raises(HybridBatchError, match=r"; remove the folder \S+/rankings and run the"):
        read_table(path, schemas.RANKINGS)
    with pytest.raises(HybridBatchError, match=r"; restore it from where it came from$"):
        read_table(path, schemas.RANKINGS, given=True)


def test_files_without_checksums_are_read(tmp_path: Path) -> None:
    path = tmp_path / "rankings.parquet"
    table = write_some_table(schemas.RANKINGS, path)
    pq.write_table(table, path, compression="zstd")
    assert read_table(path, schemas.RANKINGS).equals(table)


def test_checksums_of_a_users_file_are_verified(tmp_path: Path) -> None:
    path = tmp_path / "rankings.parquet"
    table = write_some_table(schemas.RANKINGS, path)
    pq.write_table(table, path, compression="none", use_dictionary=False, write_page_checksum=True)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"en:007", b"en:008", 1))
    with pytest.raises(HybridBatchError, match=r"damaged: .*CRC"):
        read_table(path, schemas.RANKINGS, given=True)


def test_other_readers_read_a_sealed_file(tmp_path: Path) -> None:
    path = tmp_path / "rankings.parquet"
    table = write_some_table(schemas.RANKINGS, path)
    assert pq.read_table(path).equals(table)
    assert pl.read_parquet(path).equals(pl.DataFrame(table))
    assert pl.scan_parquet(path).select("score").collect().height == table.num_rows


def test_a_file_without_rows_is_read_in_one_empty_piece(tmp_path: Path) -> None:
    path = tmp_path / "rankings.parquet"
    write_table(schemas.RANKINGS.arrow.empty_table(), path, schemas.RANKINGS)
    (piece,) = frames([path], ["query_id", "score"])
    assert piece.shape == (0, 2)
    assert piece.schema == pl.Schema({"query_id": pl.String(), "score": pl.Float32()})


def test_pieces_follow_the_columns_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "rankings.parquet"
    table = write_some_table(schemas.RANKINGS, path)
    pieces = list(frames([path, path], ["score", "query_id"], rows=10))
    assert [piece.height for piece in pieces] == [10, 10, 4] * 2
    assert pl.concat(pieces[:3]).equals(pl.DataFrame(table.select(["score", "query_id"])))
    assert isinstance(read_table(path, schemas.RANKINGS, columns=("score",)), pa.Table)
