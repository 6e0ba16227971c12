"""All stations' observations and forecast runs, and what was known of them at any tick."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from gridcast.models.weather.as_of import WeatherAsOf
from gridcast.models.weather.at_tick import StationAtTick, WeatherAtTick
from gridcast.models.weather.observations import Observations
from gridcast.models.weather.runs import Run, Runs
from gridcast.schemas.bounds import NEVER
from gridcast.schemas.weather import VARIABLES, WeatherForecast, WeatherObservation
from gridcast.units import DAY_MS, epoch_ms


@dataclass(slots=True)
class Station:
    """All messages of one station."""

    observations: Observations = field(default_factory=Observations)
    runs: Runs = field(default_factory=Runs)


class Weather:
    """The weather that was known, at any tick.

    What a tick sees depends on the messages alone: not on the order in which they came, not on how
    often, and on none that became available after it.

    Parameters
    ----------
    step_ms
        Width of a slot.
    past_ms
        How far back a tick looks: the length of the window. What was measured or issued more than
        a day before that is seen by no tick.
    """

    def __init__(self, step_ms: int, past_ms: int) -> None:
        self.step_ms = step_ms
        self.reach_ms = past_ms + DAY_MS
        self.first_tick_ms = NEVER
        """The earliest tick that can be answered; data that only earlier ones need may be gone."""
        self.late = 0
        """Messages that arrived after a tick that should have seen them was answered."""
        self._answered_ms = NEVER
        self._stations: dict[str, Station] = {}

    def __len__(self) -> int:
        """Number of stations."""
        return len(self._stations)

    @property
    def nbytes(self) -> int:
        """Bytes held in arrays."""
        stations = self._stations.values()
        return sum(station.observations.nbytes + station.runs.nbytes for station in stations)

    def observe(self, message: WeatherObservation) -> None:
        """Add an observation, or a correction of one."""
        time_ms = epoch_ms(message.time)
        if time_ms >= self.first_tick_ms - self.reach_ms:
            values = [getattr(message, name) for name in VARIABLES]
            place = [message.latitude, message.longitude]
            station = self._station(message.station)
            station.observations.add(
                time_ms, epoch_ms(message.available_at), _floats(values + place)
            )

    def forecast(self, message: WeatherForecast) -> None:
        """Add a forecast run."""
        nothing = [None] * len(message.valid_at)
        columns = [_floats(getattr(message, name) or nothing) for name in VARIABLES]
        run = Run(
            issued_ms=epoch_ms(message.issued_at),
            available_ms=epoch_ms(message.available_at),
            valid_ms=np.array([epoch_ms(instant) for instant in message.valid_at], np.int64),
            values=np.array(columns, np.float32).T.copy(),
            place=np.array(_floats([message.latitude, message.longitude]), np.float32),
        )
        runs = self._station(message.station).runs
        since_ms = self.first_tick_ms - self.reach_ms
        newest = runs.newest(self.first_tick_ms, since_ms)
        if run.issued_ms < since_ms or (newest is not None and run.rank < newest.rank):
            return  # no tick that can still be answered would choose it
        if runs.add(run):
            self.late += run.available_ms <= self._answered_ms

    def settle(self) -> None:
        """Sort in new messages and count late ones; `as_of` does it too."""
        for station in self._stations.values():
            available = station.observations.settle()
            self.late += int((available <= self._answered_ms).sum())

    def as_of(self, tick_ms: int, first_ms: int, slots: int) -> WeatherAsOf:
        """Return what was known at a tick, on `slots` slots from `first_ms` on."""
        return self.at(tick_ms).as_of(first_ms, slots)

    def at(self, tick_ms: int) -> WeatherAtTick:
        """Return what was known at a tick: a view that no later message changes."""
        if tick_ms < self.first_tick_ms:
            raise LookupError(f"the weather of tick {tick_ms} was let go")
        self.settle()
        self._answered_ms = max(self._answered_ms, tick_ms)
        since_ms = tick_ms - self.reach_ms
        stations = []
        for name, station in sorted(self._stations.items()):
            time_ms, available_ms, observed = station.observations.known(tick_ms, since_ms)
            run = station.runs.newest(tick_ms, since_ms)
            if len(time_ms) or run is not None:
                stations.append(StationAtTick(name, time_ms, available_ms, observed, run))
        return WeatherAtTick(tick_ms, self.step_ms, tuple(stations))

    def forget(self, tick_ms: int) -> None:
        """Drop what only ticks before this one need; they can no longer be answered."""
        if tick_ms <= self.first_tick_ms:
            return
        self.settle()
        self.first_tick_ms = tick_ms
        since_ms = tick_ms - self.reach_ms
        for name, station in list(self._stations.items()):
            station.observations.forget(since_ms)
            station.runs.forget(tick_ms, since_ms)
            if not len(station.observations) and not len(station.runs):
                del self._stations[name]

    def reach_back(self, tick_ms: int) -> None:
        """Allow earlier ticks again. All earlier messages must then be added again."""
        self.first_tick_ms = min(self.first_tick_ms, tick_ms)
        self._answered_ms = NEVER  # so that none of them counts as late

    def stations(self) -> Mapping[str, Station]:
        """Return all messages of each station, by name, for lookups at very many ticks."""
        self.settle()
        return dict(sorted(self._stations.items()))

    def _station(self, name: str) -> Station:
        return self._stations.setdefault(name, Station())


def _floats(values: Sequence[float | None]) -> list[float]:
    return [np.nan if value is None else value for value in values]
