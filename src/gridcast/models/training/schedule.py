"""Schedules of learning rate and weight averaging, as functions of the step."""

import math
from typing import Literal

Schedule = Literal["cosine", "constant"]
LAST = 1e-3
"""Final share of the highest learning rate in the cosine schedule."""


def rate(step: int, steps: int, highest: float, warmup: float, schedule: Schedule) -> float:
    """Return the learning rate of a step, counted from 0.

    >>> [round(rate(step, 100, 1.0, 0.1, "cosine"), 2) for step in (0, 9, 54, 99)]
    [0.1, 1.0, 0.5, 0.0]
    """
    rising = max(1, round(warmup * steps))
    if step < rising:
        return highest * (step + 1) / rising
    if schedule == "constant":
        return highest
    done = (step + 1 - rising) / max(1, steps - rising)
    return highest * (LAST + (1 - LAST) * (1 + math.cos(math.pi * min(1.0, done))) / 2)


def kept(step: int, ema: float) -> float:
    """Return the decay of the weights' moving average; lower at first, to forget the start.

    >>> kept(0, 0.99), round(kept(10_000, 0.99), 2)
    (0.1, 0.99)
    """
    return min(ema, (step + 1) / (step + 10))
