"""The training loop: a batch, its loss, a step of the optimizer, and now and then a validation."""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.progress import Progress
from hybridbatch.encoding.batching import TokenIds
from hybridbatch.encoding.encoder import DualEncoder, Precision, resolve_precision
from hybridbatch.training.batch_encoding import encode_batch
from hybridbatch.training.data import PairData, TrainingData
from hybridbatch.training.events import Events, Silent
from hybridbatch.training.loss import info_nce
from hybridbatch.training.negatives import choose_negatives
from hybridbatch.training.pools import Stream
from hybridbatch.training.sampling import Batch, Sampler, SamplingSettings
from hybridbatch.training.settings import Settings, learning_rate
from hybridbatch.training.validation import ALL, validation_batches, validation_losses

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What training gave beside the weights: rows of `schemas.TRAIN_LOG`, and the step kept.

    stopping_reason: `steps` where all were made, `patience` where validation stopped improving.
    """

    log: list[dict[str, Any]]
    best_step: int
    stopping_reason: str


@dataclass(frozen=True)
class TokenizedTexts:
    """Token ids of every distinct question and passage, by number."""

    questions: list[TokenIds]
    passages: list[TokenIds]


@dataclass
class _Best:
    """The weights of the best validation so far; without validation, none."""

    loss: float = math.inf
    step: int = 0
    waited: int = 0  # validations without improvement
    weights: dict[str, Tensor] = field(default_factory=dict)


def train_encoder(
    encoder: DualEncoder, data: TrainingData, settings: Settings, *, events: Events | None = None
) -> Outcome:
    """Fine-tune `encoder` in place, telling `events` the figures of each step and validation.

    With held-out pairs the weights of the step with the lowest mean validation loss are kept, the
    earliest of equals; without, those of the last step. The same data, settings, thread count and
    machine give the same bytes.

    Raises:
        HybridBatchError: a batch is larger than what the data can give, nothing can be held out
            though it should be, or a loss is not a finite number.
    """
    with _deterministic():
        return _Training(encoder, data, settings, events or Silent()).run()


class _Training:
    """One run of the loop."""

    def __init__(
        self, encoder: DualEncoder, data: TrainingData, settings: Settings, events: Events
    ) -> None:
        self.encoder, self.data, self.settings, self.events = encoder, data, settings, events
        # The checks of data against settings come before the slow parts.
        self.sampler = Sampler(data.training.items, sampling_settings(settings), seed=settings.seed)
        self.validation: tuple[Batch, ...] = ()
        if data.validation is not None:
            self.validation = validation_batches(
                data.validation.items,
                batches=settings.validation.batches,
                batch_size=settings.batch_size,
            )
        self.precision: Precision = resolve_precision(settings.precision, encoder.device.type)
        self.texts = tokenize(encoder, data, settings)
        self.parameters = trainable_parameters(encoder, settings)
        self.optimizer = torch.optim.AdamW(
            self.parameters.values(),
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            fused=True,
        )
        self.negatives = Stream(settings.seed, "negatives")
        self.dropout = Stream(settings.seed, "dropout")
        self.log: list[dict[str, Any]] = []
        self.best = _Best()

    def run(self) -> Outcome:
        """All steps, or as many as patience allows."""
        settings = self.settings
        progress = Progress("train", settings.steps, "steps")
        begin = time.monotonic()
        reason = "steps"
        if self.validation:
            self._validate(0)
        for step in range(1, settings.steps + 1):
            rate = learning_rate(
                step,
                peak=settings.learning_rate,
                steps=settings.steps,
                warmup_steps=settings.warmup_steps,
            )
            loss = self._step(step, rate)
            speed = step * settings.batch_size / max(time.monotonic() - begin, 1e-9)
            self.events.train(step, loss=loss, learning_rate=rate, pairs_per_second=speed)
            progress.update(step, f"loss {loss:.4f}, lr {rate:.2e}, {speed:,.1f} pairs/s")
            last = step == settings.steps
            if self.validation and (last or step % settings.validation.every == 0):
                self._validate(step)
                if self._out_of_patience():
                    logger.info(
                        "stopped at step %d: no improvement in %d validations", step,
                        self.best.waited,
                    )  # fmt: skip
                    reason = "patience"
                    break
        return Outcome(self.log, self._keep_best(step), reason)

    def _step(self, step: int, rate: float) -> float:
        settings = self.settings
        batch = next(self.sampler)
        self.encoder.train(settings.dropout)
        if settings.dropout:
            # Seeded by the step, so that the masks do not depend on what ran before.
            torch.manual_seed(int(self.dropout.at(step).integers(2**63)))
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss = self._loss(
            self.data.training, batch, hard_negatives=settings.hard_negatives, step=step
        )
        value = loss.item()
        if not math.isfinite(value):
            raise HybridBatchError(
                f"step {step}: the loss is {value}; lower learning_rate, set max_grad_norm, or set "
                "precision to fp32"
            )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if settings.max_grad_norm is not None:
            torch.nn.utils.clip_grad_norm_(self.parameters.values(), settings.max_grad_norm)
        self.optimizer.step()
        self._log_train(step, value, rate, batch)
        return value

    def _loss(
        self, pairs: PairData, batch: Batch, *, hard_negatives: int = 0, step: int = 0
    ) -> Tensor:
        questions, passages = batch_texts(pairs, batch, self.texts)
        if hard_negatives:
            numbers = choose_negatives(
                batch,
                items=pairs.items,
                passage_text=pairs.passage_text,
                negatives=pairs.negatives,
                count=hard_negatives,
                random=self.negatives.at(step),
            )
            passages += [self.texts.passages[number] for number in numbers]
        vectors = encode_batch(self.encoder, questions + passages, precision=self.precision)
        return info_nce(
            vectors[: len(batch)], vectors[len(batch) :], temperature=self.settings.temperature
        )

    def _validate(self, step: int) -> None:
        held_out = self.data.validation
        assert held_out is not None
        self.encoder.eval()
        with torch.no_grad():
            losses = validation_losses(
                self.validation, lambda batch: self._loss(held_out, batch).item()
            )
        self._log_validation(step, losses)
        self.events.validation(step, losses)
        if step == 0:
            return  # for the curve: an untrained model is no outcome of training
        if losses[ALL] < self.best.loss:
            weights = {name: each.detach().clone() for name, each in self.parameters.items()}
            self.best = _Best(losses[ALL], step, 0, weights)
        else:
            self.best.waited += 1

    def _out_of_patience(self) -> bool:
        patience = self.settings.validation.patience
        return patience is not None and self.best.waited >= patience

    def _keep_best(self, last: int) -> int:
        """Put the best weights back; returns the step that they are from."""
        self.encoder.eval()
        if not self.validation:
            return last
        with torch.no_grad():
            for name, weights in self.best.weights.items():
                self.parameters[name].copy_(weights)
        logger.info("kept step %d, validation loss %.4f", self.best.step, self.best.loss)
        return self.best.step

    def _log_train(self, step: int, loss: float, rate: float, batch: Batch) -> None:
        names = self.data.training.items.languages
        self.log.append(
            {
                "step": step,
                "event": "train",
                "loss": loss,
                "learning_rate": rate,
                "batch_type": batch.kind,
                "query_languages": [names[column] for column in batch.query_languages],
                "passage_languages": [names[column] for column in batch.passage_languages],
            }
        )

    def _log_validation(self, step: int, losses: Mapping[str, float]) -> None:
        rate = self.log[-1]["learning_rate"] if self.log else 0.0
        for kind, loss in losses.items():
            self.log.append(
                {
                    "step": step,
                    "event": "validation",
                    "loss": loss,
                    "learning_rate": rate,
                    "batch_type": kind,
                    "query_languages": [],
                    "passage_languages": [],
                }
            )
        shown = ", ".join(f"{kind} {loss:.4f}" for kind, loss in losses.items())
        logger.info("step %d: validation loss %s", step, shown)


def sampling_settings(settings: Settings) -> SamplingSettings:
    """The part of the settings that the sampler needs."""
    return SamplingSettings(
        batch_size=settings.batch_size,
        sampling=settings.sampling,
        languages=settings.languages,
        source_weights=tuple(source.weight for source in settings.sources),
        alpha=0.0 if settings.alpha is None else settings.alpha,
        source_exponent=settings.source_exponent,
    )


def tokenize(encoder: DualEncoder, data: TrainingData, settings: Settings) -> TokenizedTexts:
    """Tokenise every distinct text once."""
    questions, passages = data.questions.to_pylist(), data.passages.to_pylist()
    tokenized = TokenizedTexts(
        encoder.tokenize(questions, prefix=settings.query_prefix, max_tokens=settings.max_tokens),
        encoder.tokenize(passages, prefix=settings.passage_prefix, max_tokens=settings.max_tokens),
    )
    logger.info("tokenised %d questions and %d passages", len(questions), len(passages))
    return tokenized


def batch_texts(
    pairs: PairData, batch: Batch, texts: TokenizedTexts
) -> tuple[list[TokenIds], list[TokenIds]]:
    """Token ids of the batch's b questions and b passages, in the order of its pairs."""
    questions = pairs.question_text[batch.items, batch.query_languages]
    passages = pairs.passage_text[batch.items, batch.passage_languages]
    return [texts.questions[i] for i in questions], [texts.passages[i] for i in passages]


def trainable_parameters(encoder: DualEncoder, settings: Settings) -> dict[str, Tensor]:
    """Set which parameters have gradients, and return those by name.

    `freeze_embeddings` takes out the word-embedding table; positions and layer norms stay.
    """
    encoder.requires_grad_(True)
    if settings.freeze_embeddings:
        encoder.model.get_input_embeddings().requires_grad_(False)
    return {name: each for name, each in encoder.named_parameters() if each.requires_grad}


@contextmanager
def _deterministic() -> Iterator[None]:
    """Only operations whose results are the same every time."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS asks for it
    before = torch.are_deterministic_algorithms_enabled()
    memory: Any = torch.utils.deterministic  # sets its attribute through a property
    fill = memory.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True)
    # Filling new memory finds bugs of operators that read it; it costs time and changes no result.
    memory.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
        memory.fill_uninitialized_memory = fill
