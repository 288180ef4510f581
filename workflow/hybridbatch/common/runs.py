"""Runs, their names, and systems: groups of runs that differ only in their seed."""

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
        recipe: the recipe of its training; None for the untrained model.
        sampling: the sampling of its batches.
        alpha: the share of monolingual batches, if the sampling has one.
        seed: the seed of its training.
        training_languages: sorted. This and the following are known after training.
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
        """False for the base model."""
        return self.sampling != UNTRAINED


@dataclass(frozen=True)
class System:
    """Runs that differ only in their seed.

    Attributes:
        id: the run id without the seed.
        label: the name that a reader is shown; by default the id.
        runs: in ascending order of seed.
        positions: the index of each of `runs` among all runs.
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
    def recipe(self) -> str | None:
        """The recipe that it was trained with; None for an untrained model."""
        return self.first.recipe

    @property
    def sampling(self) -> str:
        """The sampling of the batches."""
        return self.first.sampling

    @property
    def alpha(self) -> float | None:
        """The share of monolingual batches, if the sampling has one."""
        return self.first.alpha

    @property
    def hybrid(self) -> bool:
        """Whether each batch was monolingual or cross-lingual at random."""
        return self.sampling == HYBRID

    @property
    def usual(self) -> bool:
        """False for a hybrid with another alpha than the usual one."""
        return not self.hybrid or self.alpha in (None, USUAL_ALPHA)

    @property
    def trained(self) -> bool:
        """Whether the system is fine-tuned."""
        return self.first.trained

    @property
    def seeds(self) -> tuple[int | None, ...]:
        """The seeds; (None,) for an untrained model."""
        return tuple(run.seed for run in self.runs)

    @property
    def training_languages(self) -> frozenset[str]:
        """The languages that any of its runs trained on."""
        return frozenset(code for run in self.runs for code in run.training_languages)


def run_id(model: str, recipe: str | None, sampling: str, seed: int | None) -> str:
    """The name of a run, such as `embedded.cldr.hybrid0.3.s1` or `embedded.untrained`.

    Args:
        model: the name of the base model.
        recipe: the recipe of the training; None for the untrained model.
        sampling: the name of the sampling, with its alpha if runs differ in it.
        seed: the seed of the training; None for the untrained model.
    """
    parts = (model, recipe, sampling, None if seed is None else f"s{seed}")
    return ".".join(part for part in parts if part is not None)


def group_systems(runs: Sequence[Run]) -> tuple[System, ...]:
    """The systems of `runs`, in the order of their first runs.

    Raises:
        HybridBatchError: two runs of a system have the same seed.
    """
    groups: dict[str, list[int]] = {}
    for position, run in enumerate(runs):
        name = run.id if run.seed is None else run.id.removesuffix(f".s{run.seed}")
        groups.setdefault(name, []).append(position)
    systems = []
    for name, positions in groups.items():
        positions.sort(key=lambda position: runs[position].seed or 0)
        members = tuple(runs[position] for position in positions)
        system = System(name, name, members, tuple(positions))
        if len(set(system.seeds)) < len(system.seeds):
            raise HybridBatchError(f"runs: {name} has a seed twice; list every run once")
        systems.append(system)
    return tuple(systems)
