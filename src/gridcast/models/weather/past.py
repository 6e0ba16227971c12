"""One station's weather at very many ticks at once, equal to `Weather.as_of` but vectorised.

Between two observations a slot's value is the same at every tick that knows both. So it is computed
once, and a tick only checks if the later of the two was known by then.
"""

from functools import lru_cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from gridcast.models.weather.at_tick import FORECAST_APART_MS, OBSERVED_APART_MS
from gridcast.models.weather.between import between
from gridcast.models.weather.runs import Run
from gridcast.models.weather.weather import Station
from gridcast.schemas.weather import VARIABLES
from gridcast.units import Times

Values = npt.NDArray[np.float32]
Number = TypeVar("Number", np.float32, np.int32)

RUNS = 4096
"""Number of runs whose values by slot are cached: at most 50 kB each."""


class PastStation:
    """The past of one station without corrections, whose observations arrived in order of time.

    Parameters
    ----------
    station
        All of its messages.
    step_ms
        Width of a slot.
    reach_ms
        Maximum age of what a tick can see.
    """

    def __init__(self, station: Station, step_ms: int, reach_ms: int) -> None:
        self._step_ms, self._reach_ms = step_ms, reach_ms
        self._runs = station.runs
        self._time, self._available, values = station.observations.rows()
        self._places = values[:, -2:]
        rows = np.arange(len(self._time))
        located = np.where(np.isnan(self._places[:, 1]), -1, rows)
        self._said = np.maximum.accumulate(located) if len(located) else located
        """For each row: the newest row up to it that has a location, or -1."""
        self._first = int(self._time[0]) // step_ms if len(rows) else 0
        slots = int(self._time[-1]) // step_ms + 1 - self._first if len(rows) else 0
        middles = self._middles(self._first, slots)
        self._value = between(self._time, values[:, :-2], middles, OBSERVED_APART_MS)
        self._row = _later_row(self._time, values[:, :-2], middles)
        self._of_run = lru_cache(maxsize=RUNS)(self._slots_of_run)

    @staticmethod
    def can_be_looked_up(station: Station) -> bool:
        """Return True if the observations became known in order of time, each once."""
        time, available, _ = station.observations.rows()
        return bool((np.diff(time) > 0).all() and (np.diff(available) >= 0).all())

    def known(self, tick_ms: Times) -> tuple[npt.NDArray[np.bool_], Values]:
        """Return at which ticks anything was known of the station, and its location then."""
        newest, since = self._newest(tick_ms), tick_ms - self._reach_ms
        there = (newest >= 0) & (self._at(self._time, newest) >= since)
        located = np.where(newest >= 0, self._at(self._said, newest), -1)
        placed = (located >= 0) & (self._at(self._time, located) >= since)
        places = np.full((len(tick_ms), 2), np.nan, np.float32)
        places[placed] = self._places[located[placed]]
        if len(self._runs):
            for i, run in enumerate(self._runs_of(tick_ms)):
                if run is not None:
                    there[i] = True
                    places[i] = places[i] if placed[i] else run.place
        return there, places

    def values(self, tick_ms: Times, first_ms: Times, slots: int) -> Values:
        """Return what was known at ticks, each on `slots` slots from its own first on."""
        at = (first_ms // self._step_ms)[:, None] + np.arange(slots) - self._first
        values = _look_up(self._value, at, np.nan)
        row = _look_up(self._row, at, 0)
        values[row > self._newest(tick_ms)[:, None, None]] = np.nan
        if len(self._runs):
            self._fill_from_runs(tick_ms, at + self._first, values)
        return values

    def _fill_from_runs(self, tick_ms: Times, slot: Times, values: Values) -> None:
        for i, run in enumerate(self._runs_of(tick_ms)):
            if run is not None:
                first, of_run = self._of_run(run)
                forecast = _look_up(of_run, slot[i] - first, np.nan)
                values[i] = np.where(np.isnan(values[i]), forecast, values[i])

    def _runs_of(self, tick_ms: Times) -> list[Run | None]:
        ticks = tick_ms.tolist()
        newest = {tick: self._runs.newest(tick, tick - self._reach_ms) for tick in set(ticks)}
        return [newest[tick] for tick in ticks]

    def _slots_of_run(self, run: Run) -> tuple[int, Values]:
        first, last = (int(run.valid_ms[end]) // self._step_ms for end in (0, -1))
        middles = self._middles(first, last + 1 - first)
        return first, between(run.valid_ms, run.values, middles, FORECAST_APART_MS)

    def _middles(self, first: int, slots: int) -> Times:
        return self._step_ms * (first + np.arange(slots, dtype=np.int64)) + self._step_ms // 2

    def _newest(self, tick_ms: Times) -> npt.NDArray[np.intp]:
        """Return the newest row known at each tick; -1 if there is none."""
        return np.searchsorted(self._available, tick_ms, side="right") - 1

    @staticmethod
    def _at(column: Times, row: npt.NDArray[np.intp]) -> Times:
        return column[np.maximum(row, 0)] if len(column) else np.full(len(row), -1)


def _later_row(time: Times, values: Values, at: Times) -> npt.NDArray[np.int32]:
    """Return for each value of `between` the later of the rows that it lies between."""
    later_rows = np.zeros((len(at), len(VARIABLES)), np.int32)
    for column in range(len(VARIABLES)):
        rows = np.flatnonzero(~np.isnan(values[:, column]))
        if len(rows):
            later = np.searchsorted(time[rows], at)
            later_rows[:, column] = rows[np.minimum(later, len(rows) - 1)]
    return later_rows


def _look_up(table: npt.NDArray[Number], at: Times, none: float) -> npt.NDArray[Number]:
    """Return rows of a table; `none` for those beyond it."""
    inside = (at >= 0) & (at < len(table))
    if inside.all():
        return table[at]
    looked_up = np.full((*at.shape, table.shape[1]), none, table.dtype)
    looked_up[inside] = table[at[inside]]
    return looked_up
