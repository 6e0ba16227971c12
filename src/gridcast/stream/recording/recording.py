"""A recording: readings in order of arrival, with weather and series."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from gridcast.models.history import History, OperatorForecasts
from gridcast.models.simulator import Arrivals
from gridcast.models.simulator.columns import Columns
from gridcast.models.windows.trust import TRUST, Trust
from gridcast.schemas import GridSeries, WeatherForecast, WeatherObservation
from gridcast.stream.recording.partitions import partitions_of

WeatherMessage = WeatherObservation | WeatherForecast


@dataclass(frozen=True, slots=True)
class Places(Columns):
    """Partition and offset of each reading. The readings of a frame share an offset."""

    partition: npt.NDArray[np.int32]
    offset: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Recording:
    """Past input in order of arrival."""

    title: str
    series: tuple[GridSeries, ...]
    arrivals: Arrivals
    """In order of arrival; `series` is an index into the tuple above."""
    weather: tuple[WeatherMessage, ...]
    """In order of availability."""
    slot_ms: int = 0
    """Width of the slot that begins at a reading's time; the reading is its mean. 0: no slot."""
    operator_forecasts: OperatorForecasts | None = None
    places: Places | None = None
    """None: each reading is a message of its own, in the partition of its series."""

    @property
    def names(self) -> list[str]:
        """The ids of the series."""
        return [declared.series for declared in self.series]

    @property
    def first_ms(self) -> int:
        """Arrival of the first reading."""
        return int(self.arrivals.arrival_ms[0]) if len(self.arrivals) else 0

    @property
    def end_ms(self) -> int:
        """The moment after the arrival of the last reading."""
        return int(self.arrivals.arrival_ms[-1]) + 1 if len(self.arrivals) else 0

    def arriving(self, from_ms: int, to_ms: int) -> Self:
        """Return what arrived between two moments, and all weather before the second."""
        first, end = np.searchsorted(self.arrivals.arrival_ms, [from_ms, to_ms])
        weather = tuple(message for message in self.weather if available_ms(message) < to_ms)
        return replace(self.only(slice(int(first), int(end))), weather=weather)

    def known_by(self, moment_ms: int) -> Self:
        """Return what had arrived, become available or been published before a moment."""
        known = self.arriving(self.first_ms, moment_ms)
        forecasts = self.operator_forecasts
        if forecasts is None:
            return known
        by_then = forecasts.available_at_ms < moment_ms
        published = OperatorForecasts(
            forecasts.row[by_then],
            forecasts.time_ms[by_then],
            forecasts.available_at_ms[by_then],
            forecasts.value[by_then],
        )
        return replace(known, operator_forecasts=published)

    def only(self, which: npt.NDArray[np.bool_] | slice) -> Self:
        """Return the recording with some of its readings."""
        places = None if self.places is None else self.places.take(which)
        return replace(self, arrivals=self.arrivals.take(which), places=places)

    def partitions(self, count: int) -> npt.NDArray[np.int32]:
        """Return the partition of each reading, if there are `count` of them."""
        if self.places is not None:
            return self.places.partition
        return partitions_of(self.names, count)[self.arrivals.series]

    @cached_property
    def history(self) -> History:
        """The readings with their corrections: each time once, without rejected ones."""
        every = self.arrivals
        trust = TRUST[every.quality]
        used = np.flatnonzero(trust != Trust.REJECTED)
        # The highest revision counts, then the higher trust, then the earlier arrival.
        order = used[
            np.lexsort(
                (-used, trust[used], every.revision[used], every.time_ms[used], every.series[used])
            )
        ]
        series, time = every.series[order], every.time_ms[order]
        last = np.append((np.diff(series) != 0) | (np.diff(time) != 0), True)
        rows = order[last] if len(order) else order
        return History(
            title=self.title,
            step_ms=self.slot_ms or None,
            series=self.series,
            row=every.series[rows],
            time_ms=every.time_ms[rows],
            value=every.value[rows],
            label=None,
            weather={},
            operator_forecasts=self.operator_forecasts,
        )


def available_ms(message: WeatherMessage) -> int:
    """Return when a weather message became available."""
    return round(message.available_at.timestamp() * 1000)


def in_order(messages: list[WeatherMessage]) -> tuple[WeatherMessage, ...]:
    """Return weather messages in order of availability."""
    return tuple(sorted(messages, key=available_ms))


def arrivals_of(history: History, slot_ms: int) -> Arrivals:
    """Return a file's readings as arrivals at the end of their slots, then by series."""
    order = np.lexsort((history.row, history.time_ms))
    time_ms: npt.NDArray[np.int64] = history.time_ms[order]
    return Arrivals(
        series=history.row[order],
        time_ms=time_ms,
        arrival_ms=time_ms + slot_ms,
        value=history.value[order],
        quality=np.zeros(len(order), np.uint8),
        revision=np.zeros(len(order), np.int32),
    )
