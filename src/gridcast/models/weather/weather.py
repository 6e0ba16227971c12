"""All stations' observations and forecast runs, and what was known of them at any tick."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt

from gridcast.models.weather.as_of import NOT_KNOWN, WeatherAsOf
from gridcast.models.weather.between import between
from gridcast.models.weather.observations import Observations
from gridcast.models.weather.runs import Run, Runs
from gridcast.schemas.bounds import NEVER
from gridcast.schemas.weather import VARIABLES, WeatherForecast, WeatherObservation
from gridcast.units import DAY_MS, HOUR_MS

OBSERVED_APART_MS = 3 * HOUR_MS
"""Nothing is said between two observations further apart than this: stations report at least every
three hours."""
FORECAST_APART_MS = 6 * HOUR_MS
"""The same between two instants of a run: far ahead, global models give every sixth hour."""
_NOWHERE = np.full(2, np.nan, np.float32)
_NOTHING = np.full(len(VARIABLES), np.nan, np.float32)


@dataclass(slots=True)
class Station:
    """All that one station said."""

    observations: Observations = field(default_factory=Observations)
    runs: Runs = field(default_factory=Runs)


@dataclass(slots=True)
class _Answer:
    values: npt.NDArray[np.float32]
    observed_ms: int
    observed: npt.NDArray[np.float32]
    foretold: npt.NDArray[np.float32]
    issued_ms: int
    place: npt.NDArray[np.float32]


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
        """The earliest tick that can be answered: of what only earlier ones saw, some is gone."""
        self.late = 0
        """Messages that came when a tick that should have seen them had been answered."""
        self._answered_ms = NEVER
        self._stations: dict[str, Station] = {}

    def __len__(self) -> int:
        """How many stations there are."""
        return len(self._stations)

    @property
    def nbytes(self) -> int:
        """Bytes held in arrays."""
        stations = self._stations.values()
        return sum(one.observations.nbytes + one.runs.nbytes for one in stations)

    def observe(self, message: WeatherObservation) -> None:
        """Take an observation, or a correction of one."""
        time_ms = _ms(message.time)
        if time_ms >= self.first_tick_ms - self.reach_ms:
            values = [getattr(message, name) for name in VARIABLES]
            place = [message.latitude, message.longitude]
            station = self._station(message.station)
            station.observations.add(time_ms, _ms(message.available_at), _floats(values + place))

    def forecast(self, message: WeatherForecast) -> None:
        """Take a run."""
        nothing = [None] * len(message.valid_at)
        columns = [_floats(getattr(message, name) or nothing) for name in VARIABLES]
        run = Run(
            issued_ms=_ms(message.issued_at),
            available_ms=_ms(message.available_at),
            valid_ms=np.array([_ms(one) for one in message.valid_at], np.int64),
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
        """Count what came too late; done by `as_of` too."""
        for station in self._stations.values():
            available = station.observations.settle()
            self.late += int((available <= self._answered_ms).sum())

    def as_of(self, tick_ms: int, first_ms: int, slots: int) -> WeatherAsOf:
        """Give what was known at a tick, on so many slots from `first_ms` on."""
        if tick_ms < self.first_tick_ms:
            raise LookupError(f"the weather of tick {tick_ms} was let go")
        self.settle()
        self._answered_ms = max(self._answered_ms, tick_ms)
        middles = first_ms + self.step_ms // 2 + self.step_ms * np.arange(slots, dtype=np.int64)
        found = [
            (name, answer)
            for name, station in sorted(self._stations.items())
            if (answer := self._of_station(station, tick_ms, middles)) is not None
        ]
        shape = (len(found), slots, len(VARIABLES))
        return WeatherAsOf(
            tick_ms,
            stations=tuple(name for name, _ in found),
            values=np.array([one.values for _, one in found], np.float32).reshape(shape),
            observed_ms=np.array([one.observed_ms for _, one in found], np.int64),
            observed=_rows([one.observed for _, one in found]),
            foretold=_rows([one.foretold for _, one in found]),
            issued_ms=np.array([one.issued_ms for _, one in found], np.int64),
            places=np.array([one.place for _, one in found], np.float32).reshape(-1, 2),
        )

    def forget(self, tick_ms: int) -> None:
        """Let go of what only ticks before this one would see: they can be answered no more."""
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
        """Take earlier messages again, for earlier ticks; they must then be given again, all."""
        self.first_tick_ms = min(self.first_tick_ms, tick_ms)
        self._answered_ms = NEVER  # so that none of them counts as late

    def stations(self) -> Mapping[str, Station]:
        """Give all that each station said, by name: for who asks of very many ticks at once."""
        self.settle()
        return dict(sorted(self._stations.items()))

    def _station(self, name: str) -> Station:
        return self._stations.setdefault(name, Station())

    def _of_station(
        self, station: Station, tick_ms: int, middles: npt.NDArray[np.int64]
    ) -> _Answer | None:
        since_ms = tick_ms - self.reach_ms
        time, available, observed = station.observations.known(tick_ms, since_ms)
        run = station.runs.newest(tick_ms, since_ms)
        if not len(time) and run is None:
            return None
        values = between(time, observed[:, :-2], middles, OBSERVED_APART_MS)
        unknown = np.isnan(values)
        if run is not None and unknown.any():
            slots = np.flatnonzero(unknown.any(axis=1))
            forecast = between(run.valid_ms, run.values, middles[slots], FORECAST_APART_MS)
            values[slots] = np.where(unknown[slots], forecast, values[slots])
        said = np.flatnonzero(~np.isnan(observed[:, -1]))
        place = _NOWHERE if run is None else run.place
        if len(said):
            # the place that became known last, of several the one measured last
            last = said[len(said) - 1 - int(np.argmax(available[said][::-1]))]
            place = observed[last, -2:]
        newest, foretold = time[-1:], _NOTHING
        if run is not None and len(newest):
            foretold = between(run.valid_ms, run.values, newest, FORECAST_APART_MS)[0]
        return _Answer(
            values,
            int(newest[0]) if len(newest) else NOT_KNOWN,
            observed[-1, :-2] if len(newest) else _NOTHING,
            foretold,
            NOT_KNOWN if run is None else run.issued_ms,
            place,
        )


def _rows(rows: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    return np.array(rows, np.float32).reshape(len(rows), len(VARIABLES))


def _ms(time: datetime) -> int:
    return round(time.timestamp() * 1000)


def _floats(values: Sequence[float | None]) -> list[float]:
    return [np.nan if value is None else value for value in values]
