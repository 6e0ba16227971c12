"""The true weather at one station, and the temperature that buildings respond to."""

from functools import lru_cache

import numpy as np

from gridcast.models.simulator.noise import Knots, Purpose
from gridcast.models.simulator.places import Country
from gridcast.models.simulator.sun import clear_sky_wm2, elevation_sine, through_cloud
from gridcast.models.simulator.types import Floats, Ints
from gridcast.units import DAY_MS, HOUR_MS, MINUTE_MS

OBSERVED_EVERY_MS = 10 * MINUTE_MS
_INERTIA_H = 14  # a house follows the temperature with this time constant
_REMEMBERED_H = 72


class TrueWeather:
    """The true weather at one station, at any time.

    Fronts pass over all stations of a seed together (temperature, pressure, cloud), and each
    station adds its own variation. Temperature follows season, hour and cloud; irradiance follows
    sun and cloud.
    """

    def __init__(
        self, seed: int, station: int, country: Country, latitude: float, longitude: float
    ) -> None:
        self._country = country
        self._latitude = latitude
        self._longitude = longitude
        # far from the equator winters are grey
        self._grey = float(np.clip((abs(latitude) - 40) / 10, 0, 1))
        self._fronts = Knots(seed, Purpose.SYNOPTIC, (0,), 60 * HOUR_MS, 3)
        self._cloud_fronts = Knots(seed, Purpose.CLOUD, (0,), 18 * HOUR_MS, 1)
        self._local = Knots(seed, Purpose.STATION, (station,), 30 * HOUR_MS, 2)
        self._clouds = Knots(seed, Purpose.CLOUD, (station + 1,), 5 * HOUR_MS, 1)
        self._winds = Knots(seed, Purpose.WIND, (station,), 7 * HOUR_MS, 1)
        self._gusts = Knots(seed, Purpose.HUMIDITY, (station,), HOUR_MS, 3)
        self._page = lru_cache(maxsize=16)(self._page_of_day)
        self._felt_page = lru_cache(maxsize=4)(self._felt_page_of_day)

    def at(self, time_ms: Ints, cloud_error: Floats | float = 0.0) -> Floats:
        """Return the true weather: [VARIABLES, times].

        A forecast passes its `cloud_error`, in units of a passing front, and gets a consistent
        error in irradiance.
        """
        country = self._country
        fronts, local = self._fronts.at(time_ms), self._local.at(time_ms)
        gusts = self._gusts.at(time_ms)
        sine = elevation_sine(time_ms, self._latitude, self._longitude)

        warmest = 200 if self._latitude > 0 else 18
        season = np.cos(2 * np.pi * ((time_ms / DAY_MS) % 365.2425 - warmest) / 365.2425)
        cover = self._cover(time_ms, fronts[2] + cloud_error - self._grey * season)
        solar_h = (time_ms / HOUR_MS) % 24 + self._longitude / 15
        afternoon = np.cos(2 * np.pi * (solar_h - 15) / 24) * (1.25 - 0.75 * cover)
        temperature = (
            country.mean_c
            + country.season_c * season
            + country.day_c * afternoon
            + 3.3 * fronts[0]
            + 1.5 * local[0]
            + 0.25 * gusts[0]
        )
        humidity = np.clip(
            62 - 2.2 * country.day_c * afternoon + 25 * (cover - 0.5) + 8 * local[1] + gusts[1],
            8,
            100,
        )
        wind = 3.2 * np.exp(0.5 * self._winds.at(time_ms)[0] + 0.12 * gusts[2] - 0.13)
        irradiance = clear_sky_wm2(sine) * through_cloud(cover)
        pressure = 1014 + 7 * fronts[1] - 2.5 * fronts[2]
        return np.stack([temperature, humidity, wind, 100 * cover, irradiance, pressure])

    def felt(self, time_ms: Ints) -> tuple[Floats, Floats]:
        """Return the temperature that buildings feel, with their inertia, and the cloud cover."""
        first, last = int(time_ms[0] // DAY_MS), int(time_ms[-1] // DAY_MS)
        pages = [self._felt_page(day) for day in range(first, last + 1)]
        grid_ms = np.concatenate([page[0] for page in pages])
        warmth = np.concatenate([page[1] for page in pages])
        cover = np.concatenate([page[2] for page in pages])
        times = time_ms.astype(np.float64)
        return np.interp(times, grid_ms, warmth), np.interp(times, grid_ms, cover)

    def _cover(self, time_ms: Ints, front: Floats) -> Floats:
        mean = self._country.cloud
        clouds = 0.7 * self._cloud_fronts.at(time_ms)[0] + 0.5 * self._clouds.at(time_ms)[0]
        latent = 0.5 * front + clouds
        cover: Floats = 1 / (1 + np.exp(-2.2 * latent - 1.6 * np.log(mean / (1 - mean))))
        return cover

    def _page_of_day(self, day: int) -> Floats:
        return self.at(day * DAY_MS + np.arange(0, DAY_MS, OBSERVED_EVERY_MS, dtype=np.int64))

    def _felt_page_of_day(self, day: int) -> tuple[Floats, Floats, Floats]:
        days = [self._page(page) for page in range(day - _REMEMBERED_H // 24, day + 2)]
        per_hour = HOUR_MS // OBSERVED_EVERY_MS
        hourly = np.concatenate([page[0, ::per_hour] for page in days])[: _REMEMBERED_H + 25]
        weight = np.exp(-np.arange(_REMEMBERED_H + 1) / _INERTIA_H)
        felt = np.convolve(hourly, weight / weight.sum(), mode="valid")
        now = np.concatenate([days[-2], days[-1][:, :1]], axis=1)
        grid_ms = day * DAY_MS + np.arange(0, DAY_MS + 1, OBSERVED_EVERY_MS, dtype=np.float64)
        inertial = np.interp(grid_ms, day * DAY_MS + HOUR_MS * np.arange(25.0), felt)
        # walls respond slowly, windows and doors at once
        return grid_ms, 0.65 * inertial + 0.35 * now[0], now[3] / 100
