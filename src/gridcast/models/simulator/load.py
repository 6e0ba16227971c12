"""The true load of a zone: consumption, generation and network losses."""

from functools import lru_cache

import numpy as np

from gridcast.models.calendars import Calendar, LocalTimes
from gridcast.models.simulator import customers
from gridcast.models.simulator.grid import Zone
from gridcast.models.simulator.noise import Knots, Purpose
from gridcast.models.simulator.sun import elevation_sine, roofs_wm2, through_cloud
from gridcast.models.simulator.switching import SwitchedLoad
from gridcast.models.simulator.types import Floats, Ints
from gridcast.models.simulator.weather import TrueWeather
from gridcast.units import DAY_MS, HOUR_MS, MINUTE_MS

HEATED_BELOW_C = 16.5
COOLED_ABOVE_C = 22.0
FEEDER_LOSS = (0.008, 0.03)  # share of the load, and of load²/capacity
ZONE_LOSS = (0.004, 0.015)
_GROWN_FROM_MS = 1_577_836_800_000  # 2020: growth counts from here
_DUSK = -0.06  # sine of the sun's height at which street lights are switched
_LAMPS = 100.0  # lamps to one controller
_LONGEST_SHIFT_MIN = 600


class SimulatedLoad:
    """The true load of one zone, generated block by block."""

    def __init__(
        self,
        seed: int,
        zone: Zone,
        calendar: Calendar,
        weather: TrueWeather,
        *,
        step_ms: int,
        steps: int,
    ) -> None:
        self._zone = zone
        self._calendar = calendar
        self._weather = weather
        self._step_ms = step_ms
        self._steps = steps
        self._switching = SwitchedLoad(seed, zone, calendar)
        place, count = (zone.number,), len(zone.meters.customer)
        self._zone_noise = Knots(seed, Purpose.ZONE_NOISE, place, 5 * HOUR_MS, 1)
        self._feeder_noise = Knots(seed, Purpose.FEEDER_NOISE, place, 2 * HOUR_MS, zone.feeders)
        self._meter_noise = Knots(seed, Purpose.METER_NOISE, place, 3 * HOUR_MS, count)
        gaps_ms = max(8 * MINUTE_MS, step_ms)
        self._clouds = Knots(seed, Purpose.FEEDER_CLOUD, place, gaps_ms, zone.feeders)

        meters = zone.meters
        table = customers.shapes()
        self._table = np.tile(table, 3).ravel()  # yesterday, today, tomorrow: no wrapping around
        shift = np.clip(meters.shift_min, -_LONGEST_SHIFT_MIN, _LONGEST_SHIFT_MIN)
        self._row = (meters.customer * 3 * 4320 + 1440 - shift.astype(np.int64))[:, None]
        self._flat = (meters.base_kw * meters.standing)[:, None]
        self._shaped = (meters.base_kw * (1 - meters.standing))[:, None]
        self._lights = np.flatnonzero(meters.customer == customers.STREET_LIGHT)
        self._solar = np.flatnonzero(meters.solar_kw)
        self._capacity = zone.capacity_kw
        self.block = lru_cache(maxsize=2)(self._block)

    def _block(self, number: int) -> Floats:
        """Return block `number`: [series, steps], kW."""
        start_ms = number * self._steps * self._step_ms
        time_ms = start_ms + self._step_ms * np.arange(self._steps, dtype=np.int64)
        local = self._calendar.at(time_ms)
        felt, cover = self._weather.felt(time_ms)
        load = self._drawn(time_ms, local, felt)
        load += self._switching.power(start_ms, self._step_ms, self._steps)
        self._light_streets(load, time_ms)
        years = (start_ms - _GROWN_FROM_MS) / (365.2425 * DAY_MS)
        load *= np.exp(self._zone.meters.growth * years)[:, None]
        np.minimum(load, self._capacity[-len(load) :, None], out=load)
        self._shine(load, time_ms, cover)
        return self._add_up(load)

    def _drawn(self, time_ms: Ints, local: LocalTimes, felt: Floats) -> Floats:
        meters, zone = self._zone.meters, self._zone
        column = self._calendar.kinds(local.day) * 4320 + local.minute.astype(np.int64)
        load = self._table.take(self._row + column)
        load *= self._shaped
        load += self._flat
        hour = local.minute / 60
        warming = 1 + 0.25 * np.cos(2 * np.pi * (hour - 19.5) / 24)
        chilling = 1 + 0.35 * np.cos(2 * np.pi * (hour - 18) / 24)
        load += meters.heating[:, None] * (np.maximum(HEATED_BELOW_C - felt, 0) * warming)
        load += meters.cooling[:, None] * (np.maximum(felt - COOLED_ABOVE_C, 0) * chilling)

        noise = self._meter_noise.at(time_ms)
        noise *= meters.restless[:, None]
        near = 0.035 * self._feeder_noise.at(time_ms) + 0.025 * self._zone_noise.at(time_ms)
        noise += np.repeat(near, zone.meters_of, axis=0)
        noise[self._lights] = 0
        load *= np.exp(noise, out=noise)
        return load

    def _light_streets(self, load: Floats, time_ms: Ints) -> None:
        sine = elevation_sine(time_ms, self._zone.latitude, self._zone.longitude)
        lamps = _LAMPS * self._zone.meters.base_kw[self._lights]
        load[self._lights] += lamps[:, None] * (sine < _DUSK)

    def _shine(self, load: Floats, time_ms: Ints, cover: Floats) -> None:
        """Subtract solar generation; broken cloud makes it flicker, feeder by feeder."""
        roofs = roofs_wm2(time_ms, self._zone.latitude, self._zone.longitude) / 1000
        if not self._solar.size or not roofs.any():
            return
        broken = 4 * cover * (1 - cover)
        clouds = np.clip(cover + 0.25 * broken * self._clouds.at(time_ms), 0, 1)
        through = 0.9 * through_cloud(clouds)
        rows, meters = self._solar, self._zone.meters
        power = roofs[meters.roof[rows]] * through[self._zone.feeder_of[rows]]
        load[rows] -= meters.solar_kw[rows, None] * np.minimum(power, 0.85)

    def _add_up(self, meters: Floats) -> Floats:
        feeders = self._zone.feeders
        rows = np.empty((self._zone.size, self._steps))
        rows[1 + feeders :] = meters
        sums = np.add.reduceat(meters, self._zone.starts, axis=0)
        rows[1 : 1 + feeders] = sums + losses(sums, self._capacity[1 : 1 + feeders], FEEDER_LOSS)
        total = rows[1 : 1 + feeders].sum(axis=0, keepdims=True)
        rows[0] = total + losses(total, self._capacity[:1], ZONE_LOSS)
        return rows


def losses(load: Floats, capacity_kw: Floats, rates: tuple[float, float]) -> Floats:
    """Return the losses of lines and transformers: a constant share plus a quadratic one."""
    result: Floats = rates[0] * np.abs(load) + rates[1] * load**2 / capacity_kw[:, None]
    return result
