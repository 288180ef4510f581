"""Gradients of a batch in chunks equal those of one pass, with every option on every path."""

import copy
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel, DistilBertConfig, DistilBertModel

import tiny
from hybridbatch.encoding.encoder import DualEncoder
from hybridbatch.training.batch_encoding import Encoding, chunks_of
from hybridbatch.training.gradient_cache import GradientCache
from hybridbatch.training.loss import info_nce
from hybridbatch.training.processes import Processes

WORDS = ["a", "bc" * 20, "d" * 7, "e" * 30, "fg", "h" * 7, "ij" * 9, "k" * 3, "lm" * 4, "n" * 25]

ALONE = Processes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny.write_model(tmp_path_factory.mktemp("model"))


def encoder_of(folder, *, pooling="mean"):
    return DualEncoder.load(folder, pooling=pooling, device="cpu")


def texts_of(encoder, words=WORDS):
    return encoder.tokenize(words, prefix="", max_tokens=60)


def loss_of(vectors):
    # Four pairs and two hard negatives, with all words.
    pairs = min(4, len(vectors) // 2)
    return info_nce(vectors[:pairs], vectors[pairs:], temperature=0.1)


def cache_of(encoder, *, chunk_tokens, checkpointing=False, precision="fp32", processes=ALONE):
    return GradientCache(
        Encoding(encoder, precision, checkpointing),
        encoder.parameters(),
        chunk_tokens=chunk_tokens,
        processes=processes,
    )


def gradients(encoder, *, seed=None, words=WORDS, **options):
    encoder.train(seed is not None)
    loss = cache_of(encoder, **options).backward(texts_of(encoder, words), loss_of, seed=seed)
    named = encoder.named_parameters()
    return loss, {name: each.grad for name, each in named if each.grad is not None}


def plain_gradients(encoder, *, chunk_tokens=None, seed=None, words=WORDS):
    """One loss whose backward pass goes through all chunks at once."""
    encoder.train(seed is not None)
    encoder.zero_grad()
    texts = texts_of(encoder, words)
    rows, parts = [], []
    chunks = chunks_of([len(ids) for ids in texts], chunk_tokens=chunk_tokens)
    for number, chunk in enumerate(chunks):
        own = None if seed is None else seed + number
        parts.append(Encoding(encoder, "fp32").vectors([texts[i] for i in chunk], seed=own))
        rows += chunk
    loss = loss_of(torch.cat(parts)[np.argsort(rows)])
    loss.backward()
    named = encoder.named_parameters()
    return loss.item(), {name: each.grad for name, each in named if each.grad is not None}


def assert_equal(found, expected, *, atol=1e-5):
    assert found[0] == pytest.approx(expected[0], abs=atol)
    assert found[1].keys() == expected[1].keys()
    for name, gradient in expected[1].items():
        torch.testing.assert_close(found[1][name], gradient, atol=atol, rtol=0)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("chunk_tokens", [None, 50, 1])
def test_chunks_give_the_gradients_of_one_pass(folder, pooling, checkpointing, chunk_tokens):
    encoder = encoder_of(folder, pooling=pooling)
    expected = plain_gradients(encoder)
    assert expected[0] > 0.5 and len(expected[1]) > 30
    found = gradients(encoder, chunk_tokens=chunk_tokens, checkpointing=checkpointing)
    assert_equal(found, expected)


@pytest.mark.parametrize("checkpointing", [False, True])
def test_dropout_is_the_same_when_a_chunk_is_computed_again(folder, checkpointing):
    encoder = encoder_of(folder)
    expected = plain_gradients(encoder, chunk_tokens=50, seed=7)
    found = gradients(encoder, chunk_tokens=50, seed=7, checkpointing=checkpointing)
    assert_equal(found, expected)
    other = gradients(encoder, chunk_tokens=50, seed=8)
    assert other[0] != pytest.approx(expected[0], abs=1e-3)


def test_weights_after_steps_of_sgd_are_equal(folder):
    first = encoder_of(folder)
    second = copy.deepcopy(first)
    for encoder, chunk_tokens in ((first, None), (second, 40)):
        optimizer = torch.optim.SGD(encoder.parameters(), lr=0.1)
        for _ in range(5):
            gradients(encoder, chunk_tokens=chunk_tokens)
            optimizer.step()
    moved = 0.0
    before = encoder_of(folder).state_dict()
    for name, weights in first.state_dict().items():
        torch.testing.assert_close(second.state_dict()[name], weights, atol=1e-5, rtol=0)
        moved = max(moved, (weights - before[name]).abs().max().item())
    assert moved > 0.01


def test_bf16_has_the_direction_of_fp32(folder):
    encoder = encoder_of(folder)
    exact, rounded = (
        gradients(encoder, chunk_tokens=chunk_tokens, precision=precision)[1]
        for precision, chunk_tokens in (("fp32", None), ("bf16", 50))
    )
    flat = [torch.cat([each.ravel() for each in named.values()]) for named in (exact, rounded)]
    assert torch.cosine_similarity(*flat, dim=0) > 0.99
    assert all(each.dtype == torch.float32 for each in rounded.values())


def test_other_architectures_take_the_padded_path(folder):
    sizes = {"dim": 24, "n_layers": 2, "n_heads": 3, "hidden_dim": 40, "vocab_size": 200}
    tokenizer = encoder_of(folder).tokenizer
    torch.manual_seed(3)
    encoder = DualEncoder(DistilBertModel(DistilBertConfig(**sizes)), tokenizer, pooling="mean")
    expected = plain_gradients(encoder)
    for checkpointing in (False, True):
        found = gradients(encoder, chunk_tokens=50, checkpointing=checkpointing)
        assert_equal(found, expected)


def test_the_model_s_own_forward_pass_has_the_same_gradients():
    torch.manual_seed(5)
    sizes = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3}
    model = BertModel(BertConfig(vocab_size=99, intermediate_size=40, **sizes)).eval()
    encoder = DualEncoder(model, None, pooling="mean")
    texts = [np.arange(2, 2 + count, dtype=np.int32) for count in (9, 30, 3, 9)]
    weights = torch.randn(4, 24)
    (Encoding(encoder, "fp32").vectors(texts, seed=None) * weights).sum().backward()
    found = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    for ids, weight in zip(texts, weights, strict=True):
        (encoder(torch.from_numpy(ids.astype(np.int64))[None])[0] * weight).sum().backward()
    for name, parameter in model.named_parameters():
        if parameter.grad is not None and name in found:
            torch.testing.assert_close(found[name], parameter.grad, atol=1e-5, rtol=0)
    assert len(found) == sum(p.grad is not None for p in model.parameters())


