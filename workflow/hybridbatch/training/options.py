"""The options of the stage `train`."""

from dataclasses import dataclass
from typing import Literal

from hybridbatch.common.errors import HybridBatchError


@dataclass(frozen=True)
class Source:
    """A training source; its weight multiplies its share of the batches."""

    name: str
    weight: float = 1.0


@dataclass(frozen=True)
class Validation:
    """What is held out and how often it is looked at.

    source: `held-out` for items of the training sources, `squadshifts` for English pairs of that
    data set, with which nothing is held out. fraction: share of the question groups. every: steps
    between validations. batches: in each validation. patience: validations without improvement
    before training stops; None never stops.
    """

    source: Literal["held-out", "squadshifts"] = "held-out"
    fraction: float = 0.05
    every: int = 10
    batches: int = 4
    patience: int | None = None


@dataclass(frozen=True)
class Options:
    """Everything that decides what a training run gives; `threads` and `device` included.

    chunk_tokens: tokens that are encoded at a time, None for a whole batch. checkpoint_every: steps
    between two checkpoints of the run's state, None for none.
    """

    run: str
    model: str
    recipe: str
    sampling: str
    seed: int
    languages: tuple[str, ...]
    sources: tuple[Source, ...]
    alpha: float | None = None
    pooling: Literal["mean", "cls"] = "mean"
    query_prefix: str = ""
    passage_prefix: str = ""
    device: str = "auto"
    threads: int | None = None
    precision: str = "fp32"
    batch_size: int = 32
    steps: int = 100
    learning_rate: float = 3e-5
    weight_decay: float = 0.01
    warmup_steps: int = 10
    temperature: float = 0.02
    max_tokens: int = 96
    freeze_embeddings: bool = False
    compact_embeddings: bool = True
    chunk_tokens: int | None = None
    activation_checkpointing: bool = False
    processes: int = 1
    checkpoint_every: int | None = 100
    dropout: bool = True
    hard_negatives: int = 0
    source_exponent: float = 1.0
    max_grad_norm: float | None = None
    validation: Validation = Validation()

    def __post_init__(self) -> None:
        if self.sampling == "hybrid" and self.alpha is None:
            raise HybridBatchError("training: sampling hybrid needs alpha, a number in 0..1")
        if self.warmup_steps > self.steps:
            raise HybridBatchError(
                f"training: warmup_steps {self.warmup_steps} is more than steps {self.steps}; "
                "lower it"
            )
        check_processes(self.processes, batch_size=self.batch_size)


def check_processes(count: int, *, batch_size: int) -> None:
    """Check that each process gets a pair of the batch, whoever starts them.

    Raises:
        HybridBatchError: there are more processes than pairs.
    """
    if count > batch_size:
        raise HybridBatchError(
            f"training: {count} processes for a batch_size of {batch_size}; lower processes"
        )


def learning_rate(step: int, *, peak: float, steps: int, warmup_steps: int) -> float:
    """Rises linearly to `peak` at step `warmup_steps`, then falls linearly towards 0.

    Steps count from 1 to `steps`; the rate would be 0 one step before the first and one after the
    last, so that no step is wasted on it. Without warm-up the first step has the peak.
    """
    if step <= warmup_steps:
        return peak * step / warmup_steps
    return peak * (steps + 1 - step) / (steps + 1 - max(warmup_steps, 1))
