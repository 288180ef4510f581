"""What follows the pooling: the Dense and Normalize modules of a sentence-transformers folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from hybridbatch.common.artifacts import damaged
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.encoding.declaration import WEIGHTS, Dense, Step


class Head(nn.Module):
    """The layers of `steps`, in float32; they are trained with the transformer."""

    def __init__(self, steps: Sequence[Step]) -> None:
        super().__init__()
        self.steps = tuple(steps)
        dense = [step for step in self.steps if isinstance(step, Dense)]
        self.layers = nn.ModuleList(
            nn.Linear(step.inputs, step.outputs, bias=step.bias) for step in dense
        )

    @classmethod
    def load(cls, folder: Path, steps: Sequence[Step], *, inputs: int, origin: str = "") -> Head:
        """The layers with their weights from a checkpoint folder.

        Args:
            folder: the checkpoint folder.
            steps: what it declares.
            inputs: the length of a pooled vector.
            origin: how messages name the folder, by default its path.

        Raises:
            HybridBatchError: weights are damaged, or of another form than the folder declares.
        """
        loaded = []  # before the layers are made, which takes the memory that a folder declares
        for step in (step for step in steps if isinstance(step, Dense)):
            if step.inputs != inputs:
                raise HybridBatchError(
                    f"{origin or folder}: {step.folder}: in_features is {step.inputs}, but its "
                    f"input has {inputs} values; restore the folder from where it came from"
                )
            loaded.append(
                _weights(step, folder / step.folder / WEIGHTS, origin=f"{origin or folder}")
            )
            inputs = step.outputs
        head = cls(steps)
        with torch.no_grad():
            for layer, weights in zip(head.layers, loaded, strict=True):
                for name, parameter in layer.named_parameters():
                    parameter.copy_(weights[f"linear.{name}"])
        return head

    @property
    def dense(self) -> tuple[Dense, ...]:
        """The steps that have weights, in the order of `layers`."""
        return tuple(step for step in self.steps if isinstance(step, Dense))

    def forward(self, pooled: Tensor) -> Tensor:
        """(texts, outputs) float32 from pooled vectors (texts, inputs) float32."""
        layers = iter(self.layers)
        with torch.autocast(pooled.device.type, enabled=False):
            for step in self.steps:
                if isinstance(step, Dense):
                    pooled = getattr(nn, step.activation)()(next(layers)(pooled))
                else:
                    pooled = F.normalize(pooled, dim=-1)
        return pooled

    def save(self, folders: Sequence[Path]) -> None:
        """Write the weights of each layer into one of the folders, which exist."""
        for layer, folder in zip(self.layers, folders, strict=True):
            tensors = {
                f"linear.{name}": each.detach().cpu().contiguous()
                for name, each in layer.named_parameters()
            }
            save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})


def _weights(step: Dense, path: Path, *, origin: str) -> dict[str, Tensor]:
    try:
        found: dict[str, Tensor] = load_file(path)
    except (OSError, SafetensorError) as error:
        raise damaged(path, str(error)) from error
    wanted: dict[str, tuple[int, ...]] = {"linear.weight": (step.outputs, step.inputs)}
    if step.bias:
        wanted["linear.bias"] = (step.outputs,)
    shapes = {name: tuple(each.shape) for name, each in found.items()}
    if shapes != wanted:
        raise HybridBatchError(
            f"{origin}: {path.parent.name}/{path.name}: holds {shapes}, which is not the layer "
            f"that its config.json describes; restore it from where it came from"
        )
    return found
