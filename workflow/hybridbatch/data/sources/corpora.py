"""The list of files of a sharded benchmark, without a network and before any stage runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.data.mirrors import mirror_folder
from hybridbatch.data.readers.layouts import find_layout, is_parquet_corpus
from hybridbatch.data.sources.catalog import MIRACL
from hybridbatch.data.sources.miracl import corpus_checksums, corpus_path


@dataclass(frozen=True)
class Part:
    """One file of a corpus: `name` is a part of the shards' names, `path` is the file.

    For a file to download, `sha256` is set, `path` is the host and path of its URL, and `language`
    is the language of all its passages. `format` is one of `readers.reading.FORMATS`.
    """

    name: str
    path: str
    language: str | None = None
    sha256: str | None = None
    format: str = "tables"


class Corpora:
    """The sharded benchmarks of a configuration."""

    def __init__(self, benchmarks: Sequence[Mapping[str, Any]], *, mirror: str | None) -> None:
        self._entries = {
            entry["name"]: entry
            for entry in benchmarks
            if entry["name"] == "miracl" or entry.get("sharded")
        }
        self._mirror = mirror
        self._parts: dict[str, dict[str, Part]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the sharded benchmarks, in the order of the config."""
        return tuple(self._entries)

    def languages(self, benchmark: str) -> tuple[str, ...]:
        """The chosen languages of a built-in corpus; empty if the user's files state them."""
        entry = self._entries.get(benchmark)
        if entry is None or "path" in entry:
            return ()
        return tuple(entry.get("languages", MIRACL))

    def pool(self, benchmark: str) -> tuple[str, ...]:
        """The languages of a benchmark's pool; empty if it has no pool."""
        return tuple(self._entries[benchmark].get("pool_languages", ()))

    def parts(self, benchmark: str) -> tuple[Part, ...]:
        """The files of a corpus.

        Raises:
            HybridBatchError: checksums are missing.
        """
        return tuple(self._parts_of(benchmark).values())

    def part(self, benchmark: str, name: str) -> Part:
        """The file of that name; KeyError if the corpus has no such file."""
        return self._parts_of(benchmark)[name]

    def download(self, path: str) -> Part | None:
        """The file of a corpus that is downloaded from this host and path, or None."""
        if "miracl" not in self._entries or "/miracl-corpus/" not in path:
            return None
        found = (part for part in self.parts("miracl") if part.path == path)
        return next(found, None)

    def _parts_of(self, benchmark: str) -> dict[str, Part]:
        if benchmark not in self._parts:
            entry = self._entries[benchmark]
            if "path" in entry:
                parts = own_parts(entry)
            else:
                parts = miracl_parts(entry, self.languages(benchmark), mirror=self._mirror)
            self._parts[benchmark] = {part.name: part for part in parts}
        return self._parts[benchmark]


def miracl_parts(
    entry: Mapping[str, Any], languages: Sequence[str], *, mirror: str | None
) -> tuple[Part, ...]:
    """The corpus files of these languages, according to the list of checksums.

    Args:
        entry: the benchmark in the config; `checksums` names the list.
        languages: the languages to evaluate.
        mirror: the mirror of the files; a folder may have the list `SHA256SUMS`.

    Raises:
        HybridBatchError: there is no list, or a file is missing in it.
    """
    digests = corpus_checksums(_list_of_checksums(entry, languages, mirror), languages)
    return tuple(
        Part(f"{language}-{number:04d}", corpus_path(language, number), language, sha256)
        for language in languages
        for number, sha256 in enumerate(digests[language])
    )


def own_parts(entry: Mapping[str, Any]) -> tuple[Part, ...]:
    """The files with the passages of the user's own benchmark.

    Raises:
        HybridBatchError: the path holds no retrieval set.
    """
    folder = Path(entry["path"])
    if is_parquet_corpus(folder):
        return parquet_parts(entry["path"])
    where = f"config: benchmarks: {entry['name']}: path"
    try:
        layout = find_layout(folder, format=entry.get("format", ""), split=entry.get("split", ""))
    except HybridBatchError as error:
        raise HybridBatchError(f"{where}: {error}") from error
    files = [(file, each.language) for each in layout.sets for file in each.passages]
    if not files:
        raise HybridBatchError(
            f"{where}: {folder}: a sharded benchmark needs queries, passages and qrels; pairs are "
            f"evaluated in memory: remove `sharded`"
        )
    return tuple(
        Part(f"part-{number:04d}", str(file), language or None, format=layout.format)
        for number, (file, language) in enumerate(files)
    )


def parquet_parts(folder: str) -> tuple[Part, ...]:
    """The files of `{folder}/passages/` in name order, or `{folder}/passages.parquet`."""
    files = sorted(Path(folder, "passages").glob("[!.]*.parquet"))
    paths = [str(file) for file in files] or [f"{folder}/passages.parquet"]
    return tuple(Part(f"part-{number:04d}", path) for number, path in enumerate(paths))


def _list_of_checksums(
    entry: Mapping[str, Any], languages: Sequence[str], mirror: str | None
) -> Path:
    if named := entry.get("checksums"):
        return Path(named).expanduser()
    folder = mirror_folder(mirror, key="config: mirror:")
    if folder is not None and (folder / "SHA256SUMS").is_file():
        return folder / "SHA256SUMS"
    raise HybridBatchError(
        f"config: benchmarks: {entry['name']}: the corpus has no list of checksums; set "
        f"`checksums:` to a SHA256SUMS file with a line for {corpus_path(languages[0], 0)} and so "
        f"on, or `mirror:` to a folder that holds one"
    )
