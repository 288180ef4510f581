"""The learning rate of each step."""


def learning_rate(step: int, *, peak: float, steps: int, warmup_steps: int) -> float:
    """The learning rate rises linearly to `peak` at step `warmup_steps`, then falls towards 0.

    Steps count from 1 to `steps`. The rate would be 0 at step 0 and at step `steps` + 1, so that no
    step has a rate of 0. Without warm-up, the first step has the peak.
    """
    if step <= warmup_steps:
        return peak * step / warmup_steps
    return peak * (steps + 1 - step) / (steps + 1 - max(warmup_steps, 1))
