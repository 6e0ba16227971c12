"""The temperature beside a series: which station, as known at a time, and what is kept."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from gridcast.gateway.weather import WeatherCurves
from gridcast.models.grid import Grid
from gridcast.schemas import GridSeries, WeatherForecast, WeatherObservation
from gridcast.units import HOUR_MS

HOUR = timedelta(hours=1)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOON_MS = round(NOON.timestamp() * 1000)


def observed(
    station: str, time: datetime, degrees: float | None, **more: object
) -> WeatherObservation:
    fields = {"available_at": time, "temperature_c": degrees} | more
    return WeatherObservation.model_validate({"station": station, "time": time} | fields)


def run(station: str, issued: datetime, *degrees: float, **more: object) -> WeatherForecast:
    valid = [issued + place * HOUR for place in range(len(degrees))]
    fields = {"available_at": issued, "valid_at": valid, "temperature_c": list(degrees)} | more
    return WeatherForecast.model_validate({"station": station, "issued_at": issued} | fields)


@pytest.fixture
def grid() -> Grid:
    grid = Grid()
    grid.declare(GridSeries(series="f-1", kind="feeder", station="st-1"))
    grid.declare(GridSeries(series="m-1", parent="f-1"))
    grid.declare(GridSeries(series="f-2", kind="feeder", latitude=50.0, longitude=8.0))
    return grid


@pytest.fixture
def weather(grid: Grid) -> WeatherCurves:
    return WeatherCurves(grid, HOUR_MS, past_ms=3 * HOUR_MS, ahead_ms=2 * HOUR_MS)


def test_measured_and_forecast_temperatures_are_returned_side_by_side(
    weather: WeatherCurves,
) -> None:
    for back, degrees in ((3, 1.0), (2, 2.0), (1, 4.0)):
        weather.take(observed("st-1", NOON - back * HOUR, degrees))
    weather.take(run("st-1", NOON - 2 * HOUR, 3.0, 5.0, 7.0, 9.0, 11.0))
    curve = weather.of("m-1", NOON_MS)  # by its feeder's station
    assert curve.station == "st-1"
    assert curve.issued_ms == NOON_MS - 2 * HOUR_MS
    assert (curve.time_ms - NOON_MS).tolist() == [n * HOUR_MS for n in (-3, -2, -1, 0, 1)]
    np.testing.assert_array_equal(curve.measured, [1.5, 3.0, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(curve.forecast, [np.nan, 4.0, 6.0, 8.0, 10.0])


def test_nothing_is_returned_before_it_became_available(weather: WeatherCurves) -> None:
    weather.take(observed("st-1", NOON - 2 * HOUR, 1.0))
    weather.take(observed("st-1", NOON - HOUR, 3.0))
    weather.take(observed("st-1", NOON - HOUR, 9.0, available_at=NOON + HOUR))  # corrected later
    weather.take(run("st-1", NOON - HOUR, 5.0, 5.0, 5.0, available_at=NOON + HOUR))
    then, later = weather.of("f-1", NOON_MS), weather.of("f-1", NOON_MS + HOUR_MS)
    assert then.measured.tolist() == [2.0]
    assert then.issued_ms is None
    assert later.measured[0] == 5.0
    assert later.issued_ms == NOON_MS - HOUR_MS


def test_a_series_without_a_station_has_the_nearest(weather: WeatherCurves) -> None:
    assert weather.of("f-2", NOON_MS).station is None
    for name, latitude in (("north", 55.0), ("near", 51.0), ("south", 40.0)):
        weather.take(observed(name, NOON, 1.0, latitude=latitude, longitude=8.0))
    assert weather.of("f-2", NOON_MS).station == "near"
    # The station was moved: its former location no longer counts.
    moved = {"latitude": -50.0, "longitude": 8.0}
    weather.take(observed("near", NOON + HOUR, 1.0, **moved))
    weather.take(observed("near", NOON - HOUR, 1.0, latitude=50.0, longitude=8.0))
    assert weather.of("f-2", NOON_MS).station == "north"


def test_the_only_station_is_used_for_series_without_a_location(weather: WeatherCurves) -> None:
    weather.take(observed("st-9", NOON - HOUR, 1.0))
    assert weather.of("nobody-declared-it", NOON_MS).station == "st-9"
    weather.take(observed("st-8", NOON - HOUR, 1.0))
    assert weather.of("nobody-declared-it", NOON_MS).station is None


def test_a_station_without_weather_is_named_all_the_same(weather: WeatherCurves) -> None:
    curve = weather.of("f-1", NOON_MS)
    assert (curve.station, len(curve.time_ms)) == ("st-1", 0)
    weather.take(observed("st-1", NOON - HOUR, None, wind_ms=3.0))
    weather.take(observed("st-1", NOON, None, wind_ms=3.0))
    assert len(weather.of("f-1", NOON_MS).time_ms) == 0  # wind is no temperature


def test_weather_that_no_query_reaches_is_dropped(weather: WeatherCurves) -> None:
    weather.take(observed("st-2", NOON, 1.0, latitude=50.0, longitude=8.0))
    later = NOON + 10 * 24 * HOUR
    for hour in range(10 * 24):
        weather.take(observed("st-1", NOON + hour * HOUR, 1.0))
        weather.take(run("st-1", NOON + hour * HOUR, 1.0, 2.0))
    for _ in weather.forget(round(later.timestamp() * 1000)):
        pass
    assert len(weather) == 1
    kept = weather._weather["st-1"].stations()["st-1"]
    assert len(kept.observations) <= 33  # the past twice, and a day
    assert len(kept.runs) <= 33
    assert len(weather.of("f-1", round(later.timestamp() * 1000)).time_ms) > 0
    assert weather._locations == {}
