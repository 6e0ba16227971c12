"""Simulated weather service: observations with a delay, forecasts with an error."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from gridcast.models.simulator.noise import Knots, Purpose, generator
from gridcast.models.simulator.types import Floats, Ints
from gridcast.models.simulator.weather import OBSERVED_EVERY_MS, TrueWeather
from gridcast.schemas.weather import VARIABLES
from gridcast.units import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS

ISSUED_EVERY_MS = 6 * HOUR_MS
LEADS_H = 61  # 0 to 60 hours, so that 48 are left when the forecast becomes available
_OBSERVATION_NOISE = np.array([0.15, 1.5, 0.3, 4.0, 6.0, 0.2])
_DECIMALS = (1, 0, 1, 0, 0, 1)
_MISSING = 0.002  # share of observed values that the station did not report
_ERROR_WIDTH_MS = 9 * HOUR_MS  # correlation time of forecast errors


@dataclass(frozen=True, slots=True)
class StationMeasurements:
    """Observations of one station: one row for each of VARIABLES, one column per time."""

    station: int
    time_ms: Ints
    available_ms: Ints
    values: Floats  # nan where the station did not report


@dataclass(frozen=True, slots=True)
class WeatherRun:
    """One forecast run of one station: one row for each of VARIABLES, one column per valid time."""

    station: int
    issued_ms: int
    available_ms: int
    valid_ms: Ints
    values: Floats


class WeatherService:
    """Publishes observations and forecasts of one station."""

    def __init__(self, seed: int, station: int, weather: TrueWeather) -> None:
        self._seed = seed
        self._station = station
        self._weather = weather
        self._day = lru_cache(maxsize=4)(self._observed)
        self._shared = Knots(seed, Purpose.SHARED_ERROR, (station,), _ERROR_WIDTH_MS, 5)

    def observations(self, start_ms: int, end_ms: int) -> StationMeasurements:
        """Return the observations of start <= time < end; one every ten minutes."""
        first, last = start_ms // DAY_MS, max(start_ms, end_ms - 1) // DAY_MS
        days = [self._day(day) for day in range(first, last + 1)]
        time_ms = np.concatenate([day[0] for day in days])
        kept = (time_ms >= start_ms) & (time_ms < end_ms)
        return StationMeasurements(
            self._station,
            time_ms[kept],
            np.concatenate([day[1] for day in days])[kept],
            np.concatenate([day[2] for day in days], axis=1)[:, kept],
        )

    def forecasts(self, start_ms: int, end_ms: int) -> list[WeatherRun]:
        """Return the forecasts issued at start <= time < end; one every six hours."""
        first = -(-start_ms // ISSUED_EVERY_MS)
        return [self._forecast(run) for run in range(first, -(-end_ms // ISSUED_EVERY_MS))]

    def _observed(self, day: int) -> tuple[Ints, Ints, Floats]:
        time_ms = day * DAY_MS + np.arange(0, DAY_MS, OBSERVED_EVERY_MS, dtype=np.int64)
        rng = generator(self._seed, Purpose.OBSERVATION, self._station, day)
        truth = self._weather.at(time_ms)
        noise = _OBSERVATION_NOISE[:, None] * rng.standard_normal(truth.shape)
        noise[VARIABLES.index("irradiance_wm2")] *= truth[VARIABLES.index("irradiance_wm2")] > 0
        values = _tidy(truth + noise)
        values[rng.random(truth.shape) < _MISSING] = np.nan
        delay_s = 180 + np.minimum(rng.exponential(240, time_ms.size), 3000).astype(np.int64)
        return time_ms, time_ms + delay_s * SECOND_MS, values

    def _forecast(self, run: int) -> WeatherRun:
        """Return a forecast with realistic errors: growing with the lead, autocorrelated."""
        issued_ms = run * ISSUED_EVERY_MS
        valid_ms = issued_ms + HOUR_MS * np.arange(LEADS_H, dtype=np.int64)
        own = Knots(self._seed, Purpose.ISSUE_ERROR, (self._station, run), _ERROR_WIDTH_MS, 5)
        error = np.sqrt(0.5) * (self._shared.at(valid_ms) + own.at(valid_ms))
        growth = (np.arange(LEADS_H) / 48) ** 0.6
        values = self._weather.at(valid_ms, cloud_error=error[3] * (0.3 + 1.1 * growth))
        values[0] += error[0] * (0.4 + 1.8 * growth)
        values[1] += error[1] * (3.0 + 9.0 * growth)
        spread = 0.08 + 0.32 * growth
        values[2] *= np.exp(error[2] * spread - spread**2 / 2)  # unbiased on average
        values[5] += error[4] * (0.2 + 2.8 * growth)
        rng = generator(self._seed, Purpose.OBSERVATION, self._station, run, 1)
        ready_ms = int(rng.integers(200, 260)) * MINUTE_MS
        return WeatherRun(self._station, issued_ms, issued_ms + ready_ms, valid_ms, _tidy(values))


def _tidy(values: Floats) -> Floats:
    """Clip values to their possible range and round them as services do."""
    limits = ((-90, 60), (0, 100), (0, 90), (0, 100), (0, 1400), (850, 1090))
    rows = [
        np.round(np.clip(row, low, high), digits) + 0.0
        for row, (low, high), digits in zip(values, limits, _DECIMALS, strict=True)
    ]
    return np.stack(rows)
