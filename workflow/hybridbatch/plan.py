"""What a configuration asks for: its runs, its evaluations, and the settings of every stage.

The workflow asks here and nowhere else, so that the rules hold no logic. Each `*_settings` method
returns just what that stage uses, as JSON with sorted keys: the one param that its rule tracks.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.languages import NAMES, PAPER_MIRACL
from hybridbatch.model_names import model_kind, model_name
from hybridbatch.publication import origins
from hybridbatch.sources import catalog
from hybridbatch.sources.corpora import Corpora

# The benchmark whose items a built-in training source consists of.
_SAME_ITEMS = {"mlqa-r": "mlqa-r"}
_BENCHMARK_FILES = ("queries.parquet", "passages.parquet", "qrels.parquet")


@dataclass(frozen=True)
class Run:
    """One model to evaluate: trained with a sampling and a seed, or untrained (both None)."""

    id: str
    sampling: str = "untrained"
    alpha: float | None = None
    seed: int | None = None

    @property
    def trained(self) -> bool:
        """False for the base model as it is."""
        return self.seed is not None


class Plan:
    """The runs and stages of one checked configuration (see `config.check_config`)."""

    def __init__(self, config: Mapping[str, Any], *, mirror: str | None = None) -> None:
        """`mirror` is where raw files come from; a folder may hold a corpus' checksums."""
        self.config = config
        self.corpora = Corpora(config["benchmarks"], mirror=mirror)
        self.model_name = config.get("model_name") or model_name(config["model"])
        self.runs = tuple(self._runs())
        self._by_id = {run.id: run for run in self.runs}
        self._sources = {entry["name"]: entry for entry in config["sources"]}
        self._benchmarks = {entry["name"]: entry for entry in config["benchmarks"]}
        built_from = {name: {"name": name} for name in self.validation_sources}
        self._pair_entries = {**self._sources, **built_from}
        self._check_source_languages()

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the training sources, in the config's order."""
        return tuple(self._sources)

    @property
    def validation_sources(self) -> tuple[str, ...]:
        """The data set that validates, where it is none of the training sources."""
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
        """(run, benchmark) pairs; a trained run skips the benchmarks that its sources hold."""
        return tuple(
            (run.id, name)
            for name in self.benchmarks
            for run in self.runs
            if not run.trained or self.config["allow_contaminated"] or not self.contaminated(name)
        )

    def contaminated(self, benchmark: str) -> bool:
        """Whether a built-in training source consists of this benchmark's items."""
        return any(_SAME_ITEMS.get(source) == benchmark for source in self._sources)

    def overlaps(self) -> tuple[str, ...]:
        """The benchmarks on which trained runs are evaluated: those to check for shared items."""
        trained = {run.id for run in self.trained_runs}
        return tuple(
            name
            for name in self.benchmarks
            if any((run, name) in self.evaluations() for run in trained)
        )

    def run(self, run: str) -> Run:
        """The run of an id; KeyError where the configuration has none."""
        return self._by_id[run]

    # Inputs from outside the workflow.

    def source_files(self, source: str, *, raw: str) -> list[str]:
        """The files that a source's pairs are built from; `raw` is the folder of downloads."""
        if path := self._pair_entries[source].get("path"):
            return [path]
        return (
            [f"{raw}/{file.path}" for file in catalog.files_of(source)] if source != "cldr" else []
        )

    def benchmark_files(self, benchmark: str, *, raw: str) -> list[str]:
        """The files that a benchmark is built from; `raw` is the folder of downloads."""
        if path := self._benchmarks[benchmark].get("path"):
            sharded = benchmark in self.corpora.names
            names = [name for name in _BENCHMARK_FILES if not (sharded and "passages" in name)]
            return [f"{path}/{name}" for name in names]
        if benchmark == "cldr":
            return []
        languages = self.corpora.languages(benchmark)
        return [
            f"{raw}/{file.path}"
            for file in catalog.files_of(benchmark)
            if not languages or file.language in languages
        ]

    def model_files(self) -> list[str]:
        """The weights of a local model, whose change must be seen; nothing for the others."""
        if model_kind(self.config["model"]) != "local":
            return []
        folder = Path(self.config["model"])
        weights = sorted(folder.glob("*.safetensors"))
        return [str(path) for path in (folder / "config.json", *weights)]

    # Settings, one method a stage.

    def download_settings(self, path: str) -> str:
        """Settings of the download of one raw file."""
        if part := self.corpora.download(path):
            return _json({"path": part.path, "sha256": part.sha256})
        file = catalog.file_at(path)
        return _json({"path": file.path, "sha256": file.sha256, "size": file.size})

    def benchmarks_settings(self, benchmark: str) -> str:
        """Settings of the stage `benchmarks`."""
        return _json(
            {
                "name": benchmark,
                "kind": _kind(self._benchmarks[benchmark]),
                "sharded": benchmark in self.corpora.names,
                "most_passages": self.config["retrieval"]["full_ranks_up_to"],
            }
        )

    def corpus_settings(self, benchmark: str, part: str) -> str:
        """Settings of the stage `corpus`."""
        return _json(
            {
                "part": part,
                "kind": _kind(self._benchmarks[benchmark]),
                "language": self.corpora.part(benchmark, part).language,
                "shard_passages": self.config["encoding"]["shard_passages"],
            }
        )

    def pairs_settings(self, source: str) -> str:
        """Settings of the stage `pairs`."""
        return _json({"name": source, "kind": _kind(self._pair_entries[source])})

    def overlap_settings(self, benchmark: str) -> str:
        """Settings of the stage `overlap`."""
        return _json(
            {
                "recipe": self.config["recipe"],
                "benchmark": benchmark,
                "languages": self.config["train_languages"],
                "allow_contaminated": self.config["allow_contaminated"],
                "sharded": benchmark in self.corpora.names,
            }
        )

    def model_settings(self) -> str:
        """Settings of the stage `model`."""
        return _json({"model": self.config["model"], "name": self.model_name})

    def train_settings(self, run: str) -> str:
        """Settings of the stage `train`."""
        chosen = self.run(run)
        config = self.config
        shared = ("recipe", "pooling", "query_prefix", "passage_prefix", "device", "threads")
        sources = [
            {"name": entry["name"], "weight": entry["weight"]} for entry in config["sources"]
        ]
        return _json(
            {
                **{key: config[key] for key in shared},
                # Event files change no result, so they are no setting of the stage.
                **{k: v for k, v in config["training"].items() if k != "tensorboard"},
                "run": run,
                "model": self.model_name,
                "sampling": chosen.sampling,
                "alpha": chosen.alpha,
                "seed": chosen.seed,
                "languages": config["train_languages"],
                "sources": sources,
            }
        )

    def publish_settings(self, run: str) -> str:
        """Settings of the stage `publish`."""
        config, kind = self.config, model_kind(self.config["model"])
        return _json(
            {
                "training": json.loads(self.train_settings(run)),
                "base": origins.base_model(config, kind=kind, name=self.model_name),
                "hub_id": origins.hub_id(config, kind=kind),
                "sources": [origins.source(entry) for entry in config["sources"]],
                "validation_data": next(map(origins.data_set, self.validation_sources), None),
                "max_tokens": config["encoding"]["max_tokens"],
                "passage_template": config["encoding"]["passage_template"],
            }
        )

    def encode_settings(self) -> str:
        """Settings of the stage `encode`."""
        shared = ("pooling", "query_prefix", "passage_prefix", "device", "threads")
        encoding = _without(self.config["encoding"], "shard_passages")
        return _json({**{key: self.config[key] for key in shared}, **encoding})

    def index_settings(self) -> str:
        """Settings of the stage `index`."""
        return _json({**self.config["index"], "threads": self.config["threads"]})

    def retrieve_settings(self) -> str:
        """Settings of the stage `retrieve`."""
        retrieval = _without(self.config["retrieval"], "full_ranks_up_to")
        index = {key: self.config["index"][key] for key in ("factory", "seed")}
        return _json({**retrieval, **index, "threads": self.config["threads"]})

    def search_settings(self, benchmark: str, language: str) -> str:
        """Settings of the stage `search`: one passage language of a sharded benchmark."""
        retrieval = _without(self.config["retrieval"], "full_ranks_up_to", "query_block")
        return _json(
            {
                **retrieval,
                "language": language,
                "factory": self.config["index"]["factory"],
                "seed": self.config["index"]["seed"],
                "pool_languages": self.corpora.pool(benchmark),
                "threads": self.config["threads"],
            }
        )

    def pool_settings(self, benchmark: str) -> str:
        """Settings of the stage `pool`."""
        return _json(
            {
                "top_k": self.config["retrieval"]["top_k"],
                "pool_languages": self.corpora.pool(benchmark),
                "threads": self.config["threads"],
            }
        )

    def metrics_settings(self, benchmark: str) -> str:
        """Settings of the stage `metrics`."""
        if benchmark not in self.corpora.names:
            return _json({"threads": self.config["threads"]})
        return _json(
            {
                "cut": self.config["retrieval"]["top_k"],
                "pool_languages": self.corpora.pool(benchmark),
                "average_languages": PAPER_MIRACL if benchmark == "miracl" else [],
                "threads": self.config["threads"],
            }
        )

    @property
    def group(self) -> str:
        """Names what is computed over all runs of this configuration: `{model}.{recipe}`."""
        return f"{self.model_name}.{self.config['recipe']}"

    def runs_on(self, benchmark: str) -> tuple[Run, ...]:
        """The runs that are evaluated on a benchmark, the untrained model first."""
        return tuple(run for run in self.runs if (run.id, benchmark) in self.evaluations())

    def bias_settings(self) -> str:
        """Settings of the stage `bias`."""
        return _json({**self.config["bias"], "threads": self.config["threads"]})

    def statistics_settings(self) -> str:
        """Settings of the stage `statistics`."""
        high = self.config["high_resource_languages"]
        levels = {language: "high" if language in high else "low" for language in NAMES}
        return _json(
            {
                **self.config["statistics"],
                "resource_levels": levels,
                "threads": self.config["threads"],
            }
        )

    def examples_settings(self, benchmark: str) -> str:
        """Settings of the stage `examples`: hybrid against monolingual training, where both ran."""
        runs = self.runs_on(benchmark)
        hybrid = next((run.id for run in runs if run.sampling == "hybrid"), None)
        baseline = next((run.id for run in runs if run.sampling == "x-x-mono"), None)
        both = hybrid is not None and baseline is not None
        return _json(
            {
                "runs": [run.id for run in runs],
                "candidate": hybrid if both else None,
                "baseline": baseline if both else None,
                "per_rule": self.config["views"]["examples_per_rule"],
            }
        )

    def projection_settings(self, benchmark: str) -> str:
        """Settings of the stage `projection`."""
        return _json(
            {
                "runs": [run.id for run in self.runs_on(benchmark)],
                "items": self.config["views"]["projected_items"],
                "threads": self.config["threads"],
            }
        )

    def report_settings(self) -> str:
        """Settings of the stage `report`."""
        config = self.config
        shown = {key: value for key, value in config.items() if key not in ("mirror", "title")}
        return _json(
            {
                "title": config["title"],
                "recipe": config["recipe"],
                "runs": [run.id for run in self.runs],
                "evaluations": [list(pair) for pair in self.evaluations()],
                "benchmarks": list(self.in_memory),
                "corpora": [name for name in self.benchmarks if name in self.corpora.names],
                "sources": list(self.sources),
                "train_languages": config["train_languages"],
                "allow_contaminated": config["allow_contaminated"],
                "config": shown,
                "views": list(self.in_memory),
                "statistics": {
                    "group": self.group,
                    "confidence": config["statistics"]["confidence"],
                    "margin": config["statistics"]["margin"],
                    "high_resource": config["high_resource_languages"],
                    "source_exponent": config["training"]["source_exponent"],
                    "persistence": config["bias"]["persistence"],
                    # Rounded, since 1 - 0.95 is a little more than 0.05 in binary.
                    "thresholds": {
                        **config["claims"],
                        "level": round(1 - config["statistics"]["confidence"], 12),
                    },
                },
                "raw_files": self._raw_files(),
            }
        )

    def _runs(self) -> Iterator[Run]:
        yield Run(id=f"{self.model_name}.untrained")
        for sampling in self.config["samplings"]:
            for alpha in _alphas(sampling, self.config["alphas"]):
                label = f"hybrid{alpha:g}" if sampling == "hybrid" and alpha != 0.5 else sampling
                for seed in self.config["seeds"]:
                    name = f"{self.model_name}.{self.config['recipe']}.{label}.s{seed}"
                    yield Run(id=name, sampling=sampling, alpha=alpha, seed=seed)

    def _raw_files(self) -> list[list[str]]:
        entries = {**self._pair_entries, **self._benchmarks}
        built_in = [name for name, entry in entries.items() if "path" not in entry]
        return [
            [file.path, file.sha256]
            for name in built_in
            for file in catalog.files_of(name)
            if not self.corpora.languages(name) or file.language in self.corpora.languages(name)
        ]

    def _check_source_languages(self) -> None:
        built_in = [name for name, entry in self._sources.items() if "path" not in entry]
        if len(built_in) < len(self._sources):
            return  # the user's own data is only known once it is read; training checks it
        known = {language for name in built_in for language in catalog.languages_of(name)}
        for language in self.config["train_languages"]:
            if language not in known:
                raise HybridBatchError(
                    f"config: train_languages: no training source has {language!r}; "
                    f"the sources have {', '.join(sorted(known))}"
                )


def _alphas(sampling: str, alphas: list[float]) -> list[float | None]:
    fixed: dict[str, list[float | None]] = {"x-x-mono": [1.0], "x-y": [0.0]}
    return [*alphas] if sampling == "hybrid" else fixed.get(sampling, [None])


def _kind(entry: Mapping[str, Any]) -> str:
    return "parquet" if "path" in entry else str(entry["name"])


def _without(values: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in keys}


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(values, sort_keys=True, ensure_ascii=False)
