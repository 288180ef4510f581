"""Thousands of damaged and unusual files: each is read whole, or refused in one line.

`HYBRIDBATCH_MUTATIONS=5000` sets the number of files; HYBRIDBATCH_MUTATION_SEED another seed. The
counts by outcome are printed with `-s`.
"""

import gzip
import logging
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.data import benchmarks, corpus, pairs
from hybridbatch.data.readers.passages import passage_batches
from valid_files import FORMATS, Valid

COUNT = int(os.environ.get("HYBRIDBATCH_MUTATIONS", "300"))
SEED = int(os.environ.get("HYBRIDBATCH_MUTATION_SEED", "1"))
# Texts that parsers stumble over.
HARD = (
    b'"', b'""', b",", b"\t", b"\n", b"\r", b"\r\n", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\\",
    b"\\ud83d", b"\\u0000", b"NaN", b"null", b"-1", b"1.5", b"true", b"{", b"}", b"[", b"]",
    b"<DOC>", b"</DOC>", b"<top>", b"en:", b"de", b" ", b"\xe2\x80\xa8", b"\xc2\x85", b"\x1c",
    b"\x0b", b"x" * 140_000, b"7" * 5_000, b"[" * 200_000, b'{"a":' * 50_000, b"",
)  # fmt: skip


def files_of(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())


def mutate_bytes(data: bytes, chance: random.Random) -> bytes:
    """One to three edits: a bit, a slice, a hard text, a line, a cut."""
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        data = chance.choice(EDITS)(data, chance)
    return data


def flip(data: bytes, chance: random.Random) -> bytes:
    if not data:
        return data
    place = chance.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << chance.randrange(8))]) + data[place + 1 :]


def insert(data: bytes, chance: random.Random) -> bytes:
    place = chance.randint(0, len(data))
    return data[:place] + chance.choice(HARD) + data[place:]


def replace(data: bytes, chance: random.Random) -> bytes:
    first, last = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
    last = min(last, first + 20)
    return data[:first] + chance.choice(HARD) + data[last:]


def cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randint(0, len(data))]


def repeat(data: bytes, chance: random.Random) -> bytes:
    first, last = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
    return data[:last] + data[first:last] + data[last:]


def shuffle_lines(data: bytes, chance: random.Random) -> bytes:
    rows = data.split(b"\n")
    chance.shuffle(rows)
    return b"\n".join(rows)


def drop_line(data: bytes, chance: random.Random) -> bytes:
    rows = data.split(b"\n")
    del rows[chance.randrange(len(rows))]
    return b"\n".join(rows)


def other_ends(data: bytes, _: random.Random) -> bytes:
    return data.replace(b"\n", b"\r\n")


def other_encoding(data: bytes, chance: random.Random) -> bytes:
    text = data.decode("utf-8", errors="replace")
    return text.encode(
        chance.choice(("utf-16", "utf-8-sig", "latin-1", "utf-32")), errors="replace"
    )


EDITS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    flip, flip, insert, insert, insert, replace, replace, cut, repeat, shuffle_lines, drop_line,
    other_ends, other_encoding,
)  # fmt: skip


# Tables whose columns have other types, nulls and names; all of them are valid files.


def retyped(table: pa.Table, chance: random.Random) -> pa.Table:
    index = chance.randrange(table.num_columns)
    name, values = table.column_names[index], table.column(index).to_pylist()
    return table.set_column(index, *chance.choice(RETYPES)(name, values, chance))


def as_type(kind: pa.DataType) -> Callable[[str, list[Any], random.Random], tuple[str, pa.Array]]:
    def retype(name: str, values: list[Any], _: random.Random) -> tuple[str, pa.Array]:
        try:
            return name, pa.array(values).cast(kind)
        except pa.ArrowException:
            return name, pa.array(list(range(len(values)))).cast(pa.int64())

    return retype


def with_null(name: str, values: list[Any], chance: random.Random) -> tuple[str, pa.Array]:
    values[chance.randrange(len(values))] = None
    return name, pa.array(values)


def all_null(name: str, values: list[Any], _: random.Random) -> tuple[str, pa.Array]:
    return name, pa.nulls(len(values))


def category(name: str, values: list[Any], _: random.Random) -> tuple[str, pa.Array]:
    return name, pa.array(values).dictionary_encode()


def renamed(name: str, values: list[Any], chance: random.Random) -> tuple[str, pa.Array]:
    return chance.choice(("hard_negatives", "split", "x", "question", "")), pa.array(values)


def listed(name: str, values: list[Any], chance: random.Random) -> tuple[str, pa.Array]:
    kind = chance.choice((pa.list_(pa.string()), pa.large_list(pa.large_string())))
    return chance.choice((name, "hard_negatives")), pa.array([["No."]] * len(values), type=kind)


def list_of_null(_: str, values: list[Any], __: random.Random) -> tuple[str, pa.Array]:
    return "hard_negatives", pa.array([[]] * len(values), type=pa.list_(pa.null()))


