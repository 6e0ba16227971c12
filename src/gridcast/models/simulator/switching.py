"""Switched loads: appliances, machines, and cars on their chargers."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from gridcast.models.calendars import WORKDAY, Calendar
from gridcast.models.simulator import customers
from gridcast.models.simulator.customers import CUSTOMERS
from gridcast.models.simulator.grid import Zone
from gridcast.models.simulator.noise import Purpose, generator
from gridcast.models.simulator.types import Floats, Ints
from gridcast.units import DAY_MS, HOUR_MS, MINUTE_MS

_PAGE_MS = 6 * HOUR_MS
_LONGEST_MS = 2 * HOUR_MS  # an appliance is on for no longer
_MEAN_CHARGE_KWH = 9.0


@dataclass(frozen=True, slots=True)
class UsagePeriods:
    """Periods in which something is on: parallel arrays, one entry per period."""

    meter: Ints
    start_ms: Ints
    end_ms: Ints
    kw: Floats

    def mean_power(self, meters: int, start_ms: int, step_ms: int, steps: int) -> Floats:
        """Return the mean power in each step: [meters, steps]. A period counts by its overlap."""
        here = (self.end_ms > start_ms) & (self.start_ms < start_ms + steps * step_ms)
        row, kw = self.meter[here] * (steps + 2), self.kw[here]
        on = np.clip((self.start_ms[here] - start_ms) / step_ms, 0, steps)
        off = np.clip((self.end_ms[here] - start_ms) / step_ms, 0, steps)
        # the running sum of these jumps is the power
        first, last = on.astype(np.int64), off.astype(np.int64)
        part, rest = on - first, off - last
        place = np.concatenate([row + first, row + first + 1, row + last, row + last + 1])
        jump = np.concatenate([kw * (1 - part), kw * part, -kw * (1 - rest), -kw * rest])
        jumps = np.bincount(place, jump, minlength=meters * (steps + 2))
        power = jumps.astype(np.float64).reshape(meters, steps + 2).cumsum(axis=1)
        return power[:, :steps]


class SwitchedLoad:
    """All switched loads of one zone."""

    def __init__(self, seed: int, zone: Zone, calendar: Calendar) -> None:
        self._seed = seed
        self._zone = zone
        self._calendar = calendar
        meters = zone.meters
        rate = np.array([c.appliances_h for c in CUSTOMERS])[meters.customer]
        self._often = np.cumsum(rate)
        kw = np.array([c.appliance_kw for c in CUSTOMERS])
        base = np.array([max(c.base_kw, 1e-9) for c in CUSTOMERS])
        self._kw = kw[meters.customer] * np.minimum(meters.base_kw / base[meters.customer], 3.0)
        self._active = customers.activity()
        self._owners = np.flatnonzero(meters.charger_kw)
        self._appliances = lru_cache(maxsize=4)(self._draw_appliances)
        self._charging = lru_cache(maxsize=6)(self._draw_charging)

    def power(self, start_ms: int, step_ms: int, steps: int) -> Floats:
        """Return the mean power of everything that is on: [meters, steps]."""
        end_ms = start_ms + steps * step_ms
        first_page = (start_ms - _LONGEST_MS) // _PAGE_MS
        pages = [self._appliances(page) for page in range(first_page, -(-end_ms // _PAGE_MS))]
        # a local date begins up to 14 hours from the UTC one; a charge may last until the morning
        days = range(start_ms // DAY_MS - 2, end_ms // DAY_MS + 2)
        pages += [self._charging(day) for day in days]
        uses = UsagePeriods(
            np.concatenate([page.meter for page in pages]),
            np.concatenate([page.start_ms for page in pages]),
            np.concatenate([page.end_ms for page in pages]),
            np.concatenate([page.kw for page in pages]),
        )
        return uses.mean_power(len(self._kw), start_ms, step_ms, steps)

    def _draw_appliances(self, page: int) -> UsagePeriods:
        rng = generator(self._seed, Purpose.APPLIANCES, self._zone.number, page)
        meters = self._zone.meters
        count = rng.poisson(self._often[-1] * (_PAGE_MS / HOUR_MS) * 2)
        meter = np.searchsorted(self._often, rng.uniform(0, self._often[-1], count), side="right")
        start_ms = page * _PAGE_MS + np.sort(rng.integers(0, _PAGE_MS, count))
        wanted = rng.random(count)
        minutes = np.exp(2.6 + 1.1 * rng.standard_normal(count))
        power = rng.gamma(2.5, 1 / 2.5, count)
        if count == 0:
            return UsagePeriods(meter, start_ms, start_ms, power)
        local = self._calendar.at(start_ms)
        minute = (local.minute - meters.shift_min[meter]).astype(np.int64) % 1440
        on = wanted < self._active[meters.customer[meter], self._calendar.kinds(local.day), minute]
        length = np.minimum(minutes * MINUTE_MS, _LONGEST_MS).astype(np.int64)
        return UsagePeriods(
            meter[on], start_ms[on], (start_ms + length)[on], (power * self._kw[meter])[on]
        )

    def _draw_charging(self, day: int) -> UsagePeriods:
        """Draw the charges that begin on a local date, most of them after work."""
        rng = generator(self._seed, Purpose.CHARGING, self._zone.number, day)
        count = len(self._owners)
        midnight_ms = self._calendar.midnight_ms(day)
        workday = self._calendar.kind(day) == WORKDAY
        plugged = rng.random(count) < (0.5 if workday else 0.35)
        home_h = rng.normal(18.6, 1.6, count) if workday else rng.normal(17.0, 3.2, count)
        timer_h = rng.uniform(22.5, 24.5, count)  # some wait for the cheap hours
        begin_h = np.where(rng.random(count) < 0.2, timer_h, np.clip(home_h, 6, 26))
        energy = np.minimum(rng.gamma(2.0, _MEAN_CHARGE_KWH / 2, count), 40.0)
        meter = self._owners[plugged]
        kw = self._zone.meters.charger_kw[meter]
        start_ms = midnight_ms + (begin_h[plugged] * HOUR_MS).astype(np.int64)
        return UsagePeriods(
            meter, start_ms, start_ms + (energy[plugged] / kw * HOUR_MS).astype(np.int64), kw
        )
