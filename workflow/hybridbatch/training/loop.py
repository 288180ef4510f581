"""The training loop: batches, their loss, steps of the optimizer, validations and checkpoints."""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import torch
from torch import Tensor

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.memory import keep_freed_memory
from hybridbatch.common.progress import Progress
from hybridbatch.common.registry import loaded
from hybridbatch.encoding.encoder import DualEncoder, resolve_precision
from hybridbatch.training.batch_encoding import Encoding
from hybridbatch.training.checkpoints import Best, Checkpoints, Snapshot
from hybridbatch.training.compaction import Compaction
from hybridbatch.training.data import TrainingData
from hybridbatch.training.events import Events, Silent
from hybridbatch.training.gradient_cache import GradientCache, Loss
from hybridbatch.training.item_queue import Stream
from hybridbatch.training.lora import Adapters
from hybridbatch.training.loss import info_nce
from hybridbatch.training.options import Options
from hybridbatch.training.processes import Processes
from hybridbatch.training.sampling import Batch, Sampler, SamplingOptions
from hybridbatch.training.schedule import learning_rate
from hybridbatch.training.texts import batch_texts, compacted, tokenize
from hybridbatch.training.train_log import TrainLog
from hybridbatch.training.validation import ALL, validation_batches, validation_losses

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """The results of training other than the weights.

    log: a table of the schema TRAIN_LOG. best_step: the step whose weights were kept.
    stopping_reason: `steps` if all steps were made, `patience` if validation stopped improving.
    """

    log: pa.Table
    best_step: int
    stopping_reason: str


def train_encoder(
    encoder: DualEncoder,
    data: TrainingData,
    options: Options,
    *,
    processes: Processes = Processes(),  # noqa: B008 - frozen
    checkpoints: Checkpoints | None = None,
    events: Events | None = None,
) -> Outcome:
    """Fine-tune `encoder` in place.

    With validation pairs, the weights of the step with the lowest mean validation loss are kept (of
    equal losses, the earliest step); without them, the weights of the last step. The same data,
    options, thread count and machine give the same bytes, also if training resumes from a
    checkpoint.

    Args:
        encoder: has the base model's weights.
        data: training and validation pairs.
        options: the options of the run.
        processes: the processes that share the work; all call this with the same arguments.
        checkpoints: the run resumes from the last one, and saves one every `checkpoint_every`
            steps.
        events: receives the figures of each step and validation.

    Raises:
        HybridBatchError: a batch is larger than the data allows, the validation pairs are too few,
            a process cannot read the checkpoint from which the others resume, or a loss is not a
            finite number.
    """
    keep_freed_memory()
    with _deterministic():
        return Training(encoder, data, options, processes, checkpoints, events).run()


