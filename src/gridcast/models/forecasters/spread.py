"""Quantiles from a forecaster's own errors on the window's days."""

import numpy as np
import numpy.typing as npt

from gridcast.units import AnyFloats, Flags

BLUR_HOURS = 2.0
"""The width of a step ahead is the mean error up to this many hours before and after it."""
FLOOR = 0.05
"""Minimum width of a step ahead, as a share of the mean width."""
WIDEN = 1.25
"""Widening factor: a week of errors understates the spread; measured in `bench/rungs`."""
NARROWEST = 0.3
"""Lower bound of the narrowing by the newest day's errors."""
LEAN = 0.5
"""Share of the errors' median by which the centre is corrected."""
WIDER_A_DAY = 1.1
"""Widening factor for each further day ahead."""


class Spread:
    """Quantiles around a forecast, from its own errors on past days.

    One shape for the whole horizon, from all errors of the series, each measured by the width of
    its step ahead; a step's width is the mean size of the errors near it. The newest day's errors
    are the only ones of a forecast that had last week's same day to look at, so where they are
    smaller than the other days', all are taken as too wide.

    Parameters
    ----------
    day
        Slots a day.
    horizon
        Steps ahead.
    levels
        Probabilities, rising.
    """

    def __init__(self, day: int, horizon: int, levels: npt.NDArray[np.float64]) -> None:
        self.day, self.horizon = day, horizon
        self.levels = np.append(levels, 0.5)
        reach = round(BLUR_HOURS * day / 24)
        slot = np.arange(day)
        self._from = np.maximum(slot - reach, 0)
        self._to = np.minimum(slot + reach + 1, day)
        step = np.arange(horizon)
        self._slot = step % day
        self._later = (WIDER_A_DAY ** (step // day)).astype(np.float32)

    def quantiles(self, centre: AnyFloats, error: AnyFloats, known: Flags) -> AnyFloats:
        """Return quantiles [series, levels, horizon]; every row needs a known error."""
        size = np.abs(error)
        width, mean = self._width(size, known)
        shape = self._shape(error, known, width)
        middle = shape[:, -1:]
        scale = self._newest(size[:, -1], known[:, -1], mean) * np.float32(WIDEN)
        offset = (shape[:, :-1] - middle) * scale[:, None] + middle * np.float32(LEAN)
        ahead = width[:, self._slot] * self._later
        return np.asarray(centre[:, None, :] + offset[:, :, None] * ahead[:, None, :])

    def _width(self, size: AnyFloats, known: Flags) -> tuple[AnyFloats, AnyFloats]:
        """Return the mean absolute error near each slot, and of all slots."""
        total = np.zeros((len(size), self.day + 1), np.float32)
        count = np.zeros((len(size), self.day + 1), np.float32)
        for number in range(size.shape[1]):
            total[:, 1:] += size[:, number]
            count[:, 1:] += known[:, number]
        np.cumsum(total, axis=1, out=total)
        np.cumsum(count, axis=1, out=count)
        mean = total[:, -1] / np.maximum(count[:, -1], 1)
        near = total[:, self._to] - total[:, self._from]
        among = count[:, self._to] - count[:, self._from]
        width = np.where(among > 0, near / np.maximum(among, 1), mean[:, None])
        return np.maximum(width, mean[:, None] * np.float32(FLOOR)), mean

    def _shape(self, error: AnyFloats, known: Flags, width: AnyFloats) -> AnyFloats:
        """Return the quantiles of a series' errors, each normalised by its step's width."""
        by = np.where(width > 0, width, np.float32(1))
        measured = np.where(known, error / by[:, None, :], np.float32(np.inf))
        measured = measured.reshape(len(error), -1)
        measured.sort(axis=1)  # what is not known goes to the end
        last = known.reshape(len(error), -1).sum(axis=1) - 1
        place = last[:, None] * self.levels
        low = place.astype(np.intp)
        high = np.minimum(low + 1, last[:, None])
        below = np.take_along_axis(measured, low, axis=1)
        above = np.take_along_axis(measured, high, axis=1)
        return np.asarray(below + (place - low).astype(np.float32) * (above - below))

    def _newest(self, size: AnyFloats, known: Flags, mean: AnyFloats) -> AnyFloats:
        """Return the newest day's errors relative to all; 1 if too few are known."""
        count = known.sum(axis=1)
        newest = size.sum(axis=1) / np.maximum(count, 1).astype(np.float32)
        usable = (count * 4 >= self.day) & (mean > 0)
        ratio = np.ones(len(size), np.float32)
        np.divide(newest, mean, out=ratio, where=usable)
        return np.sqrt(np.clip(ratio, NARROWEST, 1))
