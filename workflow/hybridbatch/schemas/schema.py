"""The class of schemas, and the types of columns.

The Arrow form of a schema is made only on demand: planning uses the paths without pyarrow.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

STRING, INT32, INT64, FLOAT32, FLOAT64 = "string", "int32", "int64", "float32", "float64"
STRINGS, INT32S = "list of string", "list of int32"
# A fixed-size list; its length is the model's dimension.
VECTOR = "fixed-size list of float32 or float16"


@dataclass(frozen=True)
class Schema:
    """One kind of file: what it is, where it lies, its columns, and which may hold nulls.

    `path` starts at the working folder; its wildcards are those of the rule that writes the file.
    `key` names the columns whose combination is unique in a file; large tables have none, because
    the check costs more than writing them.
    """

    name: str
    path: str
    fields: tuple[tuple[str, str], ...]
    nullable: frozenset[str] = frozenset()
    key: tuple[str, ...] = ()
    doc: str = ""

    @property
    def arrow(self) -> "pa.Schema":
        """The Arrow schema, columns in order, nullability included."""
        import pyarrow as pa

        return pa.schema(
            [
                pa.field(name, arrow_type(kind), nullable=name in self.nullable)
                for name, kind in self.fields
            ]
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(name for name, _ in self.fields)


def arrow_type(kind: str) -> "pa.DataType":
    """The Arrow type of a column; for a VECTOR, a list of float32 without a length."""
    import pyarrow as pa

    if kind in (STRINGS, INT32S):
        return pa.list_(pa.field("element", arrow_type(element_of(kind)), nullable=False))
    if kind == VECTOR:
        return pa.list_(pa.field("element", pa.float32(), nullable=False), 0)
    return pa.type_for_alias(kind)


def element_of(kind: str) -> str:
    """The type of a list's elements."""
    return kind.removeprefix("list of ")