class Training:
    """One run of the loop."""

    def __init__(
        self,
        encoder: DualEncoder,
        data: TrainingData,
        options: Options,
        processes: Processes,
        checkpoints: Checkpoints | None,
        events: Events | None = None,
    ) -> None:
        self.encoder, self.data, self.options = encoder, data, options
        self.processes, self.checkpoints = processes, checkpoints
        self.events = events or Silent()
        # The samplers check the data against the options: before the slow parts.
        self.sampler = sampler_of(options)(
            data.training.items, sampling_options(options), seed=options.seed
        )
        self.validation: tuple[Batch, ...] = ()
        if data.validation is not None:
            self.validation = validation_batches(
                data.validation.items,
                batches=options.validation.batches,
                batch_size=options.batch_size,
            )
        precision = resolve_precision(options.precision, encoder.device.type)
        self.texts = tokenize(encoder, data, options)
        self.compaction: Compaction | None = None
        self.adapters: Adapters | None = None
        if options.lora.rank:
            self.adapters = Adapters(encoder, options.lora, seed=options.seed)
        elif options.compact_embeddings and not options.freeze_embeddings:
            self.compaction = compacted(encoder, self.texts)
        if self.adapters is None:
            self.parameters = trainable_parameters(encoder, options)
        else:
            self.parameters = self.adapters.trained(encoder)
        self.optimizer = torch.optim.AdamW(
            self.parameters.values(),
            lr=options.learning_rate,
            weight_decay=options.weight_decay,
            fused=True,
        )
        self.gradients = GradientCache(
            Encoding(encoder, precision, options.activation_checkpointing),
            self.parameters.values(),
            chunk_tokens=options.chunk_tokens,
            processes=processes,
        )
        self.negatives = Stream(options.seed, "negatives")
        self.dropout = Stream(options.seed, "dropout")
        self.log = TrainLog(data.training.items.languages)
        self.best = Best()
        self.done = 0  # steps

    def run(self) -> Outcome:
        """Make all steps, or stop early when patience runs out."""
        options = self.options
        self._resume()
        progress = Progress("train", options.steps, "steps", begun=self.done)
        resumed, begin = self.done, time.monotonic()
        if self.validation and self.done == 0:
            self._validate()
        while self.done < options.steps and not self._out_of_patience():
            loss, rate = self.step()
            pairs = (self.done - resumed) * options.batch_size
            speed = pairs / max(time.monotonic() - begin, 1e-9)
            self.events.train(self.done, loss=loss, learning_rate=rate, pairs_per_second=speed)
            progress.update(self.done, f"loss {loss:.4f}, lr {rate:.2e}, {speed:,.1f} pairs/s")
            last = self.done == options.steps
            if self.validation and (last or self.done % options.validation.every == 0):
                self._validate()
            every = options.checkpoint_every
            if every is not None and self.done % every == 0 and not last:
                self._save()
        reason = "steps"
        if self._out_of_patience():
            reason = "patience"
            logger.info(
                "stopped at step %d: no improvement in %d validations", self.done, self.best.waited
            )
        return Outcome(self.log.table(), self._keep_best(), reason)

    def step(self) -> tuple[float, float]:
        """Train on the next batch; returns its loss and the learning rate."""
        options = self.options
        step = self.done + 1
        rate = learning_rate(
            step,
            peak=options.learning_rate,
            steps=options.steps,
            warmup_steps=options.warmup_steps,
        )
        batch = next(self.sampler)
        texts = batch_texts(
            self.data.training,
            batch,
            self.texts,
            hard_negatives=options.hard_negatives,
            random=self.negatives.at(step),
        )
        self.encoder.train(options.dropout)
        # The step gives the seed, so that the masks do not depend on earlier steps.
        seed = int(self.dropout.at(step).integers(2**63)) if options.dropout else None
        loss = self.gradients.backward(texts, self._loss_of(batch), seed=seed)
        if not math.isfinite(loss):
            raise HybridBatchError(
                f"step {step}: the loss is {loss}; lower learning_rate, set max_grad_norm, or set "
                "precision to fp32"
            )
        if options.max_grad_norm is not None:
            torch.nn.utils.clip_grad_norm_(self.parameters.values(), options.max_grad_norm)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.done = step
        self.log.train(step, loss, rate, batch)
        return loss, rate

    def _loss_of(self, batch: Batch) -> Loss:
        """The loss as a function of the vectors: the batch's questions, then the passages."""

        def loss(vectors: Tensor) -> Tensor:
            return info_nce(
                vectors[: len(batch)],
                vectors[len(batch) :],
                temperature=self.options.temperature,
            )

        return loss

    def _validate(self) -> None:
        held_out = self.data.validation
        assert held_out is not None
        self.encoder.eval()
        losses = validation_losses(
            self.validation,
            lambda batch: self.gradients.loss(
                batch_texts(held_out, batch, self.texts), self._loss_of(batch)
            ),
        )
        self.log.validation(self.done, losses)
        shown = ", ".join(f"{kind} {loss:.4f}" for kind, loss in losses.items())
        logger.info("step %d: validation loss %s", self.done, shown)
        self.events.validation(self.done, losses)
        if self.done == 0:
            return  # only for the curve: the untrained weights are never kept
        if losses[ALL] < self.best.loss:
            weights = {name: each.detach().clone() for name, each in self.parameters.items()}
            self.best = Best(losses[ALL], self.done, 0, weights)
        else:
            self.best.waited += 1

    def _out_of_patience(self) -> bool:
        patience = self.options.validation.patience
        return patience is not None and self.best.waited >= patience

    def _keep_best(self) -> int:
        """Restore the best weights and the whole model around them; returns the weights' step."""
        self.encoder.eval()
        if self.validation:
            self._set_weights(self.best.weights)
            logger.info("kept step %d, validation loss %.4f", self.best.step, self.best.loss)
        if self.compaction is not None:
            self.compaction.expand(self.encoder)
        if self.adapters is not None:
            self.adapters.merge(self.encoder)
        return self.best.step if self.validation else self.done

    @torch.no_grad()
    def _set_weights(self, weights: Mapping[str, Tensor]) -> None:
        for name, values in weights.items():
            self.parameters[name].copy_(values)

    def _save(self) -> None:
        if self.checkpoints is not None and self.processes.first:
            self.checkpoints.save(
                Snapshot(
                    step=self.done,
                    weights=self.parameters,
                    moments=_moments(self.optimizer, self.parameters),
                    best=self.best,
                    sampler=self.sampler.state(),
                    log=self.log.state(),
                )
            )

    def _resume(self) -> None:
        """Resume from the last checkpoint if there is one, at the same step in all processes."""
        snapshot = None if self.checkpoints is None else self.checkpoints.agreed(self.processes)
        if snapshot is None:
            return
        self._set_weights(snapshot.weights)
        for name, (first, second) in snapshot.moments.items():
            parameter = self.parameters[name]
            self.optimizer.state[parameter] = {
                "step": torch.tensor(float(snapshot.step), device=parameter.device),
                "exp_avg": first.to(parameter.device),
                "exp_avg_sq": second.to(parameter.device),
            }
        self.sampler.restore(snapshot.sampler)
        self.log.restore(snapshot.log)
        self.best, self.done = snapshot.best, snapshot.step
        logger.info("resuming after step %d", self.done)


