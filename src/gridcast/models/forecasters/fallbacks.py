"""The fallback forecasters below the model, and which of them answers for each series."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from gridcast.models.forecasters.gaps import bridge_short
from gridcast.models.forecasters.last_level import LastLevel
from gridcast.models.forecasters.profile import Days
from gridcast.models.forecasters.seasonal import SeasonalProfile
from gridcast.models.forecasters.spikes import cut_spikes
from gridcast.models.forecasters.spread import Spread
from gridcast.models.windows.marks import ESTIMATED, NOTHING
from gridcast.schemas.forecast import Rung
from gridcast.units import AnyFloats, Flags

CELLS = 100_000
"""Slots of windows to process at a time, so that they fit into a core's cache."""
SHORT_GAP = 1.0
"""Longest gap in hours that is interpolated linearly (`bench/rungs`)."""
LONGEST_HOLE = 6.0
"""Hours of the day that may be missing on all days of the window before the profile is unusable."""


class Why(IntEnum):
    """The reason why the seasonal profile does not answer."""

    IT_ANSWERED = 0
    NOTHING_MEASURED = 1
    LESS_THAN_A_DAY = 2
    NO_TWO_DAYS = 3
    HOURS_NEVER_MEASURED = 4

    @property
    def rung(self) -> Rung:
        """The rung that answers instead."""
        return Rung.LAST_LEVEL if self else Rung.SEASONAL_PROFILE

    @property
    def text(self) -> str | None:
        """The reason as published in a forecast; None if the profile answered."""
        return _TEXTS[self]


_TEXTS = {
    Why.IT_ANSWERED: None,
    Why.NOTHING_MEASURED: "nothing measured",
    Why.LESS_THAN_A_DAY: "less than a day measured",
    Why.NO_TWO_DAYS: "no two days to compare",
    Why.HOURS_NEVER_MEASURED: "some hours of the day never measured",
}


@dataclass(frozen=True, slots=True)
class FallbackForecast:
    """Forecasts of all series of a batch."""

    quantiles: npt.NDArray[np.float32]
    """kW, [series, levels, horizon]; a series' block is contiguous, as its message needs it."""
    why: npt.NDArray[np.uint8]
    """A `Why` for every series."""


class Fallbacks:
    """The rungs below the model. One of them always answers.

    A series' forecast depends on its own window only, to the bit: not on the series beside it, nor
    on their number.

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
    ) -> FallbackForecast:
        """Forecast from windows as `Windows.cut` gives them: slots down, series across.

        Only whole days are looked at; what is left over is left out at the beginning. `lower` is
        the least that a load should be, for each series or for all; one that was measured below
        shows that it can be. `newest` is the load in the slot that is still open
        (`Windows.open_slot().mean`), not a number where it is unknown.
        """
        if mean.shape != mark.shape or len(mean) < self.day:
            raise ValueError(f"windows of at least {self.day} slots expected, not {mean.shape}")
        slots, series = len(mean) // self.day * self.day, mean.shape[1]
        floor = np.broadcast_to(np.asarray(lower, np.float32), (series,))
        opened = np.full(series, np.nan, np.float32)
        if newest is not None:
            opened[:] = newest
        quantiles = np.empty((series, len(self.levels), self.horizon), np.float32)
        why = np.empty(series, np.uint8)
        size = max(1, CELLS // slots)
        for first in range(0, series, size):
            part = slice(first, min(series, first + size))
            # Series by series from here on: sums run along a row, so no row knows of another.
            load = np.concatenate([mean[-slots:, part].T, opened[part, None]], axis=1)
            heard = np.concatenate([mark[-slots:, part].T != NOTHING, ~np.isnan(load[:, -1:])], 1)
            measured = np.ascontiguousarray(mark[-slots:, part].T > ESTIMATED)
            load = np.where(heard, load, np.float32(0)).astype(np.float32, copy=False)
            load = cut_spikes(load, heard, least=self.day)
            scale = _scale(load)
            load /= scale
            out = quantiles[part]
            why[part] = self._part(load, heard, measured, out)
            least = np.where(heard, load, np.float32(np.inf)).min(axis=1, keepdims=True)
            bound = np.minimum(floor[part, None] / scale, least)
            np.maximum(out, bound[:, :, None], out=out)
            out *= scale[:, :, None]
            for level in range(1, len(self.levels)):  # rounding may not cross quantiles
                np.maximum(out[:, level], out[:, level - 1], out=out[:, level])
            out += np.float32(0)  # -0.0 and 0.0 are the same load, so the same bytes
        return FallbackForecast(quantiles, why)

    def _part(
        self, load: AnyFloats, heard: Flags, measured: Flags, out: AnyFloats
    ) -> npt.NDArray[np.uint8]:
        """Write the quantiles of some series; return why not the seasonal profile.

        `load` and `heard` include the open slot at their end, `measured` does not.
        """
        enough = measured.sum(axis=1) >= self.day
        why = np.where(enough, Why.IT_ANSWERED, Why.LESS_THAN_A_DAY).astype(np.uint8)
        why[~heard.any(axis=1)] = Why.NOTHING_MEASURED
        rows = np.flatnonzero(enough)
        if len(rows):
            why[rows] = self._from_days(load[:, :-1], measured, rows, out)
        rows = np.flatnonzero(why)
        if len(rows):
            out[rows] = self._last_level.quantiles(load[rows], heard[rows])
        return why

    def _from_days(
        self, load: AnyFloats, measured: Flags, rows: npt.NDArray[np.intp], out: AnyFloats
    ) -> npt.NDArray[np.uint8]:
        """Write the quantiles of the rows that the seasonal profile can answer for."""
        known = measured[rows]
        whole = np.where(known, load[rows], np.float32(0))
        whole, known = bridge_short(whole, known, round(SHORT_GAP * self.day / 24))
        shape = (len(rows), -1, self.day)
        seasonal = self._seasonal.forecast(Days(whole.reshape(shape), known.reshape(shape)))
        errors = seasonal.known.reshape(len(rows), -1).sum(axis=1)
        why = np.full(len(rows), Why.IT_ANSWERED, np.uint8)
        why[seasonal.hole > LONGEST_HOLE * self.day / 24] = Why.HOURS_NEVER_MEASURED
        why[errors * 8 < self.day] = Why.NO_TWO_DAYS
        good = np.flatnonzero(why == Why.IT_ANSWERED)
        if len(good):
            out[rows[good]] = self._spread.quantiles(
                seasonal.centre[good], seasonal.error[good], seasonal.known[good]
            )
        return why


def _scale(load: AnyFloats) -> AnyFloats:
    """Return the power of two that scales each series to about 1, as a column.

    Division by it is exact, and no square of a faulty reading then overflows a float.
    """
    size = np.abs(load).max(axis=1, keepdims=True)
    return np.asarray(np.ldexp(np.ones_like(size), np.frexp(size)[1]))
