"""Memory and time of one training step with a batch of 1,024 pairs of 128 tokens.

    python performance/large_batch.py [--model results/models/embedded] [--batch-size 1024]
        [--max-tokens 128] [--chunk-tokens 4096] [--precision bf16] [--json FILE]

All parameters are trained, with the model's own dropout and gradient caching: chunks of
`--chunk-tokens` tokens are encoded without a gradient, then again with it. Every text has random
words and more than `--max-tokens` tokens, so that it is cut to exactly that length. Prints lines
`name value unit`; `peak_gb` is the largest resident memory of the process, the interpreter and the
model included.
"""

import argparse
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import torch

from hybridbatch.common.memory import keep_freed_memory
from hybridbatch.common.options import options_from_dict
from hybridbatch.common.tables import table_from_rows
from hybridbatch.common.threads import processors
from hybridbatch.encoding.encoder import DualEncoder
from hybridbatch.planning.stage_options import completed
from hybridbatch.schemas.every import PAIRS
from hybridbatch.training.data import TrainingData, training_data
from hybridbatch.training.loop import Training
from hybridbatch.training.options import Options
from hybridbatch.training.processes import Processes

SOURCE = "random"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=Path("results/models/embedded"))
    parser.add_argument("--batch-size", type=int, default=1024)
    parser.add_argument("--max-tokens", type=int, default=128)
    parser.add_argument("--chunk-tokens", type=int, default=4096)
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="bf16")
    parser.add_argument("--threads", type=int, default=processors())
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    if not (args.model / "config.json").is_file():
        sys.exit(f"{args.model}: no checkpoint; run `make report` first, or name another folder")
    figures = measure(args)
    for name, (value, unit) in figures.items():
        print(f"{name} {value:.3f} {unit}")
    if args.json:
        args.json.write_text(json.dumps({name: value for name, (value, _) in figures.items()}))


def measure(args: argparse.Namespace) -> dict[str, tuple[float, str]]:
    torch.set_num_threads(args.threads)
    keep_freed_memory()
    encoder = DualEncoder.load(args.model, pooling="mean", device="cpu")
    training = Training(
        encoder,
        random_pairs(args.batch_size, words=2 * args.max_tokens),
        options(args),
        Processes(),
        checkpoints=None,
    )
    before = peak_gb()
    begin = time.perf_counter()
    loss, _ = training.step()
    seconds = time.perf_counter() - begin
    tokens = len(training.texts.questions.ids) + len(training.texts.passages.ids)
    return {
        "pairs": (args.batch_size, "pairs"),
        "tokens_per_text": (tokens / (2 * args.batch_size), "tokens"),
        "loss": (loss, "nats"),
        "step_seconds": (seconds, "s"),
        "pairs_per_second": (args.batch_size / seconds, "pairs/s"),
        "peak_before_gb": (before, "GB"),
        "peak_gb": (peak_gb(), "GB"),
    }


def random_pairs(count: int, *, words: int) -> TrainingData:
    """`count` English pairs of random words of five letters."""
    random = np.random.default_rng(1)
    vocabulary = ["".join(random.choice(list("abcdefghijklmnop"), 5)) for _ in range(3000)]

    def text() -> str:
        return " ".join(random.choice(vocabulary, words))

    rows = [
        {
            "item_id": str(number),
            "question_group": str(number),
            "passage_group": str(number),
            "language": "en",
            "question": text(),
            "passage": text(),
            "source": SOURCE,
            "split": "train",
            "hard_negatives": [],
        }
        for number in range(count)
    ]
    return training_data(
        table_from_rows(rows, PAIRS),
        sources=(SOURCE,),
        languages=("en",),
        validation_fraction=0.0,
        with_negatives=False,
    )


def options(args: argparse.Namespace) -> Options:
    given = {
        "run": "large-batch",
        "model": str(args.model),
        "recipe": "large-batch",
        "sampling": "en-en",
        "seed": 1,
        "languages": ["en"],
        "sources": [{"name": SOURCE, "weight": 1.0}],
        "pooling": "mean",
        "query_prefix": "",
        "passage_prefix": "",
        "precision": args.precision,
        "batch_size": args.batch_size,
        "steps": 1,
        "warmup_steps": 0,
        "max_tokens": args.max_tokens,
        "chunk_tokens": args.chunk_tokens,
    }
    return options_from_dict(Options, completed("train", given))


def peak_gb() -> float:
    unit = 1024 if sys.platform == "linux" else 1  # macOS counts bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


if __name__ == "__main__":
    main()
