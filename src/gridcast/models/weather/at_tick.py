"""The weather that was known at one tick: a frozen view, safe to read from any thread."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridcast.models.weather.as_of import NOT_KNOWN, WeatherAsOf
from gridcast.models.weather.between import between
from gridcast.models.weather.runs import Run
from gridcast.schemas.weather import VARIABLES
from gridcast.units import HOUR_MS, Times

OBSERVED_APART_MS = 3 * HOUR_MS
"""Observations further apart than this are not interpolated: stations report at least every three
hours."""
FORECAST_APART_MS = 6 * HOUR_MS
"""The same for two instants of a run: far ahead, global models give every sixth hour."""
_NOWHERE = np.full(2, np.nan, np.float32)
_NOTHING = np.full(len(VARIABLES), np.nan, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class StationAtTick:
    """The weather of one station as known at a tick. These arrays are immutable."""

    name: str
    time_ms: Times
    """When each observation was made, ascending."""
    available_ms: Times
    """When each became known."""
    observed: npt.NDArray[np.float32]
    """[observations, variables + 2]: the last two are latitude and longitude."""
    run: Run | None
    """The newest forecast run."""


@dataclass(frozen=True, slots=True, eq=False)
class WeatherAtTick:
    """The weather of all stations as it was known at a tick."""

    tick_ms: int
    step_ms: int
    """Width of a slot."""
    stations: tuple[StationAtTick, ...]
    """By name."""

    def as_of(self, first_ms: int, slots: int) -> WeatherAsOf:
        """Return the weather on `slots` slots from `first_ms` on."""
        middles = first_ms + self.step_ms // 2 + self.step_ms * np.arange(slots, dtype=np.int64)
        answers = [_of_station(station, middles) for station in self.stations]
        shape = (len(answers), slots, len(VARIABLES))
        return WeatherAsOf(
            self.tick_ms,
            stations=tuple(station.name for station in self.stations),
            values=np.array([answer.values for answer in answers], np.float32).reshape(shape),
            observed_ms=np.array([answer.observed_ms for answer in answers], np.int64),
            observed=_rows([answer.observed for answer in answers]),
            foretold=_rows([answer.foretold for answer in answers]),
            issued_ms=np.array([answer.issued_ms for answer in answers], np.int64),
            places=np.array([answer.place for answer in answers], np.float32).reshape(-1, 2),
        )


@dataclass(slots=True)
class _StationAnswer:
    values: npt.NDArray[np.float32]
    observed_ms: int
    observed: npt.NDArray[np.float32]
    foretold: npt.NDArray[np.float32]
    issued_ms: int
    place: npt.NDArray[np.float32]


def _of_station(station: StationAtTick, middles: Times) -> _StationAnswer:
    time_ms, observed, run = station.time_ms, station.observed, station.run
    values = between(time_ms, observed[:, :-2], middles, OBSERVED_APART_MS)
    unknown = np.isnan(values)
    if run is not None and unknown.any():
        slots = np.flatnonzero(unknown.any(axis=1))
        forecast = between(run.valid_ms, run.values, middles[slots], FORECAST_APART_MS)
        values[slots] = np.where(unknown[slots], forecast, values[slots])
    placed = np.flatnonzero(~np.isnan(observed[:, -1]))
    place = _NOWHERE if run is None else run.place
    if len(placed):
        # the place that became known last, of several the one measured last
        last = placed[len(placed) - 1 - int(np.argmax(station.available_ms[placed][::-1]))]
        place = observed[last, -2:]
    newest, foretold = time_ms[-1:], _NOTHING
    if run is not None and len(newest):
        foretold = between(run.valid_ms, run.values, newest, FORECAST_APART_MS)[0]
    return _StationAnswer(
        values,
        int(newest[0]) if len(newest) else NOT_KNOWN,
        observed[-1, :-2] if len(newest) else _NOTHING,
        foretold,
        NOT_KNOWN if run is None else run.issued_ms,
        place,
    )


def _rows(rows: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    return np.array(rows, np.float32).reshape(len(rows), len(VARIABLES))
