"""The files that sentence-transformers needs to turn the encoder's output into vectors.

Versions 2 to 6 read this layout: newer versions map its module names and keys to their own, and
older versions accept no others.
"""

import json
from pathlib import Path
from typing import Any

from hybridbatch.encoding.declaration import (
    MODULES,
    PROMPTS,
    SETTINGS,
    TRANSFORMER_SETTINGS,
    Declaration,
    Dense,
    Normalize,
    Step,
)

POOLING_FOLDER = "1_Pooling"
_TYPE = "sentence_transformers.models."


def write_layout(folder: Path, declaration: Declaration, *, width: int) -> list[Path]:
    """Add files to a checkpoint folder so that `SentenceTransformer(folder)` loads it.

    Args:
        folder: holds the checkpoint.
        declaration: what the files say. The query prefix becomes the prompt `query`, the passage
            prefix the prompts `document` and `passage`.
        width: values in the state of a token.

    Returns:
        The folders of the Dense layers, in their order. They exist and await the weights.
    """
    steps = (*declaration.steps, Normalize())
    # The numbers count the modules: 0 is the transformer, 1 the pooling.
    folders = [f"{number}_{type(step).__name__}" for number, step in enumerate(steps, start=2)]
    kinds = ["Transformer", "Pooling", *(type(step).__name__ for step in steps)]
    write_json(
        folder / MODULES,
        [
            {"idx": number, "name": str(number), "path": path, "type": f"{_TYPE}{kind}"}
            for number, (path, kind) in enumerate(
                zip(["", POOLING_FOLDER, *folders], kinds, strict=True)
            )
        ],
    )
    write_json(
        folder / TRANSFORMER_SETTINGS[0],
        {"max_seq_length": declaration.max_tokens, "do_lower_case": declaration.lower_case},
    )
    write_json(
        folder / PROMPTS,
        {
            "model_type": "SentenceTransformer",
            "prompts": {
                "query": declaration.query_prefix,
                "document": declaration.passage_prefix,
                "passage": declaration.passage_prefix,
            },
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
    )
    write_json(folder / POOLING_FOLDER / SETTINGS, _pooling(declaration.pooling, width=width))
    for name, step in zip(folders, steps, strict=True):
        write_json(folder / name / SETTINGS, _settings(step))
    return [
        folder / name for name, step in zip(folders, steps, strict=True) if isinstance(step, Dense)
    ]


def _pooling(pooling: str, *, width: int) -> dict[str, Any]:
    others = {"max": "pooling_mode_max_tokens", "lasttoken": "pooling_mode_lasttoken"}
    return {
        "word_embedding_dimension": width,
        "pooling_mode_cls_token": pooling == "cls",
        "pooling_mode_mean_tokens": pooling == "mean",
        **({others[pooling]: True} if pooling in others else {}),
        "include_prompt": True,
    }


def _settings(step: Step) -> dict[str, Any]:
    if isinstance(step, Normalize):
        return {}
    module = "linear" if step.activation == "Identity" else "activation"
    return {
        "in_features": step.inputs,
        "out_features": step.outputs,
        "bias": step.bias,
        "activation_function": f"torch.nn.modules.{module}.{step.activation}",
    }


def write_json(path: Path, content: Any) -> None:
    """Write indented JSON, with its keys in the order given."""
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)  # it may be a link to the file of another folder
    text = json.dumps(content, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
