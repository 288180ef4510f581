"""LoRA: train small matrices beside the linear layers of a model, and add them to its weights.

The layers are those of peft. A run with adapters resumes and repeats as one without: the seed of
the run draws their first values, and checkpoints hold them.
"""

from __future__ import annotations

import logging
import warnings
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.encoding.encoder import DualEncoder
from hybridbatch.training.item_queue import Stream
from hybridbatch.training.options import Lora

_ALL = "all-linear"  # peft's name for every linear layer
# A gradient and AdamW's two averages, float32 each.
_BYTES_OF_A_TRAINED_WEIGHT = 12
logger = logging.getLogger(__name__)


def check_available(lora: Lora) -> None:
    """Check that peft is there, if adapters are trained.

    Raises:
        HybridBatchError: it is not installed.
    """
    if lora.rank and find_spec("peft") is None:
        raise HybridBatchError(
            "config: training.lora: the package peft is not installed; run `make setup EXTRAS=lora`"
            ' or `pip install "hybridbatch[lora]"`, or set training.lora.rank to 0'
        )


class Adapters:
    """The adapters of an encoder; its other weights have no gradients, but for those of its head.

    Raises:
        HybridBatchError: the model has no layer of these names.
    """

    def __init__(self, encoder: DualEncoder, lora: Lora, *, seed: int) -> None:
        # Imported here because the package is optional and slow to import.
        from peft import LoraConfig
        from peft.tuners.lora import LoraModel

        before = sum(each.numel() for each in encoder.parameters())
        config = LoraConfig(
            r=lora.rank,
            lora_alpha=lora.alpha,
            target_modules=_ALL if lora.targets == (_ALL,) else list(lora.targets),
        )
        # peft draws from torch's generator.
        torch.manual_seed(int(Stream(seed, "lora").at(0).integers(2**63)))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._layers: Any = LoraModel(encoder.model, {"default": config}, "default")
        except ValueError as error:
            raise HybridBatchError(
                f"config: training.lora.targets: the model has no linear layers that are called "
                f"{', '.join(lora.targets)}; there are {', '.join(_layer_names(encoder))}"
            ) from error
        if encoder.head is not None:
            encoder.head.requires_grad_(True)
        trained = sum(each.numel() for each in encoder.parameters() if each.requires_grad)
        logger.info(
            "LoRA of rank %d trains %s of %s weights: gradients and the optimizer's averages take "
            "%.1f MB instead of up to %.1f MB",
            lora.rank, f"{trained:,}", f"{before:,}",
            trained * _BYTES_OF_A_TRAINED_WEIGHT / 1e6, before * _BYTES_OF_A_TRAINED_WEIGHT / 1e6,
        )  # fmt: skip

    def merge(self, encoder: DualEncoder) -> None:
        """Add the adapters to the weights, and give the encoder its own layers again."""
        encoder.model = self._layers.merge_and_unload()

    def trained(self, encoder: DualEncoder) -> dict[str, Tensor]:
        """The weights of the adapters and of the head, by name."""
        return {name: each for name, each in encoder.named_parameters() if each.requires_grad}


def _layer_names(encoder: DualEncoder) -> list[str]:
    """The last parts of the names of the linear layers."""
    kinds = ("Linear", "Conv1D")
    return sorted(
        {
            name.rpartition(".")[2]
            for name, module in encoder.model.named_modules()
            if type(module).__name__ in kinds
        }
    )
