"""Inputs for detectors in tests: series in groups, forecasts, and weather at stations."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from gridcast.models.detection import DeclaredSeries
from gridcast.models.weather import Weather
from gridcast.schemas import WeatherForecast, WeatherObservation
from gridcast.schemas.forecast import ClosedBy, Rung
from gridcast.schemas.forecast_columns import ForecastColumns, Maker, to_the_watt
from gridcast.units import HOUR_MS, MINUTE_MS


def in_groups(*sizes: int) -> DeclaredSeries:
    """Return series with nothing declared but their groups: `f-0`, `f-1` …"""
    series = sum(sizes)
    return DeclaredSeries(
        np.full(series, np.nan, np.float32),
        np.zeros(series, np.float32),
        np.repeat(np.arange(len(sizes)), sizes),
        np.full(len(sizes), -1),
        [f"f-{number}" for number in range(len(sizes))],
        [()] * len(sizes),
    )


def standing(
    names: Sequence[str], tick_ms: int, levels: tuple[float, ...], quantiles: np.ndarray
) -> ForecastColumns:
    """Return forecasts that are constant over four quarters of an hour."""
    return ForecastColumns(
        tick_ms,
        tick_ms,
        15,
        levels,
        ClosedBy.WATERMARK,
        list(names),
        to_the_watt(np.repeat(quantiles[:, :, None], 4, axis=2)),
        (Maker(Rung.SEASONAL_PROFILE),),
        np.zeros(len(names), np.uint16),
        np.full(len(names), tick_ms),
        np.ones(len(names)),
    )


class Skies:
    """Observations and forecasts of some stations, equal but for tenths of a degree."""

    def __init__(self, *stations: str) -> None:
        self.stations = stations
        self.weather = Weather(15 * MINUTE_MS, 8 * 24 * HOUR_MS)

    def messages(
        self, minute_ms: int, off: dict[str, float] | None = None, silent: Sequence[str] = ()
    ) -> list[WeatherForecast | WeatherObservation]:
        """Return the messages of a minute; `off` shifts a station's observations, °C."""
        at = datetime.fromtimestamp(minute_ms / 1000, UTC)
        sent: list[WeatherForecast | WeatherObservation] = []
        for number, station in enumerate(self.stations):
            if minute_ms % (6 * HOUR_MS) == 0:
                hours = [at + timedelta(hours=hour) for hour in range(49)]
                degrees = [_degrees(hour) for hour in hours]
                run = {"issued_at": at, "available_at": at, "valid_at": hours}
                sent.append(WeatherForecast(station=station, temperature_c=degrees, **run))
            if minute_ms % (10 * MINUTE_MS) == 0 and station not in silent:
                rng = np.random.default_rng((minute_ms // MINUTE_MS, number))
                degrees_now = _degrees(at) + rng.normal(0, 0.3) + (off or {}).get(station, 0.0)
                known = at + timedelta(minutes=3)
                sent.append(
                    WeatherObservation(
                        station=station,
                        time=at,
                        available_at=known,
                        temperature_c=round(degrees_now, 1),
                    )
                )
        return sent

    def minute(
        self, minute_ms: int, off: dict[str, float] | None = None, silent: Sequence[str] = ()
    ) -> None:
        """Send the messages of a minute to the weather."""
        for message in self.messages(minute_ms, off, silent):
            if isinstance(message, WeatherForecast):
                self.weather.forecast(message)
            else:
                self.weather.observe(message)


def _degrees(at: datetime) -> float:
    return round(5 + 4 * float(np.sin((at.hour + at.minute / 60) / 24 * 2 * np.pi)), 2)
