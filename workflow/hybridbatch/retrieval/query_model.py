"""One question to a vector, exactly as the stage `encode` makes the vectors of queries."""

import logging
from functools import partial

import numpy as np
import pyarrow as pa
import torch

from hybridbatch.encoding.encode import Options, encode_table
from hybridbatch.encoding.encoder import DualEncoder, resolve_device, resolve_precision
from hybridbatch.encoding.inference import embedder
from hybridbatch.encoding.settings import settled_text
from hybridbatch.encoding.token_limits import check_max_tokens
from hybridbatch.retrieval.columns import Floats
from hybridbatch.retrieval.query_results import Evaluated, recorded_options
from hybridbatch.schemas.queries import QUERIES
from hybridbatch.schemas.query_embeddings import QUERY_EMBEDDINGS

logger = logging.getLogger(__name__)


class QuestionEncoder:
    """The model of a run, with the options with which its queries were encoded.

    Raises:
        HybridBatchError: the model is missing or damaged, or its options are of another version.
    """

    def __init__(self, evaluated: Evaluated) -> None:
        vectors = evaluated.place(QUERY_EMBEDDINGS.path)
        text = settled_text(evaluated.encoding.options, evaluated.model)
        options = recorded_options(Options, text, origin=str(vectors))
        device = _device_here(options.device)
        precision = resolve_precision(options.precision, device)
        encoder = DualEncoder.load(evaluated.model, pooling=options.pooling, device=device)
        check_max_tokens(encoder, options.max_tokens, key="encoding.max_tokens")
        self._encode = partial(
            encode_table,
            encoder,
            schema=QUERY_EMBEDDINGS,
            options=options,
            precision=precision,
            progress=_silent,
            embed=embedder(encoder, precision),  # made once: it copies the weights
        )

    def vector(self, question: str) -> Floats:
        """The unit vector (1, dim) of a question, rounded as the results store vectors."""
        row = {"query_id": "question", "item_id": "", "language": "", "text": question}
        table = self._encode(pa.Table.from_pylist([row], schema=QUERIES.arrow))
        column = table["embedding"].combine_chunks()
        values: Floats = column.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
        return values.reshape(1, -1)


def _device_here(device: str) -> str:
    """The device of the vectors, or the CPU if this machine has no such GPU."""
    if device.startswith("cuda") and not torch.cuda.is_available():
        logger.info("the vectors were made on %s; here the question is encoded on the CPU", device)
        return "cpu"
    return resolve_device(device)


def _silent(_done: int, _total: int) -> None:
    """One text needs no progress lines."""
