"""The training loss: InfoNCE over cosine similarities."""

import torch
import torch.nn.functional as F
from torch import Tensor


def info_nce(queries: Tensor, passages: Tensor, *, temperature: float) -> Tensor:
    """Mean cross-entropy of each query's passage among all passages of the batch.

    With unit vectors q_i and p_j and temperature t:
    `mean over i of -log(exp(q_i.p_i / t) / sum over j of exp(q_i.p_j / t))`
    (van den Oord et al., arXiv 1807.03748).

    Args:
        queries: unit vectors (b, dim).
        passages: unit vectors (b + h, dim); the first b are the queries' passages in order, the
            other h are hard negatives of any query.
        temperature: above 0.

    Returns:
        A float32 scalar; the similarities are computed in float32 even under autocast.
    """
    with torch.autocast(queries.device.type, enabled=False):
        scores = queries.float() @ passages.float().T / temperature
        return F.cross_entropy(scores, torch.arange(len(queries), device=scores.device))
