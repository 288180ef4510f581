"""The files of a sharded benchmark: known without a network and before anything has run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.data.mirrors import mirror_folder
from hybridbatch.data.sources.catalog import MIRACL
from hybridbatch.data.sources.miracl import corpus_checksums, corpus_path


@dataclass(frozen=True)
class Part:
    """One file of a corpus: its name as part of the shards' names, and where it is.

    `sha256` is set where the file is downloaded: `path` is then host and path of its URL, and
    `language` that of all its passages.
    """

    name: str
    path: str
    language: str | None = None
    sha256: str | None = None


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
        """The sharded benchmarks, in the config's order."""
        return tuple(self._entries)

    def languages(self, benchmark: str) -> tuple[str, ...]:
        """The languages chosen of a built-in corpus; empty where its files say them."""
        entry = self._entries.get(benchmark)
        if entry is None or "path" in entry:
            return ()
        return tuple(entry.get("languages", MIRACL))

    def pool(self, benchmark: str) -> tuple[str, ...]:
        """The languages of a benchmark's pool; empty for none."""
        return tuple(self._entries[benchmark].get("pool_languages", ()))

    def parts(self, benchmark: str) -> tuple[Part, ...]:
        """The files of a corpus.

        Raises:
            HybridBatchError: their checksums are not known.
        """
        return tuple(self._parts_of(benchmark).values())

    def part(self, benchmark: str, name: str) -> Part:
        """The file of that name; KeyError where the corpus has none."""
        return self._parts_of(benchmark)[name]

    def download(self, path: str) -> Part | None:
        """The file of a corpus that is downloaded from this host and path."""
        if "miracl" not in self._entries or "/miracl-corpus/" not in path:
            return None
        found = (part for part in self.parts("miracl") if part.path == path)
        return next(found, None)

    def _parts_of(self, benchmark: str) -> dict[str, Part]:
        if benchmark not in self._parts:
            entry = self._entries[benchmark]
            if "path" in entry:
                parts = parquet_parts(entry["path"])
            else:
                parts = miracl_parts(entry, self.languages(benchmark), mirror=self._mirror)
            self._parts[benchmark] = {part.name: part for part in parts}
        return self._parts[benchmark]


def miracl_parts(
    entry: Mapping[str, Any], languages: Sequence[str], *, mirror: str | None
) -> tuple[Part, ...]:
    """The corpus files of these languages, of the list of checksums that the entry names.

    Args:
        entry: the benchmark in the config; `checksums` names the list.
        languages: those to evaluate.
        mirror: where the files come from; a folder may hold `SHA256SUMS`.

    Raises:
        HybridBatchError: there is no list, or it lacks a file.
    """
    digests = corpus_checksums(_list_of_checksums(entry, languages, mirror), languages)
    return tuple(
        Part(f"{language}-{number:04d}", corpus_path(language, number), language, sha256)
        for language in languages
        for number, sha256 in enumerate(digests[language])
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
        f"config: benchmarks: {entry['name']}: the corpus has no checksums on record; set "
        f"`checksums:` to a SHA256SUMS file with a line for {corpus_path(languages[0], 0)} and so "
        f"on, or `mirror:` to a folder that holds one"
    )