def test_chunks_hold_neighbours_in_length_up_to_their_budget():
    lengths = [5, 40, 7, 20, 20]
    assert chunks_of(lengths, chunk_tokens=30) == [[1], [3], [4, 2], [0]]
    assert chunks_of(lengths, chunk_tokens=40) == [[1], [3, 4], [2, 0]]
    assert chunks_of(lengths, chunk_tokens=None) == [[1, 3, 4, 2, 0]]


@dataclass(frozen=True, kw_only=True)
class Thread(Processes):
    """A thread in the role of a process."""

    slots: dict[int, list[torch.Tensor]]
    barrier: threading.Barrier

    def add_up(self, tensors):
        self.slots[self.rank] = [each.clone() for each in tensors]
        self.barrier.wait()
        summed = [sum(each) for each in zip(*self.slots.values(), strict=True)]
        self.barrier.wait()
        for each, total in zip(tensors, summed, strict=True):
            each.copy_(total)


@pytest.mark.parametrize("chunk_tokens", [None, 1])
def test_processes_without_a_text_take_part(folder, chunk_tokens):
    words = WORDS[:4]
    expected = plain_gradients(encoder_of(folder), words=words)
    encoders = [encoder_of(folder) for _ in range(6)]
    slots, barrier = {}, threading.Barrier(6, timeout=60)

    def process(rank, encoder):
        options = {
            "processes": Thread(rank, 6, slots=slots, barrier=barrier),
            "chunk_tokens": chunk_tokens,
        }
        loss = cache_of(encoder, **options).loss(texts_of(encoder, words), loss_of)
        return loss, gradients(encoder, words=words, **options)

    with ThreadPoolExecutor(6) as pool:
        for loss, found in pool.map(process, range(6), encoders):
            assert loss == pytest.approx(expected[0], abs=1e-5)
            assert_equal(found, expected)
