"""Texts a second of our encoder, of sentence-transformers, onnxruntime and OpenVINO.

    python performance/encoding.py [--passages results/benchmarks/xquad-r/passages.parquet]
        [--model results/models/embedded] [--texts 13014] [--json FILE]

The texts are cut into random slices, and every competitor encodes each slice in turn, from text
to unit vectors, tokenisation included. If a competitor has a batch size, the best of several is
found first on a small sample. A competitor whose lowest cosine with sentence-transformers' fp32
vectors is below 0.999 is listed and not counted. `peak_share` is the matrix-product operations on
real tokens / time / the rate of a 4096x384x1536 product of the same type, measured between the
slices. Needs performance/requirements.txt; a missing competitor is an error.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", str(len(os.sched_getaffinity(0))))
os.environ.setdefault("TQDM_DISABLE", "1")

import numpy as np
import pyarrow.parquet as pq
import torch

from hybridbatch.encoding.encoder import DualEncoder, resolve_precision
from hybridbatch.encoding.inference import encode_texts

THREADS = int(os.environ["OMP_NUM_THREADS"])
MAX_TOKENS, PREFIX, COUNTED = 128, "passage: ", 0.999
BATCH_SIZES = (8, 16, 32, 64, 128)
Encode = Callable[[Sequence[str]], np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--passages", type=Path, default=Path("results/benchmarks/xquad-r/passages.parquet")
    )
    parser.add_argument("--model", type=Path, default=Path("results/models/embedded"))
    parser.add_argument("--texts", type=int, default=13_014)
    parser.add_argument("--slices", type=int, default=8)
    parser.add_argument("--tuning-texts", type=int, default=400)
    parser.add_argument("--tokens-per-batch", type=int, help="ours; by default the config's")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    texts = pq.read_table(args.passages, columns=["text"])["text"].to_pylist()
    random = np.random.default_rng(1)
    texts = [texts[i] for i in random.permutation(len(texts))[: args.texts]]
    with tempfile.TemporaryDirectory() as folder:
        competitors = tuned(all_competitors(args, Path(folder)), texts[: args.tuning_texts])
        figures = compare(competitors, texts, slices=args.slices, model=args.model)
    for name, (value, unit) in figures.items():
        print(f"{name} {value:.5g} {unit}")
    if args.json:
        args.json.write_text(json.dumps({name: value for name, (value, _) in figures.items()}))


def all_competitors(args: argparse.Namespace, folder: Path) -> dict[str, dict[str, Encode]]:
    """The options to try of each competitor; the fastest are used for all texts."""
    onnx = export_onnx(args.model, folder / "model.onnx")
    sizes = {f"batch {size}": size for size in BATCH_SIZES}
    transformer = sentence_transformer(args.model)
    return {
        "ours_bf16": {"auto": ours(args, precision="auto")},
        "ours_fp32": {"fp32": ours(args, precision="fp32")},
        "st_default": {"batch 32": st(transformer, batch_size=32)},
        "st_fp32_best": {name: st(transformer, batch_size=n) for name, n in sizes.items()},
        "st_bf16_autocast": {
            name: st(transformer, batch_size=n, autocast=True) for name, n in sizes.items()
        },
        "onnxruntime": {
            name: with_session(args.model, onnxruntime_session(onnx), batch_size=n)
            for name, n in sizes.items()
        },
        "openvino_f32": {
            name: with_session(args.model, openvino_session(onnx, "f32"), batch_size=n)
            for name, n in sizes.items()
        },
        "openvino_bf16": {
            name: with_session(args.model, openvino_session(onnx, "bf16"), batch_size=n)
            for name, n in sizes.items()
        },
    }


def tuned(competitors: dict[str, dict[str, Encode]], texts: Sequence[str]) -> dict[str, Encode]:
    """Each competitor with its fastest options, warmed up."""
    best = {}
    for name, settings in competitors.items():
        seconds = {}
        for setting, encode in settings.items():
            encode(texts[: len(texts) // 4])
            if len(settings) > 1:
                seconds[setting] = timed(encode, texts)[0]
        chosen = min(seconds, key=seconds.__getitem__) if seconds else next(iter(settings))
        print(f"# {name}: {chosen}", flush=True)
        best[name] = settings[chosen]
    return best


def compare(
    competitors: dict[str, Encode], texts: Sequence[str], *, slices: int, model: Path
) -> dict[str, tuple[float, str]]:
    seconds: dict[str, float] = dict.fromkeys(competitors, 0.0)
    cosine: dict[str, float] = dict.fromkeys(competitors, 1.0)
    rates: list[float] = []
    for number in range(slices):
        part = texts[number::slices]
        vectors = {}
        # Each slice begins with another competitor, so that none always runs on a hot processor.
        names = list(competitors)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            elapsed, vectors[name] = timed(competitors[name], part)
            seconds[name] += elapsed
            print(f"# slice {number + 1}/{slices}: {name} {elapsed:.1f} s", flush=True)
            rates.append(matrix_rate(torch.bfloat16))
        for name, found in vectors.items():
            lowest = (unit(found) * unit(vectors["st_default"])).sum(axis=1).min()
            cosine[name] = min(cosine[name], float(lowest))
    rivals = [
        name
        for name in competitors
        if not name.startswith("ours") and name != "st_default" and cosine[name] >= COUNTED
    ]
    best = min(rivals, key=seconds.__getitem__)
    work = operations(model, texts)
    return {
        **{f"{name}_seconds": (value, "s") for name, value in seconds.items()},
        **{
            f"{name}_cosine": (value, "lowest" if value >= COUNTED else "lowest, not counted")
            for name, value in cosine.items()
        },
        "texts_per_second": (len(texts) / seconds["ours_bf16"], "texts/s"),
        "matrix_rate_bf16": (statistics.median(rates) / 1e9, "GFLOP/s"),
        "speedup_default": (seconds["st_default"] / seconds["ours_bf16"], "ratio"),
        "speedup_best": (seconds[best] / seconds["ours_bf16"], f"ratio (to {best})"),
        "peak_share": (work / seconds["ours_bf16"] / statistics.median(rates), "ratio"),
        "min_cosine": (cosine["ours_bf16"], "lowest"),
    }


def timed(encode: Encode, texts: Sequence[str]) -> tuple[float, np.ndarray]:
    begin = time.perf_counter()
    vectors = encode(texts)
    return time.perf_counter() - begin, vectors


def unit(vectors: np.ndarray) -> np.ndarray:
    scaled: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


def matrix_rate(dtype: torch.dtype, *, repeats: int = 20) -> float:
    """Operations a second of a 4096x384x1536 product with all threads, the best of `repeats`."""
    left, right = torch.randn(4096, 384, dtype=dtype), torch.randn(1536, 384, dtype=dtype)
    best = float("inf")
    for _ in range(repeats):
        begin = time.perf_counter()
        torch.nn.functional.linear(left, right)
        best = min(best, time.perf_counter() - begin)
    return 2 * 4096 * 384 * 1536 / best


def operations(model: Path, texts: Sequence[str]) -> float:
    """Matrix-product operations on the texts' real tokens: projections, attention, feed-forward."""
    encoder = DualEncoder.load(model, pooling="mean", device="cpu")
    config = encoder.model.config
    width, inner = config.hidden_size, config.intermediate_size
    unique = list(dict.fromkeys(texts))
    tokens = encoder.tokenize(unique, prefix=PREFIX, max_tokens=MAX_TOKENS)
    lengths = np.array([len(ids) for ids in tokens], dtype=float)
    linear = 2 * (4 * width**2 + 2 * width * inner) * lengths.sum()
    attention = 2 * 2 * width * (lengths**2).sum()
    return float(config.num_hidden_layers * (linear + attention))