RETYPES = (
    as_type(pa.large_string()), as_type(pa.string_view()), as_type(pa.int64()), as_type(pa.uint8()),
    as_type(pa.float64()), as_type(pa.binary()), with_null, all_null, category, renamed, listed,
    list_of_null,
)  # fmt: skip


def mutate_table(path: Path, chance: random.Random) -> bool:
    """Change a column of a Parquet or Arrow file; whether it is such a file."""
    if path.suffix == ".parquet":
        pq.write_table(retyped(pq.read_table(path), chance), path)
    elif path.suffix == ".arrow":
        is_file = path.read_bytes()[:6] == b"ARROW1"
        with (pa.ipc.open_file if is_file else pa.ipc.open_stream)(path.read_bytes()) as reader:
            table = retyped(reader.read_all(), chance)
        make = pa.ipc.new_file if is_file else pa.ipc.new_stream
        with make(path, table.schema) as writer:
            writer.write_table(table)
    return path.suffix in (".parquet", ".arrow")


def mutate(path: Path, chance: random.Random) -> None:
    file = chance.choice(files_of(path))
    if chance.random() < 0.7 and mutate_table(file, chance):
        return
    data = file.read_bytes()
    if file.suffix == ".gz" and chance.random() < 0.7:
        file.write_bytes(gzip.compress(mutate_bytes(gzip.decompress(data), chance), mtime=0))
    else:
        file.write_bytes(mutate_bytes(data, chance))


def read(path: Path, valid: Valid, out: Path) -> dict[str, int]:
    """What the stage writes, as the numbers of rows of its tables."""
    if valid.shards:
        batches = passage_batches(path, valid.reading, format="beir", rows=2)
        sizes = corpus.cut(batches, out / "shards", part="p", size=1, origin=path)
        return {"passages": sum(sizes.values())}
    if valid.pairs:
        options = pairs.Options(name="mine", kind="parquet", reading=valid.reading)
        table = pairs.build_pairs(options, [path])
        pairs.write_table(table, out / "pairs.parquet", pairs.PAIRS)
        return {"pairs": table.num_rows}
    own = benchmarks.Options(name="mine", kind="parquet", reading=valid.reading, most_passages=None)
    found = benchmarks.build_benchmark(own, [path])
    benchmarks.write_benchmark(found, out)
    tables = {"queries": found.queries, "passages": found.passages, "qrels": found.qrels}
    return {name: table.num_rows for name, table in tables.items() if table is not None}


def outcome(path: Path, valid: Valid, out: Path) -> tuple[str, str]:
    """`read` or `refused`, and the line; everything else is a failure of the project."""
    try:
        rows = read(path, valid, out)
    except HybridBatchError as error:
        line = str(error)
        assert "\n" not in line and len(line) < 2_000
        assert str(path.parent) in line, f"the line names no file: {line}"
        return "refused", line
    for name, count in valid.counts(path).items():
        assert rows[name] == count, f"{name}: {rows[name]} rows of {count}"
    return "read", ""


@pytest.mark.parametrize("name", FORMATS)
def test_the_valid_file_is_read_whole(tmp_path: Path, name: str) -> None:
    valid = FORMATS[name]
    assert outcome(valid.write(tmp_path), valid, tmp_path / "out") == ("read", "")


def test_a_mutation_is_read_whole_or_refused_in_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, logger="hybridbatch")
    counts: Counter[tuple[str, str]] = Counter()
    originals = {
        name: valid.write(_made(tmp_path / "valid" / name)) for name, valid in FORMATS.items()
    }
    names, failures = list(FORMATS), []
    for number in range(COUNT):
        name = names[number % len(names)]
        work = _made(tmp_path / "work")
        path = work / originals[name].name
        copy = shutil.copyfile if originals[name].is_file() else shutil.copytree
        copy(originals[name], path)
        chance = random.Random(f"{SEED}.{number}")
        mutate(path, chance)
        try:
            result, _ = outcome(path, FORMATS[name], work / "out")
        except Exception as error:
            kept = Path(os.environ.get("HYBRIDBATCH_MUTATION_KEEP", tmp_path)) / f"failed-{number}"
            shutil.copytree(work, kept, dirs_exist_ok=True)
            failures.append(f"mutation {number} of {name}, kept in {kept}: {error!r:.400}")
            result = "failed"
        counts[name, result] += 1
        shutil.rmtree(work)
    for name in names:
        print(f"{name}: {counts[name, 'read']} read, {counts[name, 'refused']} refused")
    total = Counter(
        {kind: sum(n for (_, k), n in counts.items() if k == kind) for _, kind in counts}
    )
    print(f"in all: {total['read']} read, {total['refused']} refused")
    assert not failures, "\n".join(failures)
    assert total["read"] > COUNT // 20 and total["refused"] > COUNT // 3


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
