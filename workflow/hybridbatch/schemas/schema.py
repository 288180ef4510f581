"""What a schema is, and the types of columns."""

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class Schema:
    """One kind of file: what it is, where it lies, its columns, and which may hold nulls.

    `key` names the columns whose combination is unique in a file; large tables go without, since
    the check costs more than writing them.
    """

    name: str
    path: str
    fields: tuple[tuple[str, pa.DataType], ...]
    nullable: frozenset[str] = frozenset()
    key: tuple[str, ...] = ()
    doc: str = ""

    @property
    def arrow(self) -> pa.Schema:
        """The Arrow schema, columns in order, nullability included."""
        return pa.schema(
            [pa.field(name, kind, nullable=name in self.nullable) for name, kind in self.fields]
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(name for name, _ in self.fields)


STRING, INT32, INT64 = pa.string(), pa.int32(), pa.int64()
FLOAT32, FLOAT64 = pa.float32(), pa.float64()
STRINGS = pa.list_(pa.field("element", STRING, nullable=False))

# Stands for a fixed-size list of any length, of float32 or float16: a model decides the length.
VECTOR = pa.list_(pa.field("element", FLOAT32, nullable=False), 0)
