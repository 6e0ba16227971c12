"""Time-based splits: training, validation and test parts, hold-out and walk-forward.

A sample belongs to a part if all slots of its horizon do. Its inputs lie before its origin, so
reaching back into an earlier part is no leak. A horizon that crosses the end of a part belongs to
no part.
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
    """A range of slots, from `first` up to but not including `end`, without some stretches.

    >>> [len(part) for part in Part(0, 100, without=(Part(20, 30), Part(80, 100))).stretches]
    [20, 50]
    """

    first: int
    end: int
    without: tuple["Part", ...] = ()
    """Stretches within it that belong to another part, oldest first."""

    def __post_init__(self) -> None:
        bounds = [self.first, *(at for gap in self.without for at in (gap.first, gap.end))]
        if bounds != sorted(bounds) or not 0 <= self.first <= bounds[-1] <= self.end:
            raise ValueError(f"a part runs forwards from slot 0 on, not {self.first} to {self.end}")

    def __len__(self) -> int:
        return self.end - self.first - sum(len(gap) for gap in self.without)

    @property
    def stretches(self) -> tuple["Part", ...]:
        """The stretches that are left, oldest first."""
        begins = (self.first, *(gap.end for gap in self.without))
        ends = (*(gap.first for gap in self.without), self.end)
        pieces = zip(begins, ends, strict=True)
        return tuple(Part(begin, end) for begin, end in pieces if begin < end)


@dataclass(frozen=True, slots=True)
class TimeSplit:
    """Three parts: for training, for early stopping and calibration, and for the final scores."""

    train: Part
    validation: Part
    test: Part


def hold_out(
    slots: int, validation: float = 0.1, test: float = 0.2, stretches: int = 1
) -> TimeSplit:
    """Split once by time: the newest share is the test, everything before it trains.

    The validation is taken out in several stretches over all seasons. With a single one a network
    would be stopped and calibrated for one season only. A test share of 0 leaves no test.

    >>> split = hold_out(1000, stretches=2)
    >>> [(part.first, part.end) for part in split.train.stretches]
    [(0, 350), (400, 750)]
    >>> [(part.first, part.end) for part in split.validation.stretches]
    [(350, 400), (750, 800)]
    >>> split.test
    Part(first=800, end=1000, without=())
    """
    if validation <= 0 or test < 0 or validation + test >= 1:
        raise ValueError(
            "validation (above 0) and test must be shares with a sum below 1, "
            f"not {validation} and {test}"
        )
    before = round(slots * (1 - test))
    return _alternating(0, before, round(slots * validation), stretches, Part(before, slots))


def _alternating(first: int, end: int, validation: int, stretches: int, test: Part) -> TimeSplit:
    """Cut the slots before a test into equal pieces, and validate on the end of each."""
    edges = np.linspace(first, end, stretches + 1).round().astype(int).tolist()
    taken = np.diff(np.linspace(0, validation, stretches + 1).round().astype(int)).tolist()
    checks = tuple(Part(edge - size, edge) for edge, size in zip(edges[1:], taken, strict=True))
    learned = tuple(Part(begin, check.first) for begin, check in zip(edges, checks, strict=False))
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
    """Yield several splits; the tests follow each other through the newest share, oldest first.

    Each fold trains on everything before it (`expanding`), or on as much as the first fold has
    (`sliding`), without the validation, which keeps its length.
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
    """Return the slots of a part at which a horizon can begin without leaving its stretch."""
    pieces = [
        np.arange(max(stretch.first, lookback), stretch.end - horizon + 1, dtype=np.int64)
        for stretch in part.stretches
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
    """Return the origins of a part: its slots on multiples of `every_minutes` since 1970.

    Slot 0 begins at `start_ms`. The first `lookback` slots have no whole window before them.
    """
    slot = begins(part, horizon, lookback)
    at = start_ms + slot * (step_minutes * 60_000)
    chosen: Slots = slot[at % (every_minutes * 60_000) == 0]
    return chosen
