"""How many resamples an interval needs; planning checks it too, so imports are light."""

import math


def tail_count(resamples: int, *, confidence: float) -> int:
    """The k of the k-th smallest and largest value that bound the interval; 0 if too few."""
    # The small term undoes rounding: (1999 + 1) * (1 - 0.95) / 2 is 50 and not 49.99....
    return int((resamples + 1) * (1 - confidence) / 2 + 1e-9)


def least_resamples(*, confidence: float) -> int:
    """The fewest resamples whose `tail_count` is 1."""
    return math.ceil(2 / (1 - confidence) - 1 - 1e-9)
