"""Flips single bits of Parquet files and checks what is read; `python tests/bit_flips.py` flips
every bit of a file of each schema and prints the counts (minutes)."""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.parquet import parquet_writer
from hybridbatch.common.tables import read_table
from hybridbatch.schemas import every as schemas
from hybridbatch.schemas.schema import (
    INT32S,
    STRING,
    STRINGS,
    VECTOR,
    Schema,
    arrow_type,
    element_of,
)

SCHEMAS = schemas.ALL


def some_table(schema: Schema, *, rows: int, seed: int) -> pa.Table:
    """Random rows of a schema; keys are unique and every third nullable value is null."""
    random = np.random.default_rng(seed)
    columns, fields = [], []
    for name, kind in schema.fields:
        nullable = name in schema.nullable
        column = _column(kind, rows, random)
        if nullable:
            column = pa.array(
                [None if row % 3 == 0 else value for row, value in enumerate(column.to_pylist())],
                column.type,
            )
        columns.append(column)
        fields.append(pa.field(name, column.type, nullable=nullable))
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def write_some_table(schema: Schema, path: Path, *, rows: int = 24, seed: int = 1) -> pa.Table:
    """A file of a schema as `write_table` writes it; returns what it holds."""
    table = some_table(schema, rows=rows, seed=seed)
    with parquet_writer(path, table.schema) as writer:
        writer.write_table(table)
    return table


def flip(data: bytes, bit: int) -> bytes:
    """The bytes with one bit flipped."""
    damaged = bytearray(data)
    damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


def outcome(path: Path, schema: Schema, expected: pa.Table) -> str:
    """The result of reading a file: `same` table, one `error` line, or what must not happen."""
    try:
        found = read_table(path, schema)
    except HybridBatchError as error:
        return "error" if str(error).startswith(f"{path}: ") else "error without the file"
    except Exception as error:
        return f"{type(error).__name__}"
    return "same" if found.equals(expected, check_metadata=True) else "OTHER VALUES"


def outcomes(folder: Path, schema: Schema, bits: Iterable[int] | int) -> Counter[str]:
    """Counts of outcomes when each of `bits` is flipped; a number means that many random bits."""
    path = folder / f"{schema.name}.parquet"
    written = write_some_table(schema, path)
    expected = read_table(path, schema)
    assert expected.to_pylist() == written.to_pylist()
    data = path.read_bytes()
    if isinstance(bits, int):
        bits = np.random.default_rng(bits).choice(8 * len(data), bits, replace=False).tolist()
    counts: Counter[str] = Counter()
    for bit in bits:
        path.write_bytes(flip(data, bit))
        counts[outcome(path, schema, expected)] += 1
    return counts


def _column(kind: str, rows: int, random: np.random.Generator) -> pa.Array:
    if kind == VECTOR:
        flat = pa.array(random.normal(size=rows * 8).astype(np.float16))
        return pa.FixedSizeListArray.from_arrays(flat, 8)
    if kind in (STRINGS, INT32S):
        inner = _column(element_of(kind), rows + 2, random).to_pylist()
        return pa.array([inner[row : row + row % 3] for row in range(rows)], arrow_type(kind))
    values: list[Any]
    if kind == STRING:
        values = [f"en:{row:03d}" for row in range(rows)]
    elif kind.startswith("int"):
        values = random.permutation(rows).tolist()
    else:
        values = random.random(rows).tolist()
    return pa.array(values, arrow_type(kind))


def main(names: Sequence[str]) -> int:
    """Flip every bit of the files of some schemas or of all; return 1 if one did harm."""
    total: Counter[str] = Counter()
    with TemporaryDirectory() as folder:
        for schema in (each for each in SCHEMAS if not names or each.name in names):
            path = Path(folder, "size.parquet")
            write_some_table(schema, path)
            counts = outcomes(Path(folder), schema, range(8 * path.stat().st_size))
            total += counts
            print(f"{schema.name}: {path.stat().st_size} bytes, {dict(counts)}", flush=True)
    print(f"all: {dict(total)}")
    return 0 if set(total) <= {"same", "error"} else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
