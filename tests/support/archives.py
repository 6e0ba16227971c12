"""Small archives of hours, and the readings and weather that they are the same as."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from gridcast.models.archive import Archive
from gridcast.models.weather import Weather
from gridcast.schemas import GridSeries, WeatherForecast, WeatherObservation
from gridcast.schemas.columns import ReadingColumns
from gridcast.units import HOUR_MS

START = datetime(1970, 1, 1, tzinfo=UTC)

Floats = npt.NDArray[np.float32]


def hours(count: int, series: int, lost: float = 0.0, seed: int = 0) -> Floats:
    """Give noisy days, a series a column; a share of the hours is lost."""
    rng = np.random.default_rng(seed)
    day = 10 - 4 * np.cos(np.arange(count) / 24 * 2 * np.pi)[:, None]
    load = day + rng.normal(size=(count, series))
    return np.where(rng.random(load.shape) < lost, np.nan, load).astype(np.float32)


def archive_of(mean: Floats, weather: Weather | None = None, **more: Any) -> Archive:
    """Lay loads out from 1970 on; the series are s-0, s-1, …"""
    series = tuple(
        GridSeries(series=f"s-{row}", time_zone="Europe/Berlin", holidays="DE")
        for row in range(mean.shape[1])
    )
    whole = Archive.of(0, 60, series, mean, weather)
    return Archive(**{**whole.__dict__, **more})


def readings_of(mean: Floats) -> ReadingColumns:
    """Give the readings that an archive's slots are made of: one at the beginning of each."""
    slot, row = np.nonzero(np.isfinite(mean))
    return ReadingColumns(
        series=[f"s-{one}" for one in row.tolist()],
        time_ms=slot * HOUR_MS,
        value=mean[slot, row].astype(np.float64),
        quality=np.zeros(len(slot), np.uint8),
        revision=np.zeros(len(slot), np.int32),
    )


def observation(
    station: str, hour: float, late_minutes: float = 0, **values: Any
) -> WeatherObservation:
    """Give what a station measured at an hour since 1970, known so much later."""
    time = START + timedelta(hours=hour)
    known = time + timedelta(minutes=late_minutes)
    return WeatherObservation(station=station, time=time, available_at=known, **values)


def run(
    station: str, hour: float, late_minutes: float, ahead: int, **values: Any
) -> WeatherForecast:
    """Give a run issued at an hour since 1970, for each of the hours that follow."""
    issued = START + timedelta(hours=hour)
    return WeatherForecast(
        station=station,
        issued_at=issued,
        available_at=issued + timedelta(minutes=late_minutes),
        valid_at=[issued + timedelta(hours=one) for one in range(ahead)],
        **values,
    )


def weather_of() -> Weather:
    """Give an empty weather on slots of an hour, whose ticks look back eight days."""
    return Weather(HOUR_MS, 8 * 24 * HOUR_MS)
