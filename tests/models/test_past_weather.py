"""What is looked up of past weather is what the ticks were told."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.archives import observation, run, weather_of

from gridcast.models.grid import Grid
from gridcast.models.nearest import NearestStations
from gridcast.models.past_weather import PastWeather
from gridcast.models.weather import NOT_KNOWN, Weather
from gridcast.schemas import GridSeries
from gridcast.units import HOUR_MS

SERIES = (
    GridSeries(series="named", station="a"),
    GridSeries(series="placed", latitude=48.1, longitude=11.6),
    GridSeries(series="child", parent="placed"),
    GridSeries(series="nowhere"),
)
BACK, SLOTS = 48, 72


def told(weather: Weather, tick_ms: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Ask the serving code, tick by tick."""
    grid = Grid()
    for one in SERIES:
        grid.declare(one)
    stations, names = NearestStations(grid), [one.series for one in SERIES]
    values = np.full((len(row), SLOTS, 6), np.nan, np.float32)
    for i, (tick, one) in enumerate(zip(tick_ms.tolist(), row.tolist(), strict=True)):
        known = weather.as_of(tick, tick - BACK * HOUR_MS, SLOTS)
        station = stations.of(names, known)[one]
        if station != NOT_KNOWN:
            values[i] = known.values[station]
    return values


def random_weather(seed: int, corrected: bool) -> Weather:
    """Two stations, of which one comes later and says where it is later still; gaps; runs."""
    rng, weather = np.random.default_rng(seed), weather_of()
    delay = float(rng.choice([0, 20, 100]))
    for station, first, place in (("a", 0, (52.5, 13.4)), ("b", 100, (48.1, 11.6))):
        gap = rng.integers(first + 20, 300)
        for hour in range(first, 400):
            if gap <= hour < gap + rng.integers(1, 12) or rng.random() < 0.1:
                continue
            where = hour > 150 and rng.random() < 0.2
            values = {
                "temperature_c": float(rng.normal()),
                "wind_ms": None if rng.random() < 0.2 else float(rng.random()),
                "latitude": place[0] if where else None,
                "longitude": place[1] if where else None,
            }
            late = delay + (200 * rng.random() if corrected else 0)
            weather.observe(observation(station, hour + 0.25 * (station == "b"), late, **values))
    for hour in range(0, 400, 12) if seed % 2 else ():
        ahead = int(rng.integers(1, 60))
        temperature = [None if rng.random() < 0.1 else float(t) for t in rng.normal(size=ahead)]
        weather.forecast(run("a", hour, 90 * rng.random(), ahead, temperature_c=temperature))
    return weather


@given(st.integers(0, 2**32 - 1), st.booleans())
@settings(deadline=None, max_examples=25)
def test_looked_up_is_what_each_tick_was_told(seed: int, corrected: bool) -> None:
    weather = random_weather(seed, corrected)
    rng = np.random.default_rng(seed)
    tick_ms = rng.integers(-5, 700, 40) * HOUR_MS
    row = rng.integers(0, len(SERIES), 40)
    found = PastWeather(weather, SERIES).of(tick_ms, row, BACK, SLOTS)
    assert found.tobytes() == told(weather, tick_ms, row).tobytes()


def test_a_station_that_has_only_runs_is_known_by_them() -> None:
    weather = weather_of()
    weather.forecast(run("a", 10, 60, 24, temperature_c=[float(hour) for hour in range(24)]))
    tick_ms, row = np.array([10, 11]) * HOUR_MS, np.zeros(2, np.int64)
    found = PastWeather(weather, SERIES).of(tick_ms, row, BACK, SLOTS)
    assert np.isnan(found[0]).all()
    assert found[1, BACK : BACK + 3, 0].tolist() == [1.5, 2.5, 3.5]


@pytest.mark.parametrize("corrected", [False, True])
def test_the_bits_of_a_pair_do_not_depend_on_those_beside_it(corrected: bool) -> None:
    past = PastWeather(random_weather(3, corrected), SERIES)
    tick_ms, row = np.arange(180, 240) * HOUR_MS, np.arange(60) % len(SERIES)
    together = past.of(tick_ms, row, BACK, SLOTS)
    for pairs in ([7], [3, 59, 20]):
        alone = past.of(tick_ms[pairs], row[pairs], BACK, SLOTS)
        assert alone.tobytes() == together[pairs].tobytes()


def test_without_any_station_nothing_is_known() -> None:
    found = PastWeather(weather_of(), SERIES).of(np.zeros(2, np.int64), np.arange(2), BACK, SLOTS)
    assert np.isnan(found).all()
