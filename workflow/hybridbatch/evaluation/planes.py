"""Where languages lie in an embedding space: a plane to draw, and measures in all dimensions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
# Singular values below this part of the largest are rounding.
_RANK_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Labelled:
    """Vectors (n, d) float64 and the language of each."""

    values: Values
    languages: tuple[str, ...]


def language_axes(groups: Sequence[Labelled]) -> Values:
    """Two orthonormal axes (2, d) along which the centroids of the languages lie farthest apart.

    They are the first principal axes of the centroids of all groups, each minus its group's mean.
    Two languages span only one axis, one language none: the remaining axes are then principal axes
    of the vectors themselves. On each axis, the farthest centroid has a positive coordinate.

    Args:
        groups: kinds of vectors, such as queries and passages, each with a mean of its own.

    Raises:
        ValueError: the vectors have fewer than two dimensions.
    """
    centroids = np.concatenate([_centroids(group) for group in groups])
    vectors = np.concatenate([group.values - group.values.mean(axis=0) for group in groups])
    if vectors.shape[1] < 2:
        raise ValueError(f"vectors of {vectors.shape[1]} dimension span no plane")
    axes = _principal_axes(centroids, 2)
    if len(axes) < 2:
        rest = vectors - vectors @ axes.T @ axes
        axes = np.concatenate([axes, _principal_axes(rest, 2 - len(axes))])
    if len(axes) < 2:  # all vectors are equal or on one line: any axis will do
        axes = np.concatenate([axes, _complement(axes)])
    # Rounded before the search, so that noise in the last bits cannot choose among equals.
    along = centroids @ axes.T
    farthest = np.argmax(np.round(np.abs(along), 9), axis=0)
    return axes * np.where(along[farthest, [0, 1]] < 0, -1.0, 1.0)[:, None]


def project(groups: Sequence[Labelled], axes: Values) -> list[Values]:
    """Coordinates (n, 2) of each group on the axes, in units of the vectors' spread.

    Each group's mean is subtracted. The spread is the root mean square of the distances of all
    vectors from their group's mean. The mean of x^2 is therefore the share of the variance on the
    first axis, and models whose vectors are spread differently can share a scale.
    """
    centred = [group.values - group.values.mean(axis=0) for group in groups]
    spread = float(np.sqrt((np.concatenate(centred) ** 2).sum(axis=1).mean())) or 1.0
    return [values @ axes.T / spread for values in centred]


def between_share(values: Values, labels: Sequence[str]) -> float:
    """The share of the variance of `values` (n, d) that lies between the groups of `labels`.

    sum_g n_g |m_g - m|^2 / sum_i |x_i - m|^2 with the mean m of all vectors and m_g of group g (eta
    squared of an analysis of variance, summed over dimensions); 0 if nothing varies.
    """
    names, codes = _codes(labels)
    deviations = values - values.mean(axis=0)
    total = float((deviations**2).sum())
    means, sizes = _group_means(deviations, codes, len(names))
    between = float(((means**2).sum(axis=1) * sizes).sum())
    return between / total if total else 0.0


def language_accuracy(fitted: Labelled, shown: Labelled) -> float:
    """How often the fitted language centroid nearest to a shown vector is of the vector's language.

    Of equally near centroids, the first language counts.
    """
    names, codes = _codes(fitted.languages)
    means, _ = _group_means(fitted.values, codes, len(names))
    squares = (means**2).sum(axis=1)
    # |x - m|^2 minus |x|^2, which is the same for every centroid.
    nearest = np.argmin(squares - 2 * shown.values @ means.T, axis=1)
    found = [names[code] == own for code, own in zip(nearest, shown.languages, strict=True)]
    return found.count(True) / len(found)


def _centroids(group: Labelled) -> Values:
    names, codes = _codes(group.languages)
    return _group_means(group.values - group.values.mean(axis=0), codes, len(names))[0]


def _principal_axes(rows: Values, count: int) -> Values:
    """Up to `count` right singular vectors of `rows`, fewer if its rank is lower."""
    _, singular, axes = np.linalg.svd(rows, full_matrices=False)
    rank = int((singular > _RANK_TOLERANCE * max(1.0, singular.max(initial=0.0))).sum())
    found: Values = axes[: min(rank, count)]
    return found


def _complement(axes: Values) -> Values:
    """Unit vectors that complete `axes` (k, d), k < 2, to two orthonormal ones."""
    full = np.concatenate([axes, np.eye(axes.shape[1])[:2]])
    orthonormal: Values = np.linalg.qr(full.T)[0].T[:2]
    return orthonormal[len(axes) :]


def _codes(labels: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    """The sorted labels, and for each row the number of its label."""
    names, codes = np.unique(np.asarray(labels), return_inverse=True)
    return names.tolist(), codes.astype(np.int64)


def _group_means(
    values: Values, codes: NDArray[np.int64], groups: int
) -> tuple[Values, NDArray[np.int64]]:
    sums = np.zeros((groups, values.shape[1]))
    np.add.at(sums, codes, values)
    sizes = np.bincount(codes, minlength=groups).astype(np.int64)
    return sums / sizes[:, None], sizes
