"""Many texts to unit vectors without gradients: sorted by length, batched by tokens, unpadded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from torch import Tensor

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.encoding.batching import TokenIds, batch_end, order_by_length, pad
from hybridbatch.encoding.degenerate import check_distinct
from hybridbatch.encoding.encoder import DualEncoder, Precision
from hybridbatch.encoding.packed import PackedModel, can_pack

# torch raises a plain RuntimeError if the CPU is out of memory; only its text identifies it.
_CPU_OUT_OF_MEMORY = "DefaultCPUAllocator: can't allocate memory"


def encode_texts(
    encoder: DualEncoder,
    texts: Sequence[str],
    *,
    prefix: str,
    max_tokens: int,
    tokens_per_batch: int,
    precision: Precision,
    progress: Callable[[int, int], None] | None = None,
    embed: Embedder | None = None,
) -> np.ndarray:
    """Unit vectors (texts, dim) float32, in the order of the texts.

    Equal texts are encoded once and get bitwise equal vectors. A batch holds at most
    `tokens_per_batch` tokens; if it does not fit into memory, the budget is halved and encoding
    continues. In bf16 only the matrix products are bf16: the residual stream, the layer norms and
    pooling stay in float32. `progress` is called with the numbers of texts done and of all texts.
    `embed` is the encoder's `embedder`, for callers with few texts at a time; None makes one.

    On the CPU, each of torch's threads encodes a batch of its own. This is faster than all threads
    in one matrix product, and the vectors do not depend on the number of threads.

    Raises HybridBatchError if a text has no tokens, if one text does not fit into memory, or if
    all of several texts get the same vector.
    """
    unique = list(dict.fromkeys(texts))
    number = {text: i for i, text in enumerate(unique)}
    inverse = np.array([number[text] for text in texts], dtype=np.int64)
    copies = np.bincount(inverse, minlength=len(unique))
    token_ids = encoder.tokenize(unique, prefix=prefix, max_tokens=max_tokens)
    order = order_by_length(token_ids)
    if order and len(token_ids[order[-1]]) == 0:
        raise HybridBatchError(f"encoding: no tokens in the text {unique[order[-1]]!r}; remove it")
    encoder.eval()
    vectors = np.empty((len(unique), encoder.dim), dtype=np.float32)
    done = 0
    for start, embedded in _embed_all(
        embed or embedder(encoder, precision),
        [token_ids[i] for i in order],
        tokens_per_batch=tokens_per_batch,
        workers=torch.get_num_threads() if encoder.device.type == "cpu" else 1,
    ):
        rows = order[start : start + len(embedded)]
        vectors[rows] = embedded
        done += int(copies[rows].sum())
        if progress is not None:
            progress(done, len(texts))
    check_distinct(token_ids, vectors, what="encoding")
    return vectors[inverse]


Embedder = Callable[[Sequence[TokenIds]], np.ndarray]
Pool = Callable[[Tensor, None], Tensor]  # `DualEncoder.pool`


def embedder(encoder: DualEncoder, precision: Precision) -> Embedder:
    """The function that turns the texts of a batch into unit vectors (texts, dim) float32."""
    if can_pack(encoder.model):
        dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        return partial(_embed_packed, PackedModel(encoder.model, dtype=dtype), encoder.pool)
    return partial(_embed_padded, encoder, precision)


@torch.inference_mode()
def _embed_packed(model: PackedModel, pool: Pool, token_ids: Sequence[TokenIds]) -> np.ndarray:
    pooled = [pool(hidden, None) for hidden in model.hidden_states(token_ids)]
    embedded: np.ndarray = torch.cat(pooled).cpu().numpy()
    return embedded


@torch.inference_mode()
def _embed_padded(
    encoder: DualEncoder, precision: Precision, token_ids: Sequence[TokenIds]
) -> np.ndarray:
    ids, mask = pad(token_ids, pad_id=encoder.pad_id)
    device = encoder.device
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16"):
        vectors = encoder(
            torch.from_numpy(ids).to(device),
            None if mask is None else torch.from_numpy(mask).to(device),
        )
    embedded: np.ndarray = vectors.cpu().numpy()
    return embedded


def _embed_all(
    embed: Embedder, token_ids: Sequence[TokenIds], *, tokens_per_batch: int, workers: int
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield each batch's first position in `token_ids` and its vectors, as they are finished.

    `token_ids` are in order of length, longest first. A batch that does not fit into memory is
    divided, and later batches get the smaller budget.
    """
    lengths = [len(ids) for ids in token_ids]
    waiting = [(0, len(lengths))] if lengths else []  # ranges of texts, a stack
    running: dict[Future[np.ndarray | None], tuple[int, int]] = {}
    with _worker_threads(workers) as executor:
        while waiting or running:
            # One more batch than workers, so that no worker waits for this loop.
            while waiting and len(running) <= workers:
                start, stop = waiting.pop()
                end = min(stop, batch_end(lengths, start, tokens_per_batch=tokens_per_batch))
                if end < stop:
                    waiting.append((end, stop))
                job = executor.submit(_embed_if_it_fits, embed, token_ids[start:end])
                running[job] = (start, end)
            for job in wait(running, return_when=FIRST_COMPLETED).done:
                start, end = running.pop(job)
                embedded = job.result()
                if embedded is None:
                    halved = _halved(end - start, lengths[start])
                    tokens_per_batch = min(tokens_per_batch, halved)
                    waiting.append((start, end))
                else:
                    yield start, embedded


@contextmanager
def _worker_threads(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Workers that compute on one thread each; the caller's number of threads is restored."""
    threads = torch.get_num_threads()
    initializer = partial(torch.set_num_threads, 1) if workers > 1 else None
    try:
        with ThreadPoolExecutor(workers, initializer=initializer) as executor:
            yield executor
    finally:
        torch.set_num_threads(threads)


def _embed_if_it_fits(embed: Embedder, token_ids: Sequence[TokenIds]) -> np.ndarray | None:
    """Unit vectors (texts, dim) float32 of one batch; None if it does not fit into memory."""
    try:
        return embed(token_ids)
    except torch.OutOfMemoryError:
        return None
    except RuntimeError as error:
        if _CPU_OUT_OF_MEMORY in str(error):
            return None
        raise


def _halved(texts: int, longest: int) -> int:
    """The token budget after a batch of `texts`, the longest of `longest` tokens, did not fit."""
    if texts == 1:
        raise HybridBatchError(
            f"encoding: no memory for one text of {longest} tokens; lower max_tokens"
        )
    return texts * longest // 2
