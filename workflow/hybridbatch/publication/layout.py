"""The files that sentence-transformers needs to turn the encoder's output into vectors.

Versions 2 to 6 read this layout: newer versions map its module names and keys to their own, and
older versions accept no others.
"""

import json
from pathlib import Path
from typing import Any

POOLING_FOLDER, NORMALIZE_FOLDER = "1_Pooling", "2_Normalize"
_MODULES = (
    ("", "sentence_transformers.models.Transformer"),
    (POOLING_FOLDER, "sentence_transformers.models.Pooling"),
    (NORMALIZE_FOLDER, "sentence_transformers.models.Normalize"),
)


def write_layout(
    folder: Path, *, pooling: str, query_prefix: str, passage_prefix: str, max_tokens: int
) -> None:
    """Add files to a checkpoint folder so that `SentenceTransformer(folder)` loads it.

    Args:
        folder: holds the checkpoint, with its config.json.
        pooling: `mean` over the tokens, or `cls`, the first.
        query_prefix: put before every query, as prompt `query`.
        passage_prefix: put before every passage, as prompts `document` and `passage`.
        max_tokens: the length at which texts are cut, including prefix and special tokens.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    modules = [
        {"idx": number, "name": str(number), "path": path, "type": kind}
        for number, (path, kind) in enumerate(_MODULES)
    ]
    write_json(folder / "modules.json", modules)
    write_json(
        folder / "sentence_bert_config.json",
        {"max_seq_length": max_tokens, "do_lower_case": False},
    )
    write_json(
        folder / "config_sentence_transformers.json",
        {
            "model_type": "SentenceTransformer",
            "prompts": {
                "query": query_prefix,
                "document": passage_prefix,
                "passage": passage_prefix,
            },
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
    )
    write_json(
        folder / POOLING_FOLDER / "config.json",
        {
            "word_embedding_dimension": config["hidden_size"],
            "pooling_mode_cls_token": pooling == "cls",
            "pooling_mode_mean_tokens": pooling == "mean",
            "include_prompt": True,
        },
    )
    write_json(folder / NORMALIZE_FOLDER / "config.json", {})


def write_json(path: Path, content: Any) -> None:
    """Write indented JSON, with its keys in the order given."""
    path.parent.mkdir(exist_ok=True)
    text = json.dumps(content, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
