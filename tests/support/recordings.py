"""A recording made in the test: some series with days and weeks in them, and the weather beside."""

from datetime import UTC, datetime, timedelta

import numpy as np

from gridcast.models.simulator import Arrivals
from gridcast.schemas import GridSeries, WeatherForecast, WeatherObservation
from gridcast.stream.recording import Recording
from gridcast.stream.recording.recording import WeatherMessage, in_order

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
START = 20_454 * DAY
"""1 January 2026."""


def instant(time_ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ms)


def make_recording(series: int = 3, days: int = 24, step: int = HOUR, seed: int = 1) -> Recording:
    """Means of each step, known when it is over."""
    rng = np.random.default_rng(seed)
    time = np.arange(START, START + days * DAY, step)
    hour = time / HOUR
    day = 10 + 4 * np.sin(hour / 24 * 2 * np.pi) + 2 * np.sin(hour / 168 * 2 * np.pi)
    size = 2.0 ** np.arange(series)
    value = size * day[:, None] + rng.normal(scale=0.3 * size, size=(len(time), series))
    row = np.tile(np.arange(series, dtype=np.int32), len(time))
    arrivals = Arrivals(
        series=row,
        time_ms=np.repeat(time, series),
        arrival_ms=np.repeat(time + step, series),
        value=value.ravel(),
        quality=np.zeros(len(row), np.uint8),
        revision=np.zeros(len(row), np.int32),
    )
    declared = tuple(
        GridSeries(series=f"s-{number}", station="roof", time_zone="Europe/Berlin")
        for number in range(series)
    )
    return Recording("sines", declared, arrivals, weather(days), slot_ms=step)


def weather(days: int) -> tuple[WeatherMessage, ...]:
    """What a station measured each hour, known ten minutes later, and a run every six hours."""
    found: list[WeatherMessage] = []
    for number in range(days * 24):
        time_ms = START + number * HOUR
        degrees = round(10 + 8 * np.sin(number / 24 * 2 * np.pi) + number / 100, 2)
        found.append(
            WeatherObservation(
                station="roof",
                time=instant(time_ms),
                available_at=instant(time_ms + 10 * MINUTE),
                temperature_c=degrees,
            )
        )
        if number % 6 == 0:
            found.append(
                WeatherForecast(
                    station="roof",
                    issued_at=instant(time_ms),
                    available_at=instant(time_ms + 2 * HOUR),
                    valid_at=[instant(time_ms + ahead * HOUR) for ahead in range(48)],
                    temperature_c=[round(degrees + ahead / 10, 2) for ahead in range(48)],
                )
            )
    return in_order(found)
