"""Runs as the report compares them: one system per model and sampling, its seeds averaged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hybridbatch.common.runs import System
from hybridbatch.common.vocabulary import (
    CROSS_LINGUAL,
    MACRO,
    MONOLINGUAL,
    USUAL_ALPHA,
    passage_column,
)
from hybridbatch.reporting.corpora import Corpus, IndexQuality
from hybridbatch.reporting.evidence import NOTHING, Bias, Difference, Estimate, Measured, Statistics
from hybridbatch.reporting.inputs import Inputs, Summary
from hybridbatch.reporting.literature import Literature
from hybridbatch.training.samplings import SAMPLINGS


def labelled(systems: Sequence[System]) -> tuple[System, ...]:
    """The systems with labels; no two labels are equal."""
    models = {system.model for system in systems}
    recipes = {system.recipe for system in systems if system.trained}
    return tuple(
        replace(system, label=_label(system, models=len(models), recipes=len(recipes)))
        for system in systems
    )


def sampling_label(name: str) -> str:
    """The name of a sampling in the report."""
    return (SAMPLINGS[name].label if name in SAMPLINGS else "") or name


def _label(system: System, *, models: int, recipes: int) -> str:
    """The label of a system; it names model and recipe only if there are several of them."""
    parts = [system.model] if models > 1 else []
    if system.recipe and recipes > 1:
        parts.append(system.recipe)
    # Alpha tells the runs of some samplings apart; in the others it follows from the sampling.
    sweeps = system.sampling in SAMPLINGS and SAMPLINGS[system.sampling].sweeps
    plain = not sweeps or system.alpha in (None, USUAL_ALPHA)
    label = sampling_label(system.sampling)
    parts.append(label if plain else f"{label} α={system.alpha:g}")
    return " · ".join(parts)


@dataclass(frozen=True)
class Scores:
    """The values that the report shows, means over the seeds of a system."""

    inputs: Inputs
    corpora: Mapping[str, Corpus] = field(default_factory=dict)

    def summary(self, run: str, benchmark: str) -> Summary:
        """The mean values of a run on a benchmark, sharded or not; empty if there are none."""
        if benchmark in self.corpora:
            return self.corpora[benchmark].summaries.get(run, {})
        return self.inputs.summaries.get((run, benchmark), {})

    def evaluated(self, system: System, benchmark: str) -> bool:
        """Whether any run of the system has metrics on the benchmark."""
        return any(self.summary(run.id, benchmark) for run in system.runs)

    def value(
        self,
        system: System,
        benchmark: str,
        *,
        setting: str,
        metric: str,
        query_language: str,
        passage_language: str,
    ) -> float | None:
        """The value of one setting, or None if it was not measured."""
        key = (setting, query_language, passage_language, metric)
        summaries = [self.summary(run.id, benchmark) for run in system.runs]
        values = [summary[key] for summary in summaries if key in summary]
        return sum(values) / len(values) if values else None

    def macro(self, system: System, benchmark: str, setting: str, metric: str) -> float | None:
        """The macro average over the settings of a kind."""
        return self.value(
            system,
            benchmark,
            setting=setting,
            metric=metric,
            query_language=MACRO,
            passage_language=passage_column(setting),
        )

    def pair(self, system: System, benchmark: str, query: str, passage: str) -> float | None:
        """mAP of the queries of one language against the passages of one language."""
        return self.value(
            system,
            benchmark,
            setting=MONOLINGUAL if query == passage else CROSS_LINGUAL,
            metric="mAP",
            query_language=query,
            passage_language=passage,
        )

    def language(
        self, system: System, benchmark: str, setting: str, metric: str, language: str
    ) -> float | None:
        """The value of a query language; cross-lingual: the mean over the passage languages."""
        if setting == CROSS_LINGUAL:
            others = [code for code in self.passage_languages(benchmark) if code != language]
        else:
            others = [passage_column(setting, language)]
        values = [
            self.value(
                system,
                benchmark,
                setting=setting,
                metric=metric,
                query_language=language,
                passage_language=other,
            )
            for other in others
        ]
        measured = [value for value in values if value is not None]
        return sum(measured) / len(measured) if measured else None

    def query_languages(self, benchmark: str) -> tuple[str, ...]:
        """The languages that the benchmark has queries in, sorted."""
        counts = self.corpora if benchmark in self.corpora else self.inputs.benchmarks
        return tuple(sorted(counts[benchmark].queries))

    def passage_languages(self, benchmark: str) -> tuple[str, ...]:
        """The languages that the benchmark has passages in, sorted."""
        return tuple(sorted(self.inputs.benchmarks[benchmark].passages))


@dataclass(frozen=True)
class Context:
    """What every section is built from."""

    inputs: Inputs
    scores: Scores
    systems: tuple[System, ...]
    recipe: str
    train_languages: tuple[str, ...]
    allow_contaminated: bool
    config: Mapping[str, Any]
    literature: Literature
    measured: Measured = NOTHING
    corpora: Mapping[str, Corpus] = field(default_factory=dict)
    qualities: Mapping[tuple[str, str], tuple[IndexQuality, ...]] = field(default_factory=dict)

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures, in the order of the configuration."""
        return tuple(self.config["evaluation"]["measures"])

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """The benchmarks that are not sharded, in the order of the configuration."""
        return tuple(self.inputs.benchmarks)

    def shown(self, benchmark: str) -> tuple[System, ...]:
        """The systems that were evaluated on a benchmark."""
        return tuple(system for system in self.systems if self.scores.evaluated(system, benchmark))

    def shared_items(self, benchmark: str) -> int | None:
        """How many items training pairs and benchmark share; None if that was not counted."""
        if benchmark in self.corpora:
            return self.corpora[benchmark].shared_items
        if benchmark not in self.inputs.overlaps:
            return None
        rows = self.inputs.overlaps[benchmark]
        return len({row.item_id for row in rows if row.kind == "item"})

    def contaminated(self, system: System, benchmark: str) -> bool:
        """Whether the system was evaluated on a benchmark whose items it trained on."""
        evaluated = system.trained and self.scores.evaluated(system, benchmark)
        return evaluated and bool(self.shared_items(benchmark))

    def comparable(self, benchmark: str) -> tuple[System, ...]:
        """The systems whose figures say something of unseen questions, which may be compared."""
        return tuple(s for s in self.shown(benchmark) if not self.contaminated(s, benchmark))

    def label(self, system: System, benchmark: str) -> str:
        """The label of a system, with a warning if it trained on items of the benchmark."""
        warning = " (contaminated)" if self.contaminated(system, benchmark) else ""
        return system.label + warning

    def statistics(self, benchmark: str) -> Statistics | None:
        """The statistics of a benchmark, None if that stage did not run."""
        return self.measured.statistics.get(benchmark)

    def tested_id(self, system: System, benchmark: str) -> str | None:
        """The id that the statistics of a benchmark give a system, None if they lack it."""
        statistics = self.statistics(benchmark)
        return system.id if statistics and system.id in statistics.systems else None

    def estimate(
        self, system: System, benchmark: str, setting: str, metric: str, language: str = MACRO
    ) -> Estimate | None:
        """A macro average, or the value of a query language within it or in the pool."""
        statistics, id = self.statistics(benchmark), self.tested_id(system, benchmark)
        if statistics is None or id is None:
            return None
        passages = passage_column(setting, language)
        return statistics.estimates.get((id, setting, language, passages, metric))

    def difference(
        self,
        first: System,
        second: System,
        benchmark: str,
        setting: str,
        metric: str,
        *,
        query: str = MACRO,
        passage: str = MACRO,
    ) -> Difference | None:
        """`first` minus `second` in a setting, or in the macro average of its kind."""
        statistics = self.statistics(benchmark)
        ids = self.tested_id(first, benchmark), self.tested_id(second, benchmark)
        if statistics is None or ids[0] is None or ids[1] is None:
            return None
        passages = passage_column(setting, passage)
        return statistics.difference(ids[0], ids[1], setting, query, passages, metric)

    def biases(self, system: System, benchmark: str) -> tuple[Bias, ...]:
        """The bias of each run of a system whose bias was measured."""
        found = (self.measured.bias.get((run.id, benchmark)) for run in system.runs)
        return tuple(bias for bias in found if bias is not None)

    def unseen(self, system: System, language: str) -> bool:
        """Whether a fine-tuned system has not trained on a language."""
        return system.trained and language not in system.training_languages

    def unseen_by_all(self, language: str) -> bool:
        """Whether no fine-tuned system has trained on a language (and there is one)."""
        trained = [system for system in self.systems if system.trained]
        return bool(trained) and all(self.unseen(system, language) for system in trained)

    def comparisons(self, benchmark: str) -> tuple[tuple[System, System], ...]:
        """(hybrid, other) of the same model: what hybrid is compared with on a benchmark.

        If hybrid was run with the default alpha, only that alpha is compared. What trained on items
        of the benchmark is not compared.
        """
        shown = self.comparable(benchmark)
        hybrids = [system for system in shown if system.hybrid]
        usual = [system for system in hybrids if system.usual]
        return tuple(
            (hybrid, other)
            for hybrid in usual or hybrids
            for other in shown
            if not other.hybrid and other.model == hybrid.model
        )
