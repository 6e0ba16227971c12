"""Which station a series has."""

import math
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridcast.models.grid import Grid
from gridcast.models.nearest import NearestStations, nearest
from gridcast.models.weather import NOT_KNOWN, WeatherAsOf
from gridcast.schemas import GridSeries

NOWHERE = (math.nan, math.nan)


def weather(**places: tuple[float, float]) -> WeatherAsOf:
    names = tuple(sorted(places))
    none = np.full(len(names), NOT_KNOWN, np.int64)
    where = np.array([places[name] for name in names], np.float32).reshape(-1, 2)
    slots, now = np.zeros((len(names), 0, 6), np.float32), np.zeros((len(names), 6), np.float32)
    return WeatherAsOf(0, names, slots, none, now, now, none, where)


def grid_of(*declared: GridSeries) -> Grid:
    grid = Grid()
    for one in declared:
        grid.declare(one)
    return grid


def series(name: str, where: tuple[float, float] | None = None, **more: Any) -> GridSeries:
    latitude, longitude = where or (None, None)
    return GridSeries(series=name, latitude=latitude, longitude=longitude, **more)


def stations_of(grid: Grid, known: WeatherAsOf, *names: str) -> list[str | None]:
    found = NearestStations(grid).of(names, known).tolist()
    return [None if place == NOT_KNOWN else known.stations[place] for place in found]


BERLIN, HAMBURG, MUNICH = (52.5, 13.4), (53.6, 10.0), (48.1, 11.6)


def test_a_station_that_is_named_wins_over_a_nearer_one() -> None:
    grid = grid_of(series("m", BERLIN, station="hamburg"), series("n", BERLIN))
    known = weather(berlin=BERLIN, hamburg=HAMBURG)
    assert stations_of(grid, known, "m", "n") == ["hamburg", "berlin"]


def test_a_station_that_is_named_but_not_known_is_not_replaced() -> None:
    known = weather(berlin=BERLIN, hamburg=HAMBURG)
    assert stations_of(grid_of(series("m", BERLIN, station="x")), known, "m") == [None]
    assert stations_of(grid_of(series("m", station="x")), weather(berlin=BERLIN), "m") == [None]


def test_near_is_near_on_the_globe() -> None:
    known = weather(fiji=(-17.8, 178.0), hawaii=(21.3, -157.9), north=(89.0, 0.0))
    grid = grid_of(series("date-line", (-18.0, -179.0)), series("pole", (89.0, 180.0)))
    assert stations_of(grid, known, "date-line", "pole") == ["fiji", "north"]


def test_of_equally_near_stations_the_first_by_name_is_taken() -> None:
    known = weather(b=BERLIN, a=BERLIN, c=BERLIN)
    assert stations_of(grid_of(series("m", MUNICH)), known, "m") == ["a"]


def test_a_station_that_is_nowhere_is_nobody_s_nearest() -> None:
    known = weather(a=NOWHERE, b=HAMBURG)
    assert stations_of(grid_of(series("m", BERLIN)), known, "m") == ["b"]
    assert stations_of(grid_of(series("m", BERLIN)), weather(a=NOWHERE, b=NOWHERE), "m") == [None]


def test_a_series_that_is_nowhere_has_its_parent_s() -> None:
    grid = grid_of(
        series("zone", MUNICH),
        series("feeder", parent="zone"),
        series("meter", parent="feeder"),
        series("other", parent="never-declared"),
    )
    known = weather(hamburg=HAMBURG, munich=MUNICH)
    assert stations_of(grid, known, "meter", "other", "?") == ["munich", None, None]


def test_the_only_station_there_is_serves_who_has_no_other() -> None:
    assert stations_of(grid_of(series("m")), weather(a=NOWHERE), "m", "never-declared") == ["a"] * 2
    assert stations_of(grid_of(series("m", BERLIN)), weather(a=NOWHERE), "m") == ["a"]
    assert stations_of(Grid(), weather(), "m") == [None]


def test_it_is_worked_out_anew_when_anything_changes() -> None:
    grid = grid_of(series("m", BERLIN), series("n", MUNICH))
    stations, known = NearestStations(grid), weather(a=BERLIN, b=MUNICH)
    first = stations.of(["m", "n"], known)
    assert stations.of(["m", "n"], known) is first
    assert first.tolist() == [0, 1]
    assert stations.of(["n", "m"], known).tolist() == [1, 0]
    assert stations.of(["n", "m"], weather(a=MUNICH, b=BERLIN)).tolist() == [0, 1]
    grid.declare(series("m", MUNICH))
    assert stations.of(["n", "m"], weather(a=MUNICH, b=BERLIN)).tolist() == [0, 0]


degrees = st.tuples(st.floats(-90, 90, width=32), st.floats(-180, 180, width=32))


def great_circle(one: tuple[float, float], other: tuple[float, float]) -> float:
    (a, b), (c, d) = np.radians(one), np.radians(other)
    half = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
    return 2 * math.asin(min(1.0, math.sqrt(half)))


@settings(max_examples=60)
@given(st.lists(degrees, min_size=1, max_size=8), st.lists(degrees, min_size=1, max_size=8))
def test_none_is_nearer_than_the_nearest(places: list[Any], stations: list[Any]) -> None:
    found = nearest(np.array(places), np.array(stations))
    for place, number in zip(places, found, strict=True):
        least = min(great_circle(place, station) for station in stations)
        assert great_circle(place, stations[number]) <= least + 1e-9
    alone = [int(nearest(np.array([place]), np.array(stations))[0]) for place in places]
    assert alone == found.tolist(), "in whatever company"