def _moments(
    optimizer: torch.optim.AdamW, parameters: Mapping[str, Tensor]
) -> dict[str, tuple[Tensor, Tensor]]:
    """AdamW's averages of the gradient and of its square, for the parameters that have them."""
    return {
        name: (optimizer.state[each]["exp_avg"], optimizer.state[each]["exp_avg_sq"])
        for name, each in parameters.items()
        if each in optimizer.state
    }


def sampler_of(options: Options) -> Callable[..., Sampler]:
    """The class or function that makes the sampler: `Sampler`, or the one that the sampling names.

    Raises:
        HybridBatchError: the module has no class or function of that name; see `loaded`.
    """
    drawing = options.drawing
    return loaded(drawing.sampler, drawing.extensions) if drawing.sampler else Sampler


def sampling_options(options: Options) -> SamplingOptions:
    """The options that the sampler uses."""
    return SamplingOptions(
        batch_size=options.batch_size,
        sampling=options.sampling,
        batches=options.drawing.batches,
        languages=options.drawing.languages or options.languages,
        source_weights=tuple(source.weight for source in options.sources),
        alpha=0.0 if options.alpha is None else options.alpha,
        source_exponent=options.source_exponent,
    )


def trainable_parameters(encoder: DualEncoder, options: Options) -> dict[str, Tensor]:
    """Set which parameters have gradients, and return those by name.

    `freeze_embeddings` freezes the word-embedding table alone: position embeddings are trained.
    """
    encoder.requires_grad_(True)
    if options.freeze_embeddings:
        encoder.model.get_input_embeddings().requires_grad_(False)
    return {name: each for name, each in encoder.named_parameters() if each.requires_grad}


@contextmanager
def _deterministic() -> Iterator[None]:
    """Allow only operations that give the same result every time."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS requires it
    before = torch.are_deterministic_algorithms_enabled()
    memory: Any = torch.utils.deterministic  # sets its attribute through a property
    fill = memory.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True)
    # Filling new memory only reveals operators that read it before writing; it costs time.
    memory.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
        memory.fill_uninitialized_memory = fill
