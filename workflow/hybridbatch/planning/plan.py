"""The options of every stage, from a configuration.

The workflow takes them only from here, so that the rules hold no logic. Each `*_options` method
returns exactly what that stage uses, as JSON with sorted keys. The rule tracks it as a param.
"""

import json
from collections.abc import Mapping
from typing import Any

from hybridbatch.data.readers import reading
from hybridbatch.data.sources import catalog
from hybridbatch.encoding.model_names import model_kind
from hybridbatch.evaluation import measures
from hybridbatch.planning import paths, stage_options
from hybridbatch.planning.inventory import Inventory
from hybridbatch.planning.machine import Machine
from hybridbatch.publication import origins
from hybridbatch.training import samplings


class Plan(Inventory):
    """The runs, evaluations and stages of one checked configuration (see `config.check_config`).

    `config` has its automatic choices resolved for `machine`, by default this one.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        *,
        mirror: str | None = None,
        machine: Machine | None = None,
    ) -> None:
        resolved = (machine or Machine.here()).resolve(stage_options.with_embedded(config))
        super().__init__(resolved, mirror=mirror)

    def _taken(self, stage: str) -> dict[str, Any]:
        """The options of a stage that are keys of the configuration."""
        return stage_options.taken(stage, self.config)

    def raw_digest(self, path: str) -> str:
        """The pinned digest of a download, as `ContentDigests` writes it.

        Raises:
            HybridBatchError: no such file is pinned.
        """
        return f"sha256:{json.loads(self.download_options(path))['sha256']}"

    def part_file(self, benchmark: str, part: str) -> str:
        """The path of a file of a corpus: among the downloads, or the path in the config."""
        found = self.corpora.part(benchmark, part)
        return found.path if found.sha256 is None else f"{paths.RAW}/{found.path}"

    def download_options(self, path: str) -> str:
        """Options of the download of one raw file."""
        if part := self.corpora.download(path):
            return _json({"path": part.path, "sha256": part.sha256})
        file = catalog.file_at(path)
        return _json({"path": file.path, "sha256": file.sha256, "size": file.size})

    def benchmarks_options(self, benchmark: str) -> str:
        """Options of the stage `benchmarks`."""
        return _json(
            {
                **self._taken("benchmarks"),
                "name": benchmark,
                "kind": _kind(self._benchmarks[benchmark]),
                **_reader(self._benchmarks[benchmark], pairs=False),
                **_reading(self._benchmarks[benchmark]),
                "sharded": benchmark in self.corpora.names,
            }
        )

    def corpus_options(self, benchmark: str, part: str) -> str:
        """Options of the stage `corpus`."""
        entry, file = self._benchmarks[benchmark], self.corpora.part(benchmark, part)
        return _json(
            {
                **self._taken("corpus"),
                "part": part,
                "kind": _kind(entry),
                "language": file.language,
                **_reading(entry),
                **({} if file.format == "tables" else {"format": file.format}),
            }
        )

    def pairs_options(self, source: str) -> str:
        """Options of the stage `pairs`."""
        entry = self._pair_entries[source]
        kind, reader = _kind(entry), _reader(entry, pairs=True)
        return _json({"name": source, "kind": kind, **reader, **_reading(entry)})

    def overlap_options(self, benchmark: str) -> str:
        """Options of the stage `overlap`."""
        return _json(
            {
                "recipe": self.config["recipe"],
                "benchmark": benchmark,
                "languages": self.config["train_languages"],
                "sharded": benchmark in self.corpora.names,
            }
        )

    def model_options(self) -> str:
        """Options of the stage `model`."""
        return _json({"model": self.config["model"], "name": self.model_name})

    def mine_options(self) -> str:
        """Options of the stage `mine`."""
        return _json({**self._taken("mine"), "languages": self.config["train_languages"]})

    def optional_packages(self, stage: str) -> tuple[str, ...]:
        """The libraries on which a stage's results depend with this configuration alone."""
        return ("peft",) if stage == "train" and self.config["training"]["lora"]["rank"] else ()

    def train_options(self, run: str) -> str:
        """Options of the stage `train`."""
        chosen = self.run(run)
        config = self.config
        sources = [
            {"name": entry["name"], "weight": entry["weight"]} for entry in config["sources"]
        ]
        return _json(
            {
                # TensorBoard's files change no result, and the pairs hold the mined negatives.
                **self._taken("train"),
                "recipe": config["recipe"],
                "run": run,
                "model": self.model_name,
                "sampling": chosen.sampling,
                "drawing": samplings.drawing(chosen.sampling),
                "alpha": chosen.alpha,
                "seed": chosen.seed,
                "languages": config["train_languages"],
                "sources": sources,
            }
        )

    def publish_options(self, run: str) -> str:
        """Options of the stage `publish`."""
        config, kind = self.config, model_kind(self.config["model"])
        return _json(
            {
                "training": json.loads(self.train_options(run)),
                "batches": samplings.SAMPLINGS[self.run(run).sampling].card,
                "base": origins.base_model(config, kind=kind, name=self.model_name),
                "hub_id": origins.hub_id(config, kind=kind),
                "sources": [origins.source(entry) for entry in config["sources"]],
                "validation_data": next(map(origins.data_set, self.validation_sources), None),
                **self._taken("publish"),
            }
        )

    def encode_options(self) -> str:
        """Options of the stage `encode`."""
        return _json(self._taken("encode"))

    def index_options(self) -> str:
        """Options of the stage `index`."""
        return _json(self._taken("index"))

    def retrieve_options(self) -> str:
        """Options of the stage `retrieve`."""
        return _json(self._taken("retrieve"))

    def search_options(self, benchmark: str, language: str) -> str:
        """Options of the stage `search`: one passage language of a sharded benchmark."""
        return _json(
            {
                **self._taken("search"),
                "language": language,
                "pool_languages": self.corpora.pool(benchmark),
            }
        )

    def pool_options(self, benchmark: str) -> str:
        """Options of the stage `pool`."""
        return _json({**self._taken("pool"), "pool_languages": self.corpora.pool(benchmark)})

    def metrics_options(self, benchmark: str) -> str:
        """Options of the stage `metrics`."""
        options = self._taken("metrics")
        families = map(measures.family_name, options["measures"])
        if origins := measures.MEASURES.origins(families):
            options["extensions"] = [vars(origin) for origin in origins]
        if benchmark in self.corpora.names:
            options |= {
                "cut": self.config["retrieval"]["top_k"],
                "pool_languages": self.corpora.pool(benchmark),
                "average_languages": catalog.PAPER_MIRACL if benchmark == "miracl" else [],
            }
        return _json(options)

    def bias_options(self) -> str:
        """Options of the stage `bias`."""
        return _json(self._taken("bias"))

    def statistics_options(self) -> str:
        """Options of the stage `statistics`."""
        return _json(self._taken("statistics"))

    def examples_options(self, benchmark: str) -> str:
        """Options of the stage `examples`: hybrid against monolingual training, if both ran."""
        runs = self.runs_on(benchmark)
        hybrid = next((run.id for run in runs if run.sampling == "hybrid"), None)
        baseline = next((run.id for run in runs if run.sampling == "x-x-mono"), None)
        both = hybrid is not None and baseline is not None
        return _json(
            {
                "runs": [run.id for run in runs],
                "candidate": hybrid if both else None,
                "baseline": baseline if both else None,
                **self._taken("examples"),
            }
        )

    def projection_options(self, benchmark: str) -> str:
        """Options of the stage `projection`."""
        return _json(
            {
                "runs": [run.id for run in self.runs_on(benchmark)],
                **self._taken("projection"),
            }
        )

    def report_options(self) -> str:
        """Options of the stage `report`."""
        config = self.config
        # Container, memory and mirror change no result; the title has its own key.
        shown = _without(config, "container", "memory", "mirror", "title")
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


def _kind(entry: Mapping[str, Any]) -> str:
    return "parquet" if "path" in entry else str(entry["name"])


def _reader(entry: Mapping[str, Any], *, pairs: bool) -> dict[str, Any]:
    return {} if "path" in entry else catalog.reader(entry["name"], pairs=pairs)


def _reading(entry: Mapping[str, Any]) -> dict[str, Any]:
    found = reading.of_entry(entry)
    return {"reading": found} if found else {}


def _without(values: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in keys}


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(values, sort_keys=True, ensure_ascii=False)
