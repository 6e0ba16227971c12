"""Smooth windows and fill gaps: short ones by the spline, long ones from other days."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Self

import numpy as np
import numpy.typing as npt

from gridcast.models.splines.bridge import Bridge, prop_up
from gridcast.models.splines.season import season_fill
from gridcast.models.splines.spline import CHUNK, Spline
from gridcast.models.windows.marks import ESTIMATED, FULL, NOTHING, share_of

Means = npt.NDArray[np.floating]
Marks = npt.NDArray[np.uint8]
History = Callable[[npt.NDArray[np.intp]], tuple[Means, Marks]]
"""Loads the full history of some of the windows, the newest slot last."""

GUESS_WEIGHT = 0.5
"""Weight of an estimate or of a slot filled from other days; a measured slot has 1."""


class SlotOrigin(IntEnum):
    """Where a slot of a smoothed window comes from."""

    MEASURED = 0
    ESTIMATED = 1
    """The sender's own estimate, smoothed."""
    FILLED = 2
    """A short gap, bridged by the spline."""
    FROM_OTHER_DAYS = 3
    """A long gap, or one at the window's end: the same slots of other days, level adjusted."""
    MISSING = 4
    """A long gap, and no other day to fill it from: NaN."""


@dataclass(frozen=True, slots=True)
class Smoothed:
    """Windows after smoothing, slots down, series across."""

    value: npt.NDArray[np.float32]
    """kW; NaN where `origin` is MISSING."""
    origin: npt.NDArray[np.uint8]
    """An `SlotOrigin` for every slot."""


