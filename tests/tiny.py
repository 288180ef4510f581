"""A tiny random model and a tiny parallel data set, for tests that run whole stages."""

import json
from pathlib import Path
from typing import TypeVar

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from hybridbatch.common.options import options_from_dict
from hybridbatch.common.tables import table_from_rows, write_table
from hybridbatch.encoding.settings import settled
from hybridbatch.planning.config import defaults
from hybridbatch.planning.stage_options import completed
from hybridbatch.reporting.evidence import StatisticsOptions
from hybridbatch.schemas import every as schemas

T = TypeVar("T")
MEASURES = tuple(defaults()["evaluation"]["measures"])
LANGUAGES = ("ar", "de", "en")
_MARKS = {"ar": "ـ", "de": "ß", "en": "x"}


def write_model(folder: Path, *, seed: int = 0) -> Path:
    """A BertModel of two layers with a character tokenizer, loadable by AutoModel."""
    characters = sorted({chr(code) for code in range(33, 127)} | set(_MARKS.values()))
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = {token: i for i, token in enumerate([*special, *characters])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split("", "isolated")]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    folder.mkdir(parents=True, exist_ok=True)
    BertModel(config).save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    ).save_pretrained(folder)
    return folder


def pair_rows(items: range, *, split: str = "train") -> list[dict[str, object]]:
    """Item n is asked and answered in every language, with the next item as hard negative."""
    return [
        {
            "item_id": f"item-{n:03d}",
            "question_group": f"question-{n:03d}",
            "passage_group": f"passage-{n:03d}",
            "language": language,
            "question": f"{_MARKS[language]}{n * 7919 % 1000}?",
            "passage": _passage(language, n),
            "source": "tiny",
            "split": split,
            "hard_negatives": [_passage(language, n + 1)],
        }
        for n in items
        for language in LANGUAGES
    ]


def write_pairs(path: Path, items: range) -> Path:
    """The pairs of `items` as a Parquet file of the project's schema."""
    write_table(table_from_rows(pair_rows(items), schemas.PAIRS), path, schemas.PAIRS)
    return path


def write_benchmark(folder: Path, items: range) -> Path:
    """The same kind of items as a benchmark: each question has one passage in every language."""
    rows = pair_rows(items, split="test")
    queries = [
        {
            "query_id": f"{row['language']}:{row['item_id']}",
            "item_id": row["item_id"],
            "language": row["language"],
            "text": row["question"],
        }
        for row in rows
    ]
    passages = [
        {
            "passage_id": f"{row['language']}:{row['item_id']}",
            "language": row["language"],
            "title": "",
            "text": row["passage"],
        }
        for row in rows
    ]
    qrels = [
        {"query_id": query["query_id"], "passage_id": f"{language}:{query['item_id']}",
         "relevance": 1}
        for query in queries
        for language in LANGUAGES
    ]  # fmt: skip
    for name, table, schema in (
        ("queries", queries, schemas.QUERIES),
        ("passages", passages, schemas.PASSAGES),
        ("qrels", qrels, schemas.QRELS),
    ):
        write_table(table_from_rows(table, schema), folder / f"{name}.parquet", schema)
    return folder


def made_options(kind: type[T], stage: str, /, **given: object) -> T:
    """The options of a stage as an object of its class, with the schema's defaults."""
    return options_from_dict(kind, settled(options_of(stage, **given), None))


def statistics_options(group: str, /, **given: object) -> StatisticsOptions:
    """The report's options for the statistical tests, with the schema's defaults."""
    config = defaults()
    options = {
        "group": group,
        "confidence": config["statistics"]["confidence"],
        "margin": config["statistics"]["margin"],
        "high_resource": [],
        "source_exponent": config["training"]["source_exponent"],
        "persistence": config["bias"]["persistence"],
        "thresholds": {"level": 0.05, **config["claims"]},
    }
    return options_from_dict(StatisticsOptions, options | given)


def options_of(stage: str, /, **given: object) -> dict[str, object]:
    """The options of a stage, with the schema's defaults for those that are not given."""
    return completed(stage, given)


def options_text(stage: str, text: str = "{}", /, **given: object) -> str:
    """The same as JSON; `text` holds further options as JSON."""
    return json.dumps(options_of(stage, **{**json.loads(text), **given}))


def write_config(path: Path, **changes: object) -> Path:
    """A configuration of the tiny model and data; JSON is YAML."""
    config = {
        "recipe": "tiny",
        "model": "./model",
        "sources": [{"name": "tiny", "path": "pairs.parquet"}],
        "train_languages": ["de", "en"],
        "benchmarks": [{"name": "held-out", "path": "benchmark"}],
        "samplings": ["hybrid"],
        "threads": 1,
        "training": {
            "batch_size": 4,
            "steps": 4,
            "warmup_steps": 1,
            "max_tokens": 32,
            "hard_negatives": 1,
            "validation": {"fraction": 0.2, "every": 2, "batches": 2},
        },
        "encoding": {"max_tokens": 32, "precision": "fp32"},
        "retrieval": {"top_k": 5},
        "bias": {"cutoff": 4},
        **changes,
    }
    path.write_text(json.dumps(config, indent=1), encoding="utf-8")
    return path


def _passage(language: str, n: int) -> str:
    mark = _MARKS[language]
    return f"{mark}{n * 7919 % 1000} {mark} {n * 104729 % 10007}."
