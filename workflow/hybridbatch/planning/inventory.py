"""The runs and evaluations of a configuration, and the files that it reads from outside.

`plan.Plan` adds the options of every stage; the workflow uses only that class.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hybridbatch.common.runs import Run, run_id
from hybridbatch.common.vocabulary import UNTRAINED
from hybridbatch.data.readers.layouts import is_parquet_corpus, is_parquet_set
from hybridbatch.data.sources import catalog
from hybridbatch.data.sources.corpora import Corpora
from hybridbatch.encoding.model_folder import checkpoint_files
from hybridbatch.encoding.model_names import local_folder, model_name
from hybridbatch.planning import paths
from hybridbatch.training import samplings

_BENCHMARK_FILES = ("queries.parquet", "passages.parquet", "qrels.parquet")


class Inventory:
    """The runs and evaluations of one checked configuration (see `config.check_config`)."""

    def __init__(self, config: Mapping[str, Any], *, mirror: str | None = None) -> None:
        """`mirror` is where raw files come from; a folder may hold the checksums of a corpus."""
        self.config = config
        benchmarks = [_expanded(entry) for entry in config["benchmarks"]]
        self.corpora = Corpora(benchmarks, mirror=mirror)
        self.model_name = config.get("model_name") or model_name(config["model"])
        self.runs = tuple(self._runs())
        self._by_id = {run.id: run for run in self.runs}
        self._sources = {entry["name"]: _expanded(entry) for entry in config["sources"]}
        self._benchmarks = {entry["name"]: entry for entry in benchmarks}
        built_from = {name: {"name": name} for name in self.validation_sources}
        self._pair_entries = {**self._sources, **built_from}

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the training sources, in the config's order."""
        return tuple(self._sources)

    @property
    def pair_sources(self) -> tuple[str, ...]:
        """The names of all sources of pairs: those to train on, and the one to validate on."""
        return tuple(self._pair_entries)

    @property
    def training_pairs(self) -> list[str]:
        """The files of pairs that training reads, with mined negatives if any are mined."""
        if self.config["training"]["mining"]["negatives"]:
            return [self.mined_pairs(name) for name in self._sources]
        return [paths.PAIRS.format(source=name) for name in self._sources]

    def mined_pairs(self, source: str) -> str:
        """The file of a source's pairs with mined negatives."""
        recipe = self.config["recipe"]
        return paths.MINED.format(model=self.model_name, recipe=recipe, source=source)

    @property
    def validation_sources(self) -> tuple[str, ...]:
        """The data set to validate on, if it is not one of the training sources."""
        chosen = self.config["training"]["validation"]["source"]
        return () if chosen == "held-out" else (chosen,)

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """The names of the benchmarks, in the config's order."""
        return tuple(self._benchmarks)

    @property
    def untrained(self) -> Run:
        """The base model, evaluated as it is."""
        return self.runs[0]

    @property
    def trained_runs(self) -> tuple[Run, ...]:
        """The runs that are trained."""
        return tuple(run for run in self.runs if run.trained)

    @property
    def in_memory(self) -> tuple[str, ...]:
        """The benchmarks that are evaluated as a whole, with full ranks."""
        return tuple(name for name in self._benchmarks if name not in self.corpora.names)

    def evaluations(self) -> tuple[tuple[str, str], ...]:
        """(run, benchmark) pairs; a trained run skips contaminated benchmarks unless allowed."""
        return tuple(
            (run.id, name)
            for name in self.benchmarks
            for run in self.runs
            if not run.trained or self.config["allow_contaminated"] or not self.contaminated(name)
        )

    def contaminated(self, benchmark: str) -> bool:
        """Whether a built-in training source consists of this benchmark's items."""
        if benchmark not in self._sources or "path" in self._sources[benchmark]:
            return False
        return catalog.dataset(benchmark).same_items

    def overlaps(self) -> tuple[str, ...]:
        """The benchmarks on which trained runs are evaluated: those to check for shared items."""
        trained = {run.id for run in self.trained_runs}
        return tuple(
            name
            for name in self.benchmarks
            if any((run, name) in self.evaluations() for run in trained)
        )

    def run(self, run: str) -> Run:
        """The run with an id; KeyError if the configuration has none."""
        return self._by_id[run]

    # Inputs from outside the workflow.

    def source_files(self, source: str, *, raw: str) -> list[str]:
        """The files that a source's pairs are built from; `raw` is the folder of downloads."""
        if path := self._pair_entries[source].get("path"):
            return [path]
        return [f"{raw}/{file.path}" for file in catalog.files_of(source)]

    def benchmark_files(self, benchmark: str, *, raw: str) -> list[str]:
        """The files that a benchmark is built from; `raw` is the folder of downloads."""
        if path := self._benchmarks[benchmark].get("path"):
            sharded = benchmark in self.corpora.names
            is_parquet = is_parquet_corpus if sharded else is_parquet_set
            if not is_parquet(Path(path)):
                return [path]
            names = [name for name in _BENCHMARK_FILES if not (sharded and "passages" in name)]
            return [f"{path}/{name}" for name in names]
        languages = self.corpora.languages(benchmark)
        return [
            f"{raw}/{file.path}"
            for file in catalog.files_of(benchmark)
            if not languages or file.language in languages
        ]

    def model_files(self) -> list[str]:
        """The files of a local model, which the workflow tracks; none for other models."""
        folder = local_folder(self.config["model"])
        return [] if folder is None else [str(path) for path in checkpoint_files(folder)]

    @property
    def group(self) -> str:
        """The name of results over all runs of this configuration: `{model}.{recipe}`."""
        return f"{self.model_name}.{self.config['recipe']}"

    def runs_on(self, benchmark: str) -> tuple[Run, ...]:
        """The runs that are evaluated on a benchmark, the untrained model first."""
        return tuple(run for run in self.runs if (run.id, benchmark) in self.evaluations())

    def _runs(self) -> Iterator[Run]:
        model, recipe = self.model_name, self.config["recipe"]
        yield Run(run_id(model, None, UNTRAINED, None), model)
        for sampling in self.config["samplings"]:
            for alpha in samplings.alphas(sampling, self.config["alphas"]):
                label = samplings.run_label(sampling, alpha)
                for seed in self.config["seeds"]:
                    name = run_id(model, recipe, label, seed)
                    yield Run(name, model, recipe, sampling, alpha, seed)

    def downloads(self) -> tuple[str, ...]:
        """Host and path of every file that is downloaded for this configuration."""
        raw = paths.RAW
        files = [
            *(f for name in self.pair_sources for f in self.source_files(name, raw=raw)),
            *(f for name in self.benchmarks for f in self.benchmark_files(name, raw=raw)),
        ]
        found = [file.removeprefix(f"{raw}/") for file in files if file.startswith(f"{raw}/")]
        parts = [part for name in self.corpora.names for part in self.corpora.parts(name)]
        return (*found, *(part.path for part in parts if part.sha256 is not None))

    def _raw_files(self) -> list[list[str]]:
        entries = {**self._pair_entries, **self._benchmarks}
        built_in = [name for name, entry in entries.items() if "path" not in entry]
        return [
            [file.path, file.sha256]
            for name in built_in
            for file in catalog.files_of(name)
            if not self.corpora.languages(name) or file.language in self.corpora.languages(name)
        ]


def _expanded(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """An entry of the config with `~` in its path expanded."""
    if "path" not in entry:
        return entry
    path = Path(entry["path"]).expanduser()
    # On a command line a leading hyphen would be an option.
    return {**entry, "path": str(path.absolute() if str(path).startswith("-") else path)}
