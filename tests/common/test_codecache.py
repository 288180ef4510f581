"""The remembered modules give the hash that the modules give, whatever happens to the file."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hybridbatch.common import codehash
from hybridbatch.common.codecache import remembered
from hybridbatch.common.codehash import Module, Source, code_hash, parse

SOURCE = Source("hybridbatch.a", "hybridbatch", b"import hybridbatch.b\nx = 1\n")
MODULES = (
    "hybridbatch.data.overlap",
    "hybridbatch.retrieval.pool",
    "hybridbatch.evaluation.metrics",
)


def ask(path: Path, source: Source = SOURCE) -> Module:
    with remembered(path) as known:
        return known(source)


def forbid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading a module anew fails the test."""

    def fail(source: Source) -> Module:
        raise AssertionError(f"{source.name} is read again")

    monkeypatch.setattr(codehash, "parse", fail)


def test_a_module_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "folder" / "code.json"
    first = ask(path)
    written = path.stat().st_mtime_ns
    forbid(monkeypatch)
    assert ask(path) == first == parse(SOURCE)
    assert path.stat().st_mtime_ns == written


def test_an_edit_is_seen_under_the_old_size_and_time(tmp_path: Path) -> None:
    module = tmp_path / "hybridbatch" / "a.py"
    module.parent.mkdir()
    (tmp_path / "hybridbatch" / "__init__.py").touch()
    hashes = []
    for text in ("x = 1\n", "x = 2\n"):
        module.write_text(text)
        os.utime(module, (1, 1))
        with remembered(tmp_path / "code.json") as known:
            hashes.append(code_hash("hybridbatch.a", root=tmp_path, parse=known))
        assert hashes[-1] == code_hash("hybridbatch.a", root=tmp_path)
    assert hashes[0] != hashes[1]


def test_the_same_text_elsewhere_is_another_module(tmp_path: Path) -> None:
    text = b"from . import b\n"
    inner = Source("hybridbatch.c.a", "hybridbatch.c", text)
    outer = Source("hybridbatch.a", "hybridbatch", text)
    for source in (inner, outer, inner):
        assert ask(tmp_path / "code.json", source).imports == parse(source).imports
    assert parse(inner).imports != parse(outer).imports


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "other"])
def test_a_damaged_file_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    path = tmp_path / "code.json"
    first = ask(path)
    whole = path.read_bytes()
    middle = len(whole) // 2
    damaged = {
        "flip": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "cut": whole[:middle],
        "empty": b"",
        "other": b"[1, 2]\n[1, 2]",
    }
    path.write_bytes(damaged[damage])
    assert ask(path) == first
    assert path.read_bytes() == whole
    forbid(monkeypatch)
    assert ask(path) == first


def test_a_path_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    for path in (tmp_path / "file" / "code.json", tmp_path):
        assert ask(path) == parse(SOURCE)
    folder = tmp_path / "read-only"
    folder.mkdir(mode=0o500)
    assert ask(folder / "code.json") == parse(SOURCE)
    assert not [entry for entry in tmp_path.rglob("*") if entry.suffix == ".part"]


def test_several_at_once(tmp_path: Path) -> None:
    path = tmp_path / "code.json"

    def hashed(module: str) -> str:
        with remembered(path) as known:
            return code_hash(module, parse=known)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(hashed, MODULES * 10))
    assert found == [code_hash(module) for module in MODULES] * 10


def test_entries_of_former_texts_do_not_pile_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hybridbatch.common.codecache._MOST", 10)
    path = tmp_path / "code.json"
    for number in range(100):
        ask(path, Source("hybridbatch.a", "hybridbatch", b"x = %d\n" % number))
    assert len(path.read_bytes()) < 10 * 250
