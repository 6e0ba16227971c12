"""A simulated grid: readings in order of arrival, labels, the true load, and the weather."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np

from gridcast.models.calendars import Calendar
from gridcast.models.simulator.arrivals import Arrivals, Labels
from gridcast.models.simulator.faults import FAULTS, Faults
from gridcast.models.simulator.feed import SimulatedFeed, longest_delay_ms
from gridcast.models.simulator.grid import SimulatedGrid
from gridcast.models.simulator.load import SimulatedLoad
from gridcast.models.simulator.meteorology import StationMeasurements, WeatherRun, WeatherService
from gridcast.models.simulator.types import Floats, Ints
from gridcast.models.simulator.weather import TrueWeather
from gridcast.units import SECOND_MS

STEPS = 60  # steps in a block, which is generated at once


@dataclass(frozen=True, slots=True)
class SimulationChunk:
    """Readings that arrived in a period, and the span of true time generated for them."""

    from_ms: int
    until_ms: int
    arrivals: Arrivals
    labels: Labels


@dataclass(frozen=True, slots=True)
class Truth:
    """The true load of all series: [series, steps]."""

    time_ms: Ints
    value: Floats


class Simulation:
    """A reproducible simulation of a grid over any span of time.

    Time is cut into blocks of 60 steps, which are generated whole and cut to the requested span. A
    block depends only on the seed and its number, so a span is the same on its own as within a
    longer one.
    """

    def __init__(
        self, grid: SimulatedGrid, seed: int, step_s: int = 60, faults: Faults = FAULTS["mild"]
    ) -> None:
        if step_s < 1 or 3600 % step_s:
            raise ValueError(f"a step must divide an hour (3600 s) evenly, not {step_s}")
        self.grid = grid
        self.seed = seed
        self.step_ms = step_s * SECOND_MS
        self.faults = faults
        calendar = Calendar(grid.country.time_zone, grid.country_code)
        skies = [
            TrueWeather(seed, zone.number, grid.country, zone.latitude, zone.longitude)
            for zone in grid.zones
        ]
        self._loads = [
            SimulatedLoad(seed, zone, calendar, sky, step_ms=self.step_ms, steps=STEPS)
            for zone, sky in zip(grid.zones, skies, strict=True)
        ]
        self._feeds = [
            SimulatedFeed(seed, zone, load, faults, step_ms=self.step_ms, steps=STEPS)
            for zone, load in zip(grid.zones, self._loads, strict=True)
        ]
        self._services = [
            WeatherService(seed, zone.number, sky)
            for zone, sky in zip(grid.zones, skies, strict=True)
        ]

    def chunks(
        self, start_ms: int, end_ms: int | None = None, *, arriving_from_ms: int = 0
    ) -> Iterator[SimulationChunk]:
        """Yield the readings of start <= true time < end by arrival; without an end, for ever.

        The last chunk holds the readings that arrive after the end. With `arriving_from_ms` a feed
        of the same start is continued: earlier arrivals and labels are not repeated.
        """
        width_ms = STEPS * self.step_ms
        begin_ms = max(start_ms, arriving_from_ms - longest_delay_ms(self.step_ms))
        waiting: list[Arrivals] = []
        until_ms = begin_ms
        for number in count(begin_ms // width_ms):
            block_ms = number * width_ms
            if end_ms is not None and block_ms >= end_ms:
                break
            from_ms = max(block_ms, start_ms)
            until_ms = block_ms + width_ms if end_ms is None else min(block_ms + width_ms, end_ms)
            parts = [feed.block(number, from_ms, until_ms) for feed in self._feeds]
            coming = Arrivals.join([*waiting, *(part[0] for part in parts)]).in_order(block_ms)
            # a later block can only arrive later
            ready = int(np.searchsorted(coming.arrival_ms, block_ms + width_ms))
            waiting = [coming.take(slice(ready, None))]
            if block_ms + width_ms <= arriving_from_ms:
                continue
            old = int(np.searchsorted(coming.arrival_ms, arriving_from_ms))
            labels = Labels.join(
                [*(feed.labels(from_ms, until_ms) for feed in self._feeds), *(p[1] for p in parts)]
            )
            # lasting faults that began earlier are labelled in the first chunk of a feed only
            new = from_ms == start_ms and arriving_from_ms <= start_ms
            begun_ms = 0 if new else max(block_ms, arriving_from_ms)
            yield SimulationChunk(
                from_ms,
                until_ms,
                coming.take(slice(old, ready)),
                labels.take(labels.from_ms >= begun_ms),
            )
        for rest in waiting:
            old = int(np.searchsorted(rest.arrival_ms, arriving_from_ms))
            yield SimulationChunk(until_ms, until_ms, rest.take(slice(old, None)), Labels.empty())

    def truth(self, start_ms: int, end_ms: int) -> Truth:
        """Return the true load of start <= time < end."""
        first, last = -(-start_ms // self.step_ms), -(-end_ms // self.step_ms)
        blocks = range(first // STEPS, -(-last // STEPS))
        parts = [np.concatenate([load.block(n) for load in self._loads]) for n in blocks]
        skip = first - first // STEPS * STEPS
        value = np.concatenate(parts, axis=1)[:, skip : skip + last - first]
        return Truth(self.step_ms * np.arange(first, last, dtype=np.int64), value)

    def observations(self, start_ms: int, end_ms: int) -> list[StationMeasurements]:
        """Return each station's observations of start <= time < end."""
        return [service.observations(start_ms, end_ms) for service in self._services]

    def weather_forecasts(self, start_ms: int, end_ms: int) -> list[WeatherRun]:
        """Return each station's forecasts issued at start <= time < end."""
        return [run for service in self._services for run in service.forecasts(start_ms, end_ms)]
