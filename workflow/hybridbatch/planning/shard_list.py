"""The shards of sharded benchmarks, as the stage `shards` listed them.

Snakemake imports this module at every start and may run without pyarrow. The reader of Parquet is
therefore imported only when a list is read.
"""

from pathlib import Path
from typing import Any

from hybridbatch.common.errors import HybridBatchError


class ShardList:
    """Reads `results/benchmarks/{benchmark}/shards.parquet`, again only if it has changed.

    Args:
        folder: the folder `benchmarks` of the results.
        known_only: a list that is missing or damaged is empty, for those who name the file itself.
    """

    def __init__(
        self, folder: Path = Path("results/benchmarks"), *, known_only: bool = False
    ) -> None:
        self._folder, self._known_only = folder, known_only
        self._read: dict[Path, tuple[tuple[int, int], Any]] = {}

    def names(self, benchmark: str, language: str) -> list[str]:
        """The shards of a language, called `{part}.{language}.{number}`.

        Raises:
            HybridBatchError: the list is missing or damaged.
        """
        return list(self._by_language(benchmark).get(language, ()))

    def judged(self, benchmark: str) -> list[str]:
        """The languages whose passages have judgements; raises as `names`."""

        def read(path: Path) -> list[str]:
            from hybridbatch.common.tables import read_table
            from hybridbatch.schemas.qrels import QRELS

            passages = read_table(path, QRELS, columns=("passage_id",))["passage_id"]
            return sorted({passage.split(":")[0] for passage in passages.to_pylist()})

        return list(self._once(self._folder / benchmark / "qrels.parquet", read))

    def _by_language(self, benchmark: str) -> dict[str, list[str]]:
        def read(path: Path) -> dict[str, list[str]]:
            from hybridbatch.common.tables import read_table
            from hybridbatch.schemas.shards import SHARDS

            found: dict[str, list[str]] = {}
            for row in read_table(path, SHARDS, columns=("shard", "language")).to_pylist():
                found.setdefault(row["language"], []).append(row["shard"])
            return found

        by_language: dict[str, list[str]] = self._once(
            self._folder / benchmark / "shards.parquet", read
        )
        return by_language

    def _once(self, path: Path, read: Any) -> Any:
        facts = path.stat() if path.exists() else None
        mark = (0, 0) if facts is None else (facts.st_size, facts.st_mtime_ns)
        if path not in self._read or self._read[path][0] != mark:
            try:
                self._read[path] = (mark, read(path))
            except HybridBatchError:
                if not self._known_only:
                    raise
                return {}
        return self._read[path][1]
