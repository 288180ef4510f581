"""Dropout with random numbers that cost a fraction of torch's on the CPU."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

_LEVELS = 2**16  # one value takes 16 random bits, a quarter of one draw


def dropout(inputs: Tensor, rate: float) -> Tensor:
    """Zero each value with probability `rate`, and scale the others to keep the mean.

    The rate is rounded to a multiple of 1 / 65,536; the scale fits the rounded rate. The random
    bits come from torch's generator.
    """
    level = round(rate * _LEVELS)
    if level == 0:
        return inputs
    dropped: Tensor = _Dropout.apply(inputs, level)  # type: ignore[no-untyped-call]
    return dropped


class _Dropout(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, inputs: Tensor, level: int) -> Tensor:
        count = inputs.numel()
        draws = torch.empty(-(-count // 4), dtype=torch.int64, device=inputs.device)
        bits = draws.random_(-(2**63), None).view(torch.int16)[:count].view(inputs.shape)
        ctx.dropped = bits < level - _LEVELS // 2
        ctx.scale = _LEVELS / (_LEVELS - level)
        scaled: Tensor = inputs * ctx.scale
        return scaled.masked_fill_(ctx.dropped, 0.0)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return (gradients[0] * ctx.scale).masked_fill_(ctx.dropped, 0.0), None
