"""Readings by arrival, with all that came beside them."""

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
    """Where in the topic each reading was. Those of a frame share an offset."""

    partition: npt.NDArray[np.int32]
    offset: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Recording:
    """What came in, in the order in which it came."""

    title: str
    series: tuple[GridSeries, ...]
    arrivals: Arrivals
    """In order of arrival; `series` is a place in the tuple above."""
    weather: tuple[WeatherMessage, ...]
    """In the order in which it became available."""
    slot_ms: int = 0
    """Each reading is the mean of a slot so wide that begins at its time; 0: of that moment."""
    operator_forecasts: OperatorForecasts | None = None
    places: Places | None = None
    """None: each reading is in a message of its own, in the partition of its series as key."""

    @property
    def names(self) -> list[str]:
        """The ids of the series."""
        return [one.series for one in self.series]

    @property
    def first_ms(self) -> int:
        """When the first reading came."""
        return int(self.arrivals.arrival_ms[0]) if len(self.arrivals) else 0

    @property
    def end_ms(self) -> int:
        """When all had come: the moment after the last."""
        return int(self.arrivals.arrival_ms[-1]) + 1 if len(self.arrivals) else 0

    def arriving(self, from_ms: int, to_ms: int) -> Self:
        """Give what arrived from a moment on and before another; weather only before the other."""
        first, end = np.searchsorted(self.arrivals.arrival_ms, [from_ms, to_ms])
        weather = tuple(one for one in self.weather if available_ms(one) < to_ms)
        return replace(self.only(slice(int(first), int(end))), weather=weather)

    def known_by(self, moment_ms: int) -> Self:
        """Give what was known at a moment: what had arrived, been available or been published."""
        known = self.arriving(self.first_ms, moment_ms)
        told = self.operator_forecasts
        if told is None:
            return known
        by_then = told.available_at_ms < moment_ms
        told = OperatorForecasts(
            told.row[by_then],
            told.time_ms[by_then],
            told.available_at_ms[by_then],
            told.value[by_then],
        )
        return replace(known, operator_forecasts=told)

    def only(self, which: npt.NDArray[np.bool_] | slice) -> Self:
        """Give it with some of its readings."""
        places = None if self.places is None else self.places.take(which)
        return replace(self, arrivals=self.arrivals.take(which), places=places)

    def partitions(self, count: int) -> npt.NDArray[np.int32]:
        """Say for each reading which of so many partitions it came in."""
        if self.places is not None:
            return self.places.partition
        return partitions_of(self.names, count)[self.arrivals.series]

    @cached_property
    def history(self) -> History:
        """What the readings came to in the end: corrected, each time once, nothing rejected."""
        every = self.arrivals
        trust = TRUST[every.quality]
        used = np.flatnonzero(trust != Trust.REJECTED)
        # The highest revision counts, then the greater trust, then what came first.
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
    """Say when a message of weather became available."""
    return round(message.available_at.timestamp() * 1000)


def in_order(messages: list[WeatherMessage]) -> tuple[WeatherMessage, ...]:
    """Put weather in the order in which it became available."""
    return tuple(sorted(messages, key=available_ms))


def arrivals_of(history: History, slot_ms: int) -> Arrivals:
    """Let a file's readings arrive: each when its slot is over, those of one moment by series."""
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
