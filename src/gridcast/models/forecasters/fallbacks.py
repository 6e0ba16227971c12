"""Which rung under the model answers, for all series of a partition."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from gridcast.models.forecasters.last_level import LastLevel
from gridcast.models.forecasters.profile import Days, Flags, Floats
from gridcast.models.forecasters.seasonal import SeasonalProfile
from gridcast.models.forecasters.spread import Spread
from gridcast.models.windows.marks import ESTIMATED, NOTHING
from gridcast.schemas.forecast import Rung

CELLS = 200_000
"""Slots of windows that are worked on at once: what fits into a core's cache."""
LONGEST_HOLE = 6.0
"""Hours of the day that no day of the window may tell of, and the profile still answers."""


class Why(IntEnum):
    """Why not the seasonal profile."""

    IT_ANSWERED = 0
    NOTHING_MEASURED = 1
    LESS_THAN_A_DAY = 2
    NO_TWO_DAYS = 3
    HOURS_NEVER_MEASURED = 4

    @property
    def text(self) -> str | None:
        """The reason as it stands in a forecast; None where the profile answered."""
        return _TEXTS[self]


_TEXTS = {
    Why.IT_ANSWERED: None,
    Why.NOTHING_MEASURED: "nothing measured",
    Why.LESS_THAN_A_DAY: "less than a day measured",
    Why.NO_TWO_DAYS: "no two days to compare",
    Why.HOURS_NEVER_MEASURED: "some hours of the day never measured",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """Forecasts of all series of a batch."""

    quantiles: npt.NDArray[np.float32]
    """kW, [series, levels, horizon]: a series' block lies together, as its message wants it."""
    why: npt.NDArray[np.uint8]
    """A `Why` for every series."""

    def rungs(self) -> list[Rung]:
        """Say which rung answered, for every series."""
        return [Rung.LAST_LEVEL if why else Rung.SEASONAL_PROFILE for why in self.why.tolist()]

    def reasons(self) -> list[str | None]:
        """Say why not the seasonal profile, for every series; None where it answered."""
        return [_TEXTS[why] for why in self.why.tolist()]


class Fallbacks:
    """The rungs under the model. One of them always answers.

    What a series gets follows from its own window, to the bit: not from the series beside it, nor
    from how many they are.

    Parameters
    ----------
    day
        Slots a day.
    horizon
        Steps ahead.
    levels
        Probabilities of the quantiles, rising.
    """

    def __init__(self, day: int, horizon: int, levels: Sequence[float]) -> None:
        wanted = np.asarray(levels, np.float64)
        if day < 1 or horizon < 1:
            raise ValueError("day and horizon must be at least 1")
        if not len(wanted) or wanted[0] <= 0 or wanted[-1] >= 1 or (np.diff(wanted) <= 0).any():
            raise ValueError(f"levels must rise between 0 and 1, not {list(levels)}")
        self.day, self.horizon, self.levels = day, horizon, tuple(levels)
        self._seasonal = SeasonalProfile(day, horizon)
        self._spread = Spread(day, horizon, wanted)
        self._last_level = LastLevel(day, horizon, wanted)

    def forecast(
        self,
        mean: npt.NDArray[np.floating],
        mark: npt.NDArray[np.uint8],
        lower: npt.NDArray[np.floating] | float = -np.inf,
        newest: npt.NDArray[np.floating] | None = None,
    ) -> Answer:
        """Forecast from windows as `Windows.cut` gives them: slots down, series across.

        Only whole days are looked at; what is left over is left out at the beginning. `lower` is
        the least that a load can be, for each series or for all. `newest` is the load in the slot
        that is still open (`Windows.open_slot().mean`), not a number where it is unknown.
        """
        if mean.shape != mark.shape or len(mean) < self.day:
            raise ValueError(f"windows of at least {self.day} slots expected, not {mean.shape}")
        slots, series = len(mean) // self.day * self.day, mean.shape[1]
        floor = np.broadcast_to(np.asarray(lower, np.float32), (series,))
        given = np.full(series, np.nan, np.float32)
        if newest is not None:
            given[:] = newest
        quantiles = np.empty((series, len(self.levels), self.horizon), np.float32)
        why = np.empty(series, np.uint8)
        size = max(1, CELLS // slots)
        for first in range(0, series, size):
            part = slice(first, min(series, first + size))
            # Series by series from here on: sums run along a row, so no row knows of another.
            marks = np.ascontiguousarray(mark[-slots:, part].T)
            load = np.where(marks == NOTHING, np.float32(0), mean[-slots:, part].T)
            load = np.ascontiguousarray(load, np.float32)
            scale = _scale(load, given[part])
            out = quantiles[part]
            why[part] = self._part(load / scale[:, None], marks, given[part] / scale, out)
            out *= scale[:, None, None]
            np.maximum(out, floor[part, None, None], out=out)
        # Rounding may not cross quantiles; -0.0 and 0.0 are the same load, so the same bytes.
        np.maximum.accumulate(quantiles, axis=1, out=quantiles)
        quantiles += np.float32(0)
        return Answer(quantiles, why)

    def _part(
        self, load: Floats, marks: npt.NDArray[np.uint8], newest: Floats, out: Floats
    ) -> npt.NDArray[np.uint8]:
        measured, heard = marks > ESTIMATED, marks != NOTHING
        enough = measured.sum(axis=1) >= self.day
        why = np.where(enough, Why.IT_ANSWERED, Why.LESS_THAN_A_DAY).astype(np.uint8)
        why[~heard.any(axis=1) & np.isnan(newest)] = Why.NOTHING_MEASURED
        rows = np.flatnonzero(enough)
        if len(rows):
            why[rows] = self._from_days(load, measured, rows, out)
        rows = np.flatnonzero(why)
        if len(rows):
            out[rows] = self._last_level.quantiles(load[rows], heard[rows], newest[rows])
        return why

    def _from_days(
        self, load: Floats, measured: Flags, rows: npt.NDArray[np.intp], out: Floats
    ) -> npt.NDArray[np.uint8]:
        known = measured[rows]
        shape = (len(rows), -1, self.day)
        seasonal = self._seasonal.forecast(
            Days(np.where(known, load[rows], np.float32(0)).reshape(shape), known.reshape(shape))
        )
        centre, hole = _bridge(seasonal.centre, seasonal.told)
        errors = seasonal.known.reshape(len(rows), -1).sum(axis=1)
        why = np.full(len(rows), Why.IT_ANSWERED, np.uint8)
        why[hole > LONGEST_HOLE * self.day / 24] = Why.HOURS_NEVER_MEASURED
        why[errors * 8 < self.day] = Why.NO_TWO_DAYS
        good = np.flatnonzero(why == Why.IT_ANSWERED)
        if len(good):
            out[rows[good]] = self._spread.quantiles(
                centre[good], seasonal.error[good], seasonal.known[good]
            )
        return why


def _scale(load: Floats, newest: Floats) -> Floats:
    """Give the power of two that brings a series to the size of 1: exact, and no square of a
    faulty reading is too large for a float.
    """
    size = np.fmax(np.abs(load).max(axis=1), np.abs(newest))
    return np.asarray(np.ldexp(np.float32(1), np.frexp(size)[1]))


def _bridge(centre: Floats, told: Flags) -> tuple[Floats, npt.NDArray[np.intp]]:
    """Draw straight lines over the steps ahead that no day tells of; give the longest such run.

    At the ends the nearest step that is told holds. Where none is, the run is without end.
    """
    steps = told.shape[1]
    step = np.arange(steps)
    left = np.maximum.accumulate(np.where(told, step, -1), axis=1)
    longest = (step - left).max(axis=1)
    longest[~told.any(axis=1)] = np.iinfo(np.intp).max
    rows = np.flatnonzero((longest > 0) & (longest < steps))
    if not len(rows):
        return centre, longest
    right = np.where(told[rows], step, steps)
    right = np.minimum.accumulate(right[:, ::-1], axis=1)[:, ::-1]
    left = left[rows]
    left, right = np.where(left < 0, right, left), np.where(right == steps, left, right)
    far = np.maximum(right - left, 1).astype(np.float32)
    share = (step - left).astype(np.float32) / far
    known = centre[rows]
    before = np.take_along_axis(known, left, axis=1)
    after = np.take_along_axis(known, right, axis=1)
    centre[rows] = before + share * (after - before)
    return centre, longest
