"""Digests of files from outside: whatever their times say, the content counts."""

import os
import shutil
from pathlib import Path

import pytest

from hybridbatch.common import contents
from hybridbatch.common.contents import ContentDigests
from hybridbatch.common.digests import sha256_file
from hybridbatch.common.errors import HybridBatchError

LARGE = b"a" * (contents._SMALL + 1)


def changed_under_the_old_time(path: Path, content: bytes) -> None:
    """As `cp -p` leaves a file of the same size: the same inode, size and time of content."""
    facts = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_ino) == (facts.st_size, facts.st_ino)
    assert path.stat().st_mtime_ns == facts.st_mtime_ns


@pytest.mark.parametrize("content", [b"small", LARGE])
def test_a_file_that_changed_under_its_old_time_is_seen(tmp_path: Path, content: bytes) -> None:
    path, cache = tmp_path / "pairs.parquet", tmp_path / "cache.json"
    path.write_bytes(content)
    before = ContentDigests(cache).of(path)
    assert before == f"sha256:{sha256_file(path)}"
    changed_under_the_old_time(path, content[:-1] + b"!")
    assert ContentDigests(cache).of(path) == f"sha256:{sha256_file(path)}" != before


def test_a_touched_moved_or_copied_file_is_the_same(tmp_path: Path) -> None:
    path, cache = tmp_path / "a", tmp_path / "cache.json"
    path.write_bytes(LARGE)
    before = ContentDigests(cache).of(path)
    path.touch()
    shutil.copy(path, tmp_path / "b")
    assert ContentDigests(cache).of(path) == ContentDigests(cache).of(tmp_path / "b") == before


def test_a_large_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, cache = tmp_path / "a", tmp_path / "cache.json"
    path.write_bytes(LARGE)
    reads = []
    monkeypatch.setattr(contents, "sha256_file", lambda p: reads.append(p) or sha256_file(p))
    for _ in range(3):
        ContentDigests(cache).of(path)
    assert len(reads) == 1
    for broken in ("", "{", "[1]", '{"' + str(path) + '": [1]}'):
        cache.write_text(broken)
        assert ContentDigests(cache).of(path) == f"sha256:{sha256_file(path)}"
    assert len(reads) == 5


def test_a_folder_is_all_of_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    (folder / "deep").mkdir(parents=True)
    (folder / "data.arrow").write_bytes(b"1")
    (folder / "deep" / "state.json").write_bytes(b"2")
    found = {ContentDigests().of(folder)}
    shutil.copytree(folder, tmp_path / "copy")
    assert ContentDigests().of(tmp_path / "copy") in found
    changed_under_the_old_time(folder / "data.arrow", b"3")  # the folder's own time stays
    found.add(ContentDigests().of(folder))
    (folder / "data.arrow").rename(folder / "other.arrow")
    found.add(ContentDigests().of(folder))
    (folder / "deep" / "more").write_bytes(b"")
    found.add(ContentDigests().of(folder))
    assert len(found) == 4
    (folder / ".hidden").write_bytes(b"x")
    assert ContentDigests().of(folder) in found


def test_without_a_place_for_the_cache_the_digest_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(LARGE)
    (tmp_path / "file").write_text("no folder")
    expected = f"sha256:{sha256_file(path)}"
    assert ContentDigests().of(path) == expected
    assert ContentDigests(tmp_path / "file" / "cache.json").of(path) == expected


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(HybridBatchError, match="none: cannot be read"):
        ContentDigests().of(tmp_path / "none")
