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

Slots = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of slots: the first, and the one after the last; less what is another part's.

    >>> [len(one) for one in Part(0, 100, without=(Part(20, 30), Part(80, 100))).stretches]
    [20, 50]
    """

    first: int
    end: int
    without: tuple["Part", ...] = ()
    """Stretches within it that it leaves out, the oldest first."""

    def __post_init__(self) -> None:
        bounds = [self.first, *(at for one in self.without for at in (one.first, one.end))]
        if bounds != sorted(bounds) or not 0 <= self.first <= bounds[-1] <= self.end:
            raise ValueError(f"a part runs forwards from slot 0 on, not {self.first} to {self.end}")

    def __len__(self) -> int:
        return self.end - self.first - sum(len(one) for one in self.without)

    @property
    def stretches(self) -> tuple["Part", ...]:
        """What is left of it, piece by piece."""
        begins = (self.first, *(one.end for one in self.without))
        ends = (*(one.first for one in self.without), self.end)
        pieces = zip(begins, ends, strict=True)
        return tuple(Part(begin, end) for begin, end in pieces if begin < end)


@dataclass(frozen=True, slots=True)
class TimeSplit:
    """What is learned from, what stops the learning and calibrates, and what is judged on."""

    train: Part
    validation: Part
    test: Part


def hold_out(
    slots: int, validation: float = 0.1, test: float = 0.2, stretches: int = 1
) -> TimeSplit:
    """Split once by time: the newest share is the test, and all before it is learned from.

    Less the validation, which is taken in so many stretches spread over all seasons: stopped and
    calibrated by a single one, a network is fit for that season only. With no test all is learned
    from, and judged by what comes later.

    >>> split = hold_out(1000, stretches=2)
    >>> [(one.first, one.end) for one in split.train.stretches]
    [(0, 350), (400, 750)]
    >>> [(one.first, one.end) for one in split.validation.stretches]
    [(350, 400), (750, 800)]
    >>> split.test
    Part(first=800, end=1000, without=())
    """
    if validation <= 0 or test < 0 or validation + test >= 1:
        raise ValueError("validation and test are shares that leave something to learn")
    before = round(slots * (1 - test))
    return _alternating(0, before, round(slots * validation), stretches, Part(before, slots))


def _alternating(first: int, end: int, validation: int, stretches: int, test: Part) -> TimeSplit:
    """Cut what lies before a test into equal pieces, and take each one's end to validate."""
    edges = np.linspace(first, end, stretches + 1).round().astype(int).tolist()
    taken = np.diff(np.linspace(0, validation, stretches + 1).round().astype(int)).tolist()
    checks = tuple(Part(edge - size, edge) for edge, size in zip(edges[1:], taken, strict=True))
    learned = tuple(Part(begin, one.first) for begin, one in zip(edges, checks, strict=False))
    return TimeSplit(
        Part(first, checks[-1].first, checks[:-1]), Part(checks[0].first, end, learned[1:]), test
    )


def walk_forward(
    slots: int,
    folds: int,
    *,
    validation: float = 0.1,
    test: float = 0.2,
    window: Literal["expanding", "sliding"] = "expanding",
    stretches: int = 1,
) -> Iterator[TimeSplit]:
    """Split several times: the tests follow each other through the newest share, oldest first.

    Each fold learns from what lay before it, all of it (`expanding`) or as much as the first fold
    had (`sliding`), less the validation, which keeps its length.
    """
    first = hold_out(slots, validation, test)
    check = len(first.validation)
    if not 1 <= folds <= len(first.test):
        raise ValueError(f"{folds} folds of {len(first.test)} slots")
    bounds = np.linspace(first.test.first, slots, folds + 1).round().astype(int).tolist()
    for begin, end in pairwise(bounds):
        oldest = 0 if window == "expanding" else begin - first.test.first
        yield _alternating(oldest, begin, check, stretches, Part(begin, end))


def begins(part: Part, horizon: int, lookback: int = 0) -> Slots:
    """Give all slots of a part at which a horizon begins that stays within a stretch of it."""
    pieces = [
        np.arange(max(one.first, lookback), one.end - horizon + 1, dtype=np.int64)
        for one in part.stretches
    ]
    return np.concatenate([*pieces, np.empty(0, np.int64)])


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
    slot = begins(part, horizon, lookback)
    at = start_ms + slot * (step_minutes * 60_000)
    chosen: Slots = slot[at % (every_minutes * 60_000) == 0]
    return chosen
