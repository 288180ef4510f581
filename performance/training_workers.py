"""One training for `training.py`, in a process of its own: steps are timed, memory is measured.

    python performance/training_workers.py JSON

JSON is a job as `training.py` makes it. Prints one JSON line: seconds of each timed step, pairs and
real tokens in them, the peak of resident memory, and the matrix-multiply rate of the machine.
"""

import json
import resource
import sys
import tempfile
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from hybridbatch.common.memory import keep_freed_memory
from hybridbatch.common.options import options_from_dict
from hybridbatch.encoding.encoder import DualEncoder
from hybridbatch.planning.stage_options import completed
from hybridbatch.training.data import read_training_data
from hybridbatch.training.loop import Training, sampling_options
from hybridbatch.training.options import Options
from hybridbatch.training.processes import Processes
from hybridbatch.training.sampling import Sampler

LANGUAGES = ("ar", "de", "en", "es", "hi", "vi", "zh")
WARM_UP = 2  # steps that are not timed
PREFIXES = ("query: ", "passage: ")


@dataclass(frozen=True)
class Job:
    """The job of one process; `system` is ours, st or st-cached, with default or best options."""

    system: str
    precision: str
    best: bool
    frozen: bool
    model: str
    pairs: str
    threads: int
    batch_size: int
    steps: int
    max_tokens: int
    dropout: bool

    @property
    def options(self) -> Options:
        """The options of our training; its sampling draws the batches of every system."""
        given = {
            "run": "benchmark",
            "model": "e5-small",
            "recipe": "mlqa-r",
            "sampling": "x-x-mono",
            "seed": 1,
            "languages": list(LANGUAGES),
            "sources": [{"name": "mlqa-r", "weight": 1.0}],
            "pooling": "mean",
            "query_prefix": "",
            "passage_prefix": "",
            "precision": self.precision,
            "batch_size": self.batch_size,
            "steps": self.steps,
            "warmup_steps": 1,
            "max_tokens": self.max_tokens,
            "dropout": self.dropout,
            "freeze_embeddings": self.frozen,
            "threads": self.threads,
            "device": "cpu",
        }
        return options_from_dict(Options, completed("train", given))


def data_of(job: Job):
    return read_training_data(
        [Path(job.pairs)],
        sources=("mlqa-r",),
        languages=LANGUAGES,
        validation_fraction=0.0,
        with_negatives=False,
    )


def train_ours(job: Job) -> list[float]:
    data = data_of(job)
    encoder = DualEncoder.load(Path(job.model), pooling="mean", device="cpu")
    keep_freed_memory()
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False
    training = Training(encoder, data, job.options, Processes(), None)
    ends = []
    for _ in range(job.steps):
        training.step()
        ends.append(time.perf_counter())
    return np.diff(ends[WARM_UP - 1 :]).tolist()


def train_theirs(job: Job) -> list[float]:
    from datasets import Dataset
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.base.losses import column_merging_disabled
    from sentence_transformers.sentence_transformer.losses import (
        CachedMultipleNegativesRankingLoss,
        MultipleNegativesRankingLoss,
    )
    from transformers import TrainerCallback

    batches = texts_of_batches(job)
    columns = {
        name: [prefix + text for batch in batches for text in batch[i]]
        for i, (name, prefix) in enumerate(zip(("anchor", "positive"), PREFIXES, strict=True))
    }
    model = SentenceTransformer(job.model, device="cpu")
    model.max_seq_length = job.max_tokens
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout) and not job.dropout:
            module.p = 0.0
    if job.frozen:
        model[0].auto_model.get_input_embeddings().requires_grad_(False)
    scale = 1 / job.options.temperature
    if job.system == "st":
        loss = MultipleNegativesRankingLoss(model, scale=scale)
    else:
        # With a mini-batch of the whole batch, nothing would be cached.
        loss = CachedMultipleNegativesRankingLoss(
            model, scale=scale, mini_batch_size=job.batch_size // 2
        )
    order = list(range(len(columns["anchor"])))
    if job.best:  # texts of one length share a batch, and questions are not padded like passages
        order.sort(key=lambda i: len(model.tokenizer(columns["positive"][i])["input_ids"]))
    groups = [order[i : i + job.batch_size] for i in range(0, len(order), job.batch_size)]
    if job.best:
        groups = [groups[i] for i in np.random.default_rng(1).permutation(len(groups))]
    ends = []

    class Clock(TrainerCallback):
        def on_step_end(self, *args, **kwargs) -> None:
            ends.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as folder:
        arguments = SentenceTransformerTrainingArguments(
            output_dir=folder,
            use_cpu=True,
            max_steps=job.steps,
            per_device_train_batch_size=job.batch_size,
            learning_rate=job.options.learning_rate,
            weight_decay=job.options.weight_decay,
            bf16=job.precision == "bf16",
            report_to="none",
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
            batch_sampler=lambda *args, **kwargs: Batches(groups),
        )
        trainer = SentenceTransformerTrainer(
            model,
            arguments,
            train_dataset=Dataset.from_dict(columns),
            loss=loss,
            callbacks=[Clock()],
        )
        with column_merging_disabled() if job.best else nullcontext():
            trainer.train()
    return np.diff(ends[WARM_UP - 1 :]).tolist()


class Batches(list):
    """The batches of a trainer, as lists of rows."""

    def set_epoch(self, epoch: int) -> None:
        pass


def texts_of_batches(job: Job) -> list[tuple[list[str], list[str]]]:
    """The questions and passages of the batches that our sampler draws."""
    data = data_of(job)
    pairs = data.training
    sampler = Sampler(pairs.items, sampling_options(job.options), seed=job.options.seed)
    questions, passages = data.questions.to_pylist(), data.passages.to_pylist()
    batches = []
    for _, batch in zip(range(job.steps), sampler, strict=False):
        chosen = pairs.question_text[batch.items, batch.query_languages]
        found = pairs.passage_text[batch.items, batch.passage_languages]
        batches.append(([questions[i] for i in chosen], [passages[i] for i in found]))
    return batches


def real_tokens(job: Job) -> int:
    """Tokens of the timed steps, without padding."""
    encoder = DualEncoder.load(Path(job.model), pooling="mean", device="cpu")
    return sum(
        len(ids)
        for batch in texts_of_batches(job)[WARM_UP:]
        for texts, prefix in zip(batch, PREFIXES, strict=True)
        for ids in encoder.tokenize(texts, prefix=prefix, max_tokens=job.max_tokens)
    )


def matrix_rate(precision: str) -> float:
    """Operations a second of a 4096x384x1536 product, the best of 25: other processes may run."""
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    inputs, weight = torch.randn(4096, 384).to(dtype), torch.randn(1536, 384).to(dtype)
    times = []
    for _ in range(25):
        begin = time.perf_counter()
        F.linear(inputs, weight)
        times.append(time.perf_counter() - begin)
    return 2 * 4096 * 384 * 1536 / min(times)


def main() -> None:
    job = Job(**json.loads(sys.argv[1]))
    torch.set_num_threads(job.threads)
    rates = [matrix_rate(job.precision)]
    seconds = train_ours(job) if job.system == "ours" else train_theirs(job)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rates.append(matrix_rate(job.precision))
    found = {
        "seconds": seconds,
        "pairs": len(seconds) * job.batch_size,
        "peak_mb": peak,
        "rate": max(rates),
        "tokens": real_tokens(job) if job.system == "ours" else 0,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