def ours(args: argparse.Namespace, *, precision: str) -> Encode:
    encoder = DualEncoder.load(args.model, pooling="mean", device="cpu")
    resolved = resolve_precision(precision, "cpu")
    budget = args.tokens_per_batch or 2048

    def encode(texts: Sequence[str]) -> np.ndarray:
        return encode_texts(
            encoder,
            texts,
            prefix=PREFIX,
            max_tokens=MAX_TOKENS,
            tokens_per_batch=budget,
            precision=resolved,
        )

    return encode


def sentence_transformer(model: Path) -> Any:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    transformer = Transformer(str(model), max_seq_length=MAX_TOKENS)
    width = transformer.get_embedding_dimension()
    return SentenceTransformer(modules=[transformer, Pooling(width, "mean"), Normalize()])


def st(transformer: Any, *, batch_size: int, autocast: bool = False) -> Encode:
    def encode(texts: Sequence[str]) -> np.ndarray:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            vectors = transformer.encode(
                list(texts), prompt=PREFIX, batch_size=batch_size, show_progress_bar=False
            )
        return np.asarray(vectors, dtype=np.float32)

    return encode


def export_onnx(model: Path, path: Path) -> Path:
    """The model's last hidden states as ONNX, any number of texts and tokens."""
    from transformers import AutoModel

    class HiddenStates(torch.nn.Module):
        def __init__(self, inner: Any) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            return self.inner(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

    module = HiddenStates(AutoModel.from_pretrained(model, attn_implementation="eager")).eval()
    ids = torch.ones(2, 8, dtype=torch.int64)
    axes = {0: torch.export.Dim("texts"), 1: torch.export.Dim("tokens", max=512)}
    torch.onnx.export(
        module,
        (ids, torch.ones_like(ids)),
        path,
        input_names=["input_ids", "attention_mask"],
        output_names=["hidden"],
        dynamic_shapes=(axes, axes),
        dynamo=True,
        verbose=False,
    )
    return path


def onnxruntime_session(path: Path) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        hidden: np.ndarray = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return hidden

    return run


def openvino_session(path: Path, precision: str) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    import openvino

    core = openvino.Core()
    compiled = core.compile_model(
        core.read_model(path),
        "CPU",
        {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": THREADS},
    )
    request = compiled.create_infer_request()

    def run(ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        hidden: np.ndarray = request.infer([ids, mask])[compiled.output(0)]
        return hidden

    return run


def with_session(
    model: Path, run: Callable[[np.ndarray, np.ndarray], np.ndarray], *, batch_size: int
) -> Encode:
    """Length-sorted batches through a runtime, then mean pooling, as sentence-transformers does."""
    tokenizer = DualEncoder.load(model, pooling="mean", device="cpu").tokenizer

    def encode(texts: Sequence[str]) -> np.ndarray:
        prefixed = [PREFIX + text for text in texts]
        tokens = tokenizer(prefixed, truncation=True, max_length=MAX_TOKENS)["input_ids"]
        order = sorted(range(len(tokens)), key=lambda i: -len(tokens[i]))
        vectors = np.empty((len(texts), 0), dtype=np.float32)
        for begin in range(0, len(order), batch_size):
            rows = order[begin : begin + batch_size]
            width = len(tokens[rows[0]])
            mask = np.array([[1] * len(tokens[i]) + [0] * (width - len(tokens[i])) for i in rows])
            ids = np.full(mask.shape, tokenizer.pad_token_id)
            ids[mask == 1] = np.concatenate([tokens[i] for i in rows])
            hidden = run(ids, mask)
            pooled = (hidden * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
            if not vectors.shape[1]:
                vectors = np.empty((len(texts), pooled.shape[1]), dtype=np.float32)
            vectors[rows] = unit(pooled)
        return vectors

    return encode


if __name__ == "__main__":
    main()
