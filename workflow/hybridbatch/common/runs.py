"""Runs, their names, and the systems that they form: runs that differ in their seed alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.vocabulary import HYBRID, UNTRAINED, USUAL_ALPHA


@dataclass(frozen=True)
class Run:
    """A model to evaluate: trained with a sampling and a seed, or untrained (both None).

    Attributes:
        id: its name, see `run_id`.
        model: the name of the base model.
        recipe: what it was trained by; None for the untrained model.
        sampling: of its batches.
        alpha: the share of monolingual batches, where the sampling has one.
        seed: of its training.
        training_languages: sorted. This and what follows is known once it is trained.
        sources: the training sources.
        training_items: how many items it trained on.
        training_pairs: how many pairs.
        best_step: the step whose weights were kept.
        stopping_reason: why the training ended.
    """

    id: str
    model: str
    recipe: str | None = None
    sampling: str = UNTRAINED
    alpha: float | None = None
    seed: int | None = None
    training_languages: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    training_items: int = 0
    training_pairs: int = 0
    best_step: int | None = None
    stopping_reason: str | None = None

    @property
    def trained(self) -> bool:
        """False for the base model as it is."""
        return self.sampling != UNTRAINED


@dataclass(frozen=True)
class System:
    """Runs that differ in their seed alone.

    Attributes:
        id: the run id without the seed.
        label: what tells it from the other systems, for a reader.
        runs: in ascending order of seed.
        positions: where each of `runs` stands among all runs.
    """

    id: str
    label: str
    runs: tuple[Run, ...]
    positions: tuple[int, ...]

    @property
    def first(self) -> Run:
        """Any of the runs, for what they share."""
        return self.runs[0]

    @property
    def model(self) -> str:
        """The name of the base model."""
        return self.first.model

    @property
    def sampling(self) -> str:
        """The sampling of the batches."""
        return self.first.sampling

    @property
    def alpha(self) -> float | None:
        """The share of monolingual batches, where the sampling has one."""
        return self.first.alpha

    @property
    def hybrid(self) -> bool:
        """Whether each batch was monolingual or cross-lingual at random."""
        return self.sampling == HYBRID

    @property
    def usual(self) -> bool:
        """False for a hybrid of another alpha than the usual one."""
        return _is_usual(self.sampling, self.alpha)

    @property
    def trained(self) -> bool:
        """Whether the system is fine-tuned."""
        return self.first.trained

    @property
    def seeds(self) -> tuple[int | None, ...]:
        """The seeds; (None,) of an untrained model."""
        return tuple(run.seed for run in self.runs)

    @property
    def training_languages(self) -> frozenset[str]:
        """The languages that any of its runs trained on."""
        return frozenset(code for run in self.runs for code in run.training_languages)


def system_id(model: str, recipe: str | None, sampling: str, alpha: float | None) -> str:
    """The run id without its seed, such as `embedded.cldr.hybrid0.3`."""
    if recipe is None:
        return f"{model}.{sampling}"
    return f"{model}.{recipe}.{sampling}{'' if _is_usual(sampling, alpha) else format(alpha, 'g')}"


def run_id(
    model: str, recipe: str | None, sampling: str, alpha: float | None, seed: int | None
) -> str:
    """The name of a run, such as `embedded.cldr.hybrid0.3.s1`; the untrained model has no seed."""
    name = system_id(model, recipe, sampling, alpha)
    return name if seed is None else f"{name}.s{seed}"


def group_systems(runs: Sequence[Run]) -> tuple[System, ...]:
    """The systems of `runs`, in the order of their first runs.

    Raises:
        HybridBatchError: two runs of a system have the same seed.
    """
    groups: dict[str, list[int]] = {}
    for position, run in enumerate(runs):
        name = system_id(run.model, run.recipe, run.sampling, run.alpha)
        groups.setdefault(name, []).append(position)
    systems = []
    for name, positions in groups.items():
        positions.sort(key=lambda position: runs[position].seed or 0)
        members = tuple(runs[position] for position in positions)
        system = System(name, _label(members[0], runs), members, tuple(positions))
        if len(set(system.seeds)) < len(system.seeds):
            raise HybridBatchError(f"runs: {name} has a seed twice; list every run once")
        systems.append(system)
    return tuple(systems)


def _label(run: Run, among: Sequence[Run]) -> str:
    """The parts of a run's name in which it may differ from others, seeds apart."""
    parts = [run.model] if len({each.model for each in among}) > 1 else []
    if run.recipe and len({each.recipe for each in among if each.trained}) > 1:
        parts.append(run.recipe)
    plain = _is_usual(run.sampling, run.alpha)
    parts.append(run.sampling if plain else f"{run.sampling} α={run.alpha:g}")
    return " · ".join(parts)


def _is_usual(sampling: str, alpha: float | None) -> bool:
    # Alpha tells hybrids apart; in the other samplings it follows from the sampling.
    return sampling != HYBRID or alpha in (None, USUAL_ALPHA)