@dataclass(frozen=True)
class Smoother:
    """How windows are smoothed: part of a model's contract, the same in training and serving."""

    slots: int
    """Length of the window that is smoothed."""
    lam: float
    """Smoothness of the spline, in slots cubed; 0: measured slots stay, only gaps are filled."""
    longest_gap: int
    """Missing slots in a row that the spline may bridge; more are filled from other days."""
    day: int
    """Slots a day."""
    _spline: Spline | Bridge = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        spline = Spline(self.slots, self.lam) if self.lam else Bridge(self.slots, self.longest_gap)
        object.__setattr__(self, "_spline", spline)
        if self.longest_gap < 0 or self.day < 1:
            raise ValueError("longest_gap must be at least 0 and day at least 1")

    @classmethod
    def for_step(cls, step_minutes: int, slots: int, lam: float) -> Self:
        """Make the usual smoother: a gap of more than an hour is filled from other days.

        Up to an hour the spline is as near to the truth as other days are, or nearer; from three
        hours on other days win on every set measured (`bench/filling.py`).
        """
        return cls(slots, lam, longest_gap=60 // step_minutes, day=24 * 60 // step_minutes)

    def smooth(
        self,
        mean: Means,
        mark: Marks,
        history: History | None = None,
        lower: npt.NDArray[np.floating] | float = -np.inf,
    ) -> Smoothed:
        """Smooth windows of `slots` slots, one a column.

        `history` is asked for the windows with a long gap only, by their columns; without it the
        window itself is all there is to fill from. `lower` bounds the result, for each series or
        for all: 0 where the load cannot be negative. With `lam` 0 it bounds what is filled only.
        """
        if mean.shape != mark.shape or len(mean) != self.slots:
            raise ValueError(f"windows of {self.slots} slots expected, not {mean.shape}")
        series = mean.shape[1]
        floor = np.broadcast_to(np.asarray(lower, np.float64), (series,))
        gaps = np.flatnonzero(mark.min(axis=0, initial=FULL) == NOTHING)
        if not self.lam and len(gaps) < series:  # what is known stays: the rest is no work
            value, origin = mean.astype(np.float32), _ORIGINS[mark]
            if len(gaps):

                def of_gaps(columns: npt.NDArray[np.intp]) -> tuple[Means, Marks]:
                    which = gaps[columns]
                    return history(which) if history else (mean[:, which], mark[:, which])

                filled = self.smooth(mean[:, gaps], mark[:, gaps], of_gaps, floor[gaps])
                value[:, gaps], origin[:, gaps] = filled.value, filled.origin
            return Smoothed(value, origin)
        value = np.empty(mean.shape, np.float32)
        origin = np.empty(mean.shape, np.uint8)
        for first in range(0, series, CHUNK):
            part = slice(first, min(series, first + CHUNK))

            def earlier(columns: npt.NDArray[np.intp], part: slice = part) -> tuple[Means, Marks]:
                columns = columns + part.start
                return history(columns) if history else (mean[:, columns], mark[:, columns])

            result = Smoothed(value[:, part], origin[:, part])
            self._smooth_part(mean[:, part], mark[:, part], earlier, result)
            if (floor[part] > -np.inf).any():
                bounded = True if self.lam else result.origin >= SlotOrigin.FILLED
                np.maximum(
                    result.value, floor[part], out=result.value, where=bounded, casting="same_kind"
                )
        return Smoothed(value, origin)

    def _smooth_part(self, mean: Means, mark: Marks, history: History, result: Smoothed) -> None:
        value, origin = result.value, result.origin
        empty = mark == NOTHING
        target = mean.astype(np.float64)
        target[empty] = 0.0
        np.take(_ORIGINS, mark, out=origin)
        complete = mark.min(axis=0) >= FULL
        if complete.all():
            if isinstance(self._spline, Bridge):
                value[...] = target
            else:
                self._spline.smooth(target, out=value)
            return
        weight = _WEIGHTS[mark]
        needy = np.flatnonzero(self._has_long_gap(empty))
        if len(needy):
            self._fill(needy, history, target, weight, origin)
        if isinstance(self._spline, Bridge):
            value[...] = target
            self._spline.fill(target, weight, origin == SlotOrigin.FILLED, value)
        else:
            _smooth_gappy(self._spline, target, weight, np.flatnonzero(~complete), value)
        value[origin == SlotOrigin.MISSING] = np.nan

    def _has_long_gap(self, empty: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Return which windows have a long run of empty slots, or an empty newest slot."""
        run = empty
        left = self.longest_gap  # a run of longest_gap + 1, by doubling what is known to be empty
        width = 1
        while left > 0 and len(run) > 0:
            stride = min(width, left)
            run = run[:-stride] & run[stride:]
            width += stride
            left -= stride
        long: npt.NDArray[np.bool_] = run.any(axis=0) | empty[-1]
        return long

    def _fill(
        self,
        needy: npt.NDArray[np.intp],
        history: History,
        target: npt.NDArray[np.float64],
        weight: npt.NDArray[np.float64],
        origin: npt.NDArray[np.uint8],
    ) -> None:
        """Fill the long gaps of `needy` windows with the same slots of other days."""
        mean, mark = history(needy)
        fill, long = season_fill(mean, mark, self.slots, self.longest_gap, self.day)
        known = long & np.isfinite(fill)
        target[:, needy] = np.where(known, fill, target[:, needy])
        weight[:, needy] = np.where(known, GUESS_WEIGHT, weight[:, needy])
        source = np.where(long, SlotOrigin.MISSING, origin[:, needy])
        origin[:, needy] = np.where(known, SlotOrigin.FROM_OTHER_DAYS, source)


def _smooth_gappy(
    spline: Spline,
    target: npt.NDArray[np.float64],
    weight: npt.NDArray[np.float64],
    gaps: npt.NDArray[np.intp],
    value: npt.NDArray[np.float32],
) -> None:
    """Smooth windows of which some have gaps."""
    prop_up(target, weight)
    if len(gaps) * 4 < target.shape[1]:  # mostly complete windows: two cheap solves
        spline.smooth(target, out=value)
        value[:, gaps] = spline.smooth(target[:, gaps], weight[:, gaps])
    else:
        spline.smooth(target, weight, out=value)


def share_measured(mark: Marks) -> npt.NDArray[np.float64]:
    """Return the measured share of each window, 0 to 1."""
    steps = np.clip(mark, ESTIMATED, FULL) - ESTIMATED  # whole numbers: their sum has no order
    return np.asarray(steps.sum(axis=0, dtype=np.float64) / (len(mark) * (FULL - ESTIMATED)))


_WEIGHTS = np.where(np.arange(256) == ESTIMATED, GUESS_WEIGHT, share_of(np.arange(256, dtype="u1")))
_ORIGINS = np.full(256, SlotOrigin.MEASURED, np.uint8)
_ORIGINS[[NOTHING, ESTIMATED]] = SlotOrigin.FILLED, SlotOrigin.ESTIMATED
