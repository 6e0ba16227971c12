"""The weather of series at many ticks at once, as `Weather.as_of` returns it for each of them."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gridcast.models.grid import Grid
from gridcast.models.nearest import Index, NearestStations
from gridcast.models.weather import NOT_KNOWN, Weather, WeatherAsOf
from gridcast.models.weather.past import PastStation
from gridcast.schemas import GridSeries
from gridcast.schemas.weather import VARIABLES
from gridcast.units import Times

Values = npt.NDArray[np.float32]


class PastWeather:
    """Looks up the weather that was known at many ticks.

    If a station sent corrections, or observations out of order, every tick is computed by itself.
    That is exact too, but slow.

    Parameters
    ----------
    weather
        All messages of all stations.
    series
        The series, in the order of their rows.
    """

    def __init__(self, weather: Weather, series: Sequence[GridSeries]) -> None:
        self._weather = weather
        grid = Grid()
        for declaration in series:
            grid.declare(declaration)
        self._series = [declaration.series for declaration in series]
        self._stations = NearestStations(grid)
        known = weather.stations()
        self._names = tuple(known)
        self._past = [
            PastStation(station, weather.step_ms, weather.reach_ms)
            for station in known.values()
            if PastStation.can_be_looked_up(station)
        ]
        self._found: dict[tuple[bytes, bytes], Index] = {}

    def of(self, tick_ms: Times, row: Index, back: int, slots: int) -> Values:
        """Return what was known for pairs of a tick and a row, [pairs, slots, variables].

        `back` of the slots are before the tick. NaN where nothing was known.
        """
        first_ms = tick_ms - back * self._weather.step_ms
        values = np.full((len(tick_ms), slots, len(VARIABLES)), np.nan, np.float32)
        if len(self._past) < len(self._names):
            self._one_by_one(tick_ms, first_ms, row, values)
            return values
        ticks, at = np.unique(tick_ms, return_inverse=True)
        station = self._stations_at(ticks)[at, row]
        for number, past in enumerate(self._past):
            pairs = np.flatnonzero(station == number)
            if len(pairs):
                values[pairs] = past.values(tick_ms[pairs], first_ms[pairs], slots)
        return values

    def _one_by_one(self, tick_ms: Times, first_ms: Times, row: Index, values: Values) -> None:
        for tick in np.unique(tick_ms).tolist():
            pairs = np.flatnonzero(tick_ms == tick)
            known = self._weather.as_of(tick, int(first_ms[pairs[0]]), values.shape[1])
            station = self._stations.of(self._series, known)[row[pairs]]
            has_station = station != NOT_KNOWN
            values[pairs[has_station]] = known.values[station[has_station]]

    def _stations_at(self, ticks: Times) -> Index:
        """Return the index of each series' station at ticks, [ticks, series]."""
        known = [past.known(ticks) for past in self._past]
        there = np.array([one for one, _ in known], np.bool_).reshape(len(known), len(ticks)).T
        places = np.array([where for _, where in known], np.float32).reshape(-1, len(ticks), 2)
        return np.array(
            [self._choose(there[i], places[there[i], i]) for i in range(len(ticks))]
        ).reshape(len(ticks), len(self._series))

    def _choose(self, there: npt.NDArray[np.bool_], places: Values) -> Index:
        key = there.tobytes(), places.tobytes()
        if key not in self._found:
            number = np.append(np.flatnonzero(there), NOT_KNOWN)  # NOT_KNOWN is the last: -1
            names = tuple(self._names[i] for i in number[:-1])
            nothing = np.empty((len(names), 0, len(VARIABLES)), np.float32)
            never = np.full(len(names), NOT_KNOWN)
            nan = np.full((len(names), len(VARIABLES)), np.nan, np.float32)
            asked = WeatherAsOf(NOT_KNOWN, names, nothing, never, nan, nan, never, places)
            self._found[key] = number[self._stations.of(self._series, asked)]
        return self._found[key]
