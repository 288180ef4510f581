"""Checkpoints that this project does not read as what they are, refused by name.

Only JSON is read, so that a local folder is refused before anything runs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hybridbatch.common.errors import HybridBatchError

ADAPTERS = "adapter_config.json"
_CODE_FILES = ("config.json", "tokenizer_config.json")
# Models with an encoder and a decoder; their encoder alone may be saved without saying so.
_ENCODER_DECODERS = ("t5", "mt5", "umt5", "longt5", "switch_transformers")
# Configs of models that take something other than text, such as CLIP's.
_NOT_TEXT = ("vision_config", "audio_config", "speech_config", "image_config", "vision_config_dict")


def refuse_unsupported(folder: Path, *, origin: str = "") -> None:
    """Refuse what would need remote code, adapters, dequantisation, a decoder beside it, or images.

    Args:
        folder: the checkpoint folder; damaged files are passed over, and found where they are read.
        origin: how the message names it, by default its path.

    Raises:
        HybridBatchError: names the file, the cause and the remedy.
    """
    origin = origin or str(folder)
    if (folder / ADAPTERS).is_file():
        raise HybridBatchError(
            f"{origin}: {ADAPTERS}: LoRA and other adapters are not read; merge them into the "
            f"model with peft (`merge_and_unload`), save that, and name its folder"
        )
    for name in _CODE_FILES:
        if _read(folder / name).get("auto_map"):
            raise HybridBatchError(
                f"{origin}: {name}: auto_map needs the model's own code, which is never run; name "
                f"a model that transformers knows by itself"
            )
    config = _read(folder / "config.json")
    for key in ("quantization_config", "compression_config"):
        if config.get(key):
            raise HybridBatchError(
                f"{origin}: config.json: {key}: quantised weights are not read; name the folder of "
                f"the unquantised model"
            )
    if config.get("is_encoder_decoder") or config.get("model_type") in _ENCODER_DECODERS:
        raise HybridBatchError(_encoder_decoder(origin))
    if found := next((key for key in _NOT_TEXT if config.get(key)), None):
        raise HybridBatchError(
            f"{origin}: config.json: {found}: a {config.get('model_type', 'model')} takes more "
            f"than text; name a model for text alone"
        )


def refuse_kind(config: Any, *, origin: str) -> None:
    """Refuse by what transformers knows of an architecture, where config.json does not say it.

    Args:
        config: the config as an object of transformers.
        origin: how the message names the model.

    Raises:
        HybridBatchError: names the cause and the remedy.
    """
    if getattr(config, "is_encoder_decoder", False):
        raise HybridBatchError(_encoder_decoder(origin))
    if not isinstance(getattr(config, "hidden_size", None), int):
        raise HybridBatchError(
            f"{origin}: config.json: a {config.model_type} has no hidden_size of its own, as models"
            f" for text have; name a model for text alone"
        )


def _encoder_decoder(origin: str) -> str:
    return (
        f"{origin}: config.json: is_encoder_decoder: models with an encoder and a decoder (T5, "
        f"BART) are not supported; name an encoder or a decoder"
    )


def _read(path: Path) -> Mapping[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}
