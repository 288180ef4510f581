"""An exported model as an ONNX graph, from token ids to unit vectors."""

import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.encoding.batching import TokenIds, pad
from hybridbatch.encoding.declaration import Declaration
from hybridbatch.encoding.encoder import DualEncoder
from hybridbatch.encoding.inference import encode_texts
from hybridbatch.encoding.settings import usable_declaration

FOLDER, FILE = "onnx", "model.onnx"
STATES, VECTORS = "last_hidden_state", "sentence_embedding"
PACKAGES = ("onnx", "onnxscript", "onnxruntime")
# Of several scripts and lengths, one of them longer than any limit.
_TEXTS = ("a", "Who wrote Faust?", "浮士德是谁写的？", "من كتب فاوست؟", "the same words " * 200)
_TOLERANCE = 1e-4  # of a value of a unit vector in float32
_INPUTS = ("input_ids", "attention_mask")
# Files of Protocol Buffers end at 2 GB; weights beyond that go into a file beside the graph.
_LARGEST = 1_900_000_000
_SECTION = """## Run the ONNX graph

`{folder}/{file}` turns token ids into vectors without PyTorch. On {count} texts its vectors differ
from those of this model by at most {difference:.0e}.

```python
import onnxruntime
from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(".")  # the path of this folder
graph = onnxruntime.InferenceSession("{folder}/{file}")
texts = [{prefix!r} + text for text in ["..."]]  # queries; passages begin with {passage!r}
tokens = tokenizer(texts, truncation=True, padding=True, padding_side="right", return_tensors="np")
inputs = {{name: tokens[name] for name in ("input_ids", "attention_mask")}}
(vectors,) = graph.run(["sentence_embedding"], inputs)
```
"""


@dataclass(frozen=True)
class Checked:
    """How far the graph's vectors are from the model's, and on how many texts this was seen."""

    texts: int
    difference: float


def check_packages() -> None:
    """Check that the packages are there.

    Raises:
        HybridBatchError: names those that are not.
    """
    lost = [name for name in PACKAGES if find_spec(name) is None]
    if lost:
        raise HybridBatchError(
            f"--onnx: {', '.join(lost)} not installed; run `make setup EXTRAS=onnx` or "
            f'`pip install "hybridbatch[onnx]"`'
        )


def write_onnx(folder: Path, *, published: Path) -> str:
    """Write the graph below `folder`, compare its vectors, and return the section of the card.

    Args:
        folder: the exported folder.
        published: the published model that is exported.

    Raises:
        HybridBatchError: the model does not load, cannot be turned into a graph, or gets other
            vectors from the graph.
    """
    declared = usable_declaration(published)
    if declared is None or declared.max_tokens is None:
        raise HybridBatchError(f"{published}: declares no pooling and length; publish it again")
    encoder = DualEncoder.load(published, pooling=declared.pooling, device="cpu")
    path = folder / FOLDER / FILE
    path.parent.mkdir()
    tokens = encoder.tokenize(_TEXTS, prefix="", max_tokens=declared.max_tokens)
    try:
        _convert(encoder, tokens, path)
    except (ImportError, MemoryError, OSError):
        raise
    except Exception as error:  # what it raises depends on the architecture
        raise HybridBatchError(
            f"--onnx: a {encoder.model.config.model_type} cannot be turned into a graph "
            f"({_first_line(error)}); export it without --onnx"
        ) from error
    checked = _compare(encoder, tokens, path, declared)
    return _SECTION.format(
        folder=FOLDER,
        file=FILE,
        count=checked.texts,
        difference=checked.difference,
        prefix=declared.query_prefix,
        passage=declared.passage_prefix,
    )


class _Graph(nn.Module):
    """What the graph computes: the states of the tokens, and unit vectors."""

    def __init__(self, encoder: DualEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        states = self.encoder.states(input_ids, attention_mask)
        return states, self.encoder.pool(states, attention_mask)


def _convert(encoder: DualEncoder, tokens: Sequence[TokenIds], path: Path) -> None:
    ids, mask = pad(tokens, pad_id=encoder.pad_id)
    assert mask is not None  # the texts differ in length
    both = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}  # texts, tokens
    size = sum(each.nbytes for each in encoder.parameters())
    exporter = logging.getLogger("torch.onnx")
    level = exporter.level
    exporter.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                _Graph(encoder).eval(),
                (torch.from_numpy(ids), torch.from_numpy(mask)),
                path,
                dynamo=True,
                verbose=False,
                external_data=size > _LARGEST,
                input_names=_INPUTS,
                output_names=(STATES, VECTORS),
                dynamic_shapes=dict.fromkeys(_INPUTS, both),
            )
    finally:
        exporter.setLevel(level)


def _compare(
    encoder: DualEncoder, tokens: Sequence[TokenIds], path: Path, declared: Declaration
) -> Checked:
    """Vectors of a batch, and of each text by itself, beside those that the project computes."""
    import onnxruntime

    session: Any = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def run(some: Sequence[TokenIds]) -> np.ndarray:
        ids, mask = pad(some, pad_id=encoder.pad_id)
        filled = np.ones_like(ids) if mask is None else mask
        found: np.ndarray = session.run([VECTORS], dict(zip(_INPUTS, (ids, filled), strict=True)))[
            0
        ]
        return found

    assert declared.max_tokens is not None
    expected = encode_texts(
        encoder,
        _TEXTS,
        prefix="",
        max_tokens=declared.max_tokens,
        tokens_per_batch=declared.max_tokens * len(_TEXTS),
        precision="fp32",
    )
    alone = np.concatenate([run([ids]) for ids in tokens])
    difference = float(max(np.abs(each - expected).max() for each in (run(tokens), alone)))
    if not difference <= _TOLERANCE:
        raise HybridBatchError(
            f"--onnx: the vectors of the graph differ by {difference:.1e} from those of the model; "
            f"export it without --onnx"
        )
    return Checked(len(tokens), difference)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
