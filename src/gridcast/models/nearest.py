"""Assign a weather station to each series: the one it names, else the nearest."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gridcast.models.grid import Grid
from gridcast.models.weather import NOT_KNOWN, WeatherAsOf
from gridcast.schemas import GridSeries

Index = npt.NDArray[np.int64]
Degrees = npt.NDArray[np.float64]
_AT_ONCE = 100_000
"""Pairs of a series and a station compared at once: 5 MB."""


class NearestStations:
    """The stations of some series, such as those of a partition; recomputed only after a change.

    A series has the station that it names. Otherwise it has the nearest station with a location,
    the first by name if several are equally near. A series without a location has its parent's
    station. If no parent has one either, it has the only station, if there is exactly one.
    """

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._asked: tuple[int, tuple[str, ...], bytes] | None = None
        self._series: list[str] = []
        self._found: Index = np.empty(0, np.int64)

    def of(self, series: Sequence[str], weather: WeatherAsOf) -> Index:
        """Return for each series the index of its station; NOT_KNOWN if it has none."""
        asked = (self._grid.version, weather.stations, weather.places.tobytes())
        if asked != self._asked or self._series != series:
            self._asked, self._series = asked, list(series)
            self._found = _find(self._grid, series, weather)
        return self._found


def nearest(places: Degrees, stations: Degrees) -> Index:
    """Return for each place the nearest station by great circle; the first of equally near ones.

    Both are latitude and longitude in degrees, a row each.
    """
    # The straight line through the Earth grows with the great circle. Worked out element by
    # element, so that equal places give equal bits and a tie is a tie in whatever company.
    ends, beginnings = _on_sphere(stations), _on_sphere(places)
    nearest_station = np.empty(len(places), np.int64)
    rows = max(1, _AT_ONCE // len(stations))
    for start in range(0, len(places), rows):
        part = slice(start, start + rows)
        apart = np.zeros((len(places[part]), len(stations)))
        for here, there in zip(beginnings, ends, strict=True):
            apart += np.square(here[part, None] - there[None, :])
        nearest_station[part] = apart.argmin(axis=1)
    return nearest_station


def _on_sphere(places: Degrees) -> tuple[Degrees, Degrees, Degrees]:
    latitude, longitude = np.radians(places.T)
    level = np.cos(latitude)
    return level * np.cos(longitude), level * np.sin(longitude), np.sin(latitude)


def _find(grid: Grid, series: Sequence[str], weather: WeatherAsOf) -> Index:
    number = {station: place for place, station in enumerate(weather.stations)}
    found = np.full(len(series), 0 if len(number) == 1 else NOT_KNOWN, np.int64)
    placed = np.flatnonzero(~np.isnan(weather.places[:, 0]))
    rows: list[int] = []
    places: list[tuple[float, float]] = []
    for row, name in enumerate(series):
        known = first_that_tells(grid, name)
        if known is None:
            continue
        if known.station is not None:
            found[row] = number.get(known.station, NOT_KNOWN)
        elif known.latitude is not None and known.longitude is not None and len(placed):
            rows.append(row)
            places.append((known.latitude, known.longitude))
    if rows:
        stations = weather.places[placed].astype(np.float64)
        found[rows] = placed[nearest(np.array(places), stations)]
    return found


def first_that_tells(grid: Grid, series: str) -> GridSeries | None:
    """Return the series, or its first ancestor, that names a station or has a location."""
    above: str | None = series
    while above is not None:
        declaration = grid[above]
        if declaration.station is not None or declaration.latitude is not None:
            return declaration
        above = grid.parent(above)
    return None
