"""Options come as JSON and leave as frozen dataclasses; whatever does not fit is named."""

from dataclasses import dataclass
from typing import Literal

import pytest

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.options import options_from_json


@dataclass(frozen=True)
class Source:
    name: str
    weight: float = 1.0


@dataclass(frozen=True)
class Options:
    pooling: Literal["mean", "cls"]
    sources: tuple[Source, ...]
    threads: int | None = None
    dropout: bool = False


def parse(text: str) -> Options:
    return options_from_json(Options, text)


def test_nested_options() -> None:
    text = '{"pooling": "cls", "sources": [{"name": "a", "weight": 2}], "threads": null}'
    assert parse(text) == Options(pooling="cls", sources=(Source("a", 2.0),))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not a JSON object"),
        ("[1]", "expected a JSON object"),
        ("[" * 100_000, "not a JSON object"),
        ("9" * 5_000, "not a JSON object"),
        ('{"pooling": "mean"}', "key sources is missing"),
        ("{}", "keys pooling, sources are missing; --help says what is expected"),
        (
            '{"pooling": "mean", "sources": [{"name": "a", "weight": 1' + "0" * 400 + "}]}",
            "key sources[0].weight is 1000000",
        ),
        ('{"pooling": "max", "sources": []}', "key pooling is 'max', expected one of mean, cls"),
        ('{"pooling": "mean", "sources": [{"nam": "a"}]}', "unknown key sources[0].nam"),
        ('{"pooling": "mean", "sources": [], "threads": true}', "threads is True, expected int"),
        ('{"pooling": "mean", "sources": [], "dropout": 1}', "dropout is 1, expected bool"),
    ],
)
def test_bad_options_are_named(text: str, message: str) -> None:
    with pytest.raises(HybridBatchError) as caught:
        parse(text)
    assert message in str(caught.value)
