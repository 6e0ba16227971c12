"""Which part of the past is learned from, which one is judged on, and where forecasts begin.

A sample belongs to a part if all slots of its horizon do. What it is made from lies before its
origin, so reaching back into an earlier part is no leak; a horizon that reaches over the end of a
part belongs to none.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

HOUR_MS = 3_600_000
Slots = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of slots: the first, and the one after the last."""

    first: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.first <= self.end:
            raise ValueError(f"a part runs forwards from slot 0 on, not {self.first} to {self.end}")

    def __len__(self) -> int:
        return self.end - self.first


@dataclass(frozen=True, slots=True)
class Split:
    """What is learned from, what stops the learning and calibrates, and what is judged on."""

    train: Part
    validation: Part
    test: Part


def hold_out(slots: int, validation: float = 0.1, test: float = 0.2) -> Split:
    """Split once by time: the newest share is the test, the one before it the validation.

    >>> hold_out(1000)
    Split(train=Part(first=0, end=700), validation=Part(first=700, end=800), test=Part(first=800, \
end=1000))
    """
    if validation <= 0 or test <= 0 or validation + test >= 1:
        raise ValueError("validation and test are shares above 0 that leave something to learn")
    learned, calibrated = round(slots * (1 - validation - test)), round(slots * (1 - test))
    return Split(Part(0, learned), Part(learned, calibrated), Part(calibrated, slots))


def walk_forward(
    slots: int,
    folds: int,
    validation: float = 0.1,
    test: float = 0.2,
    window: Literal["expanding", "sliding"] = "expanding",
) -> Iterator[Split]:
    """Split several times: the tests follow each other through the newest share, oldest first.

    Each fold learns from what lay before it, all of it (`expanding`) or as much as the first fold
    had (`sliding`), less the validation, which keeps its length.
    """
    first = hold_out(slots, validation, test)
    if not 1 <= folds <= len(first.test):
        raise ValueError(f"{folds} folds of {len(first.test)} slots")
    bounds = np.linspace(first.test.first, slots, folds + 1).round().astype(int).tolist()
    for begin, end in pairwise(bounds):
        learned = begin - len(first.validation)
        oldest = 0 if window == "expanding" else learned - len(first.train)
        yield Split(Part(oldest, learned), Part(learned, begin), Part(begin, end))


def origins(
    part: Part,
    horizon: int,
    *,
    start_ms: int,
    step_minutes: int,
    every_minutes: int = 60,
    lookback: int = 0,
) -> Slots:
    """Give the origins of a part: slots on whole hours (or `every_minutes`) since 1970.

    Slot 0 begins at `start_ms`. The first `lookback` slots have no whole window before them.
    """
    slot = np.arange(max(part.first, lookback), part.end - horizon + 1, dtype=np.int64)
    at = start_ms + slot * (step_minutes * 60_000)
    chosen: Slots = slot[at % (every_minutes * 60_000) == 0]
    return chosen


def protocol_leads(step_minutes: int, horizon: int) -> Slots:
    """Give the slots of the horizon that are judged: all to 2 hours, then the last of each hour.

    >>> protocol_leads(30, 10).tolist()
    [0, 1, 2, 3, 5, 7, 9]
    """
    slot = np.arange(horizon, dtype=np.int64)
    minutes = (slot + 1) * step_minutes
    judged: Slots = slot[(minutes <= 120) | (minutes % 60 == 0)]
    return judged
