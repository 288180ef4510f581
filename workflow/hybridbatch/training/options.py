"""The options of the stage `train`."""

from dataclasses import dataclass

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.registry import Extension
from hybridbatch.encoding.declaration import Pooling


@dataclass(frozen=True)
class Source:
    """A training source.

    Attributes:
        name: the source's name.
        weight: multiplies its share of the batches.
    """

    name: str
    weight: float


@dataclass(frozen=True)
class Validation:
    """The validation pairs, and how often training is validated.

    source: `held-out` for items of the training sources; else the data set of the validation pairs,
    such as `squadshifts`, and no item is held out. fraction: share of the question groups to hold
    out. every: steps between validations. batches: number of batches in each validation. patience:
    validations without improvement before training stops; None never stops.
    """

    source: str
    fraction: float
    every: int
    batches: int
    patience: int | None


@dataclass(frozen=True)
class Lora:
    """Adapters that are trained instead of the model's weights.

    rank: the width of their matrices; 0 trains the weights themselves. alpha: the adapters count
    alpha / rank. targets: the last parts of the names of the layers that get one, or `all-linear`.
    """

    rank: int
    alpha: float
    targets: tuple[str, ...]


@dataclass(frozen=True)
class Drawing:
    """How batches are drawn, from an entry of `training.samplings`.

    Attributes:
        batches: the kinds of batch.
        languages: the languages to draw; empty for all training languages.
        sampler: MODULE:NAME of a sampler of its own, or :NAME in the only extension.
        code: the hash of that module, because it is loaded by name.
        extensions: the files that add samplings.
    """

    batches: tuple[str, ...]
    languages: tuple[str, ...] = ()
    sampler: str = ""
    code: str = ""
    extensions: tuple[Extension, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Options:
    """Everything that decides the result of a training run, `threads` and `device` included.

    Attributes:
        run: the id of the run.
        model: the name of the base model.
        recipe: the name of the recipe.
        sampling: the name of the sampling.
        drawing: how batches are drawn; by default as the sampling says.
        seed: of the batches and of dropout.
        languages: the codes of the languages to train on.
        sources: the training sources, in the order of the files of pairs.
        alpha: the share of monolingual batches of a hybrid sampling.
    """

    run: str
    model: str
    recipe: str
    sampling: str
    drawing: Drawing
    seed: int
    languages: tuple[str, ...]
    sources: tuple[Source, ...]
    alpha: float | None = None
    pooling: Pooling
    query_prefix: str
    passage_prefix: str
    device: str
    threads: int | None
    precision: str
    batch_size: int
    steps: int
    learning_rate: float
    weight_decay: float
    warmup_steps: int
    temperature: float
    max_tokens: int
    freeze_embeddings: bool
    compact_embeddings: bool
    chunk_tokens: int | None
    activation_checkpointing: bool
    processes: int
    checkpoint_every: int | None
    dropout: bool
    hard_negatives: int
    source_exponent: float
    max_grad_norm: float | None
    validation: Validation
    lora: Lora

    def __post_init__(self) -> None:
        if len(self.drawing.batches) > 1 and self.alpha is None:
            raise HybridBatchError(
                f"training: sampling {self.sampling} needs alpha, a number in 0..1"
            )
        for language in self.drawing.languages:
            if language not in self.languages:
                raise HybridBatchError(
                    f"training: sampling {self.sampling} needs {language}; add it to "
                    f"train_languages"
                )
        if self.warmup_steps > self.steps:
            raise HybridBatchError(
                f"training: warmup_steps {self.warmup_steps} is more than steps {self.steps}; "
                "lower it"
            )
        check_processes(self.processes, batch_size=self.batch_size)


def check_processes(count: int, *, batch_size: int) -> None:
    """Check that each process gets a pair of the batch.

    Raises:
        HybridBatchError: there are more processes than pairs.
    """
    if count > batch_size:
        raise HybridBatchError(
            f"training: {count} processes for a batch_size of {batch_size}; lower processes"
        )
