"""Real history in memory, as used by training, replay and backtest."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridcast.schemas.columns import ReadingColumns
from gridcast.schemas.series import GridSeries
from gridcast.schemas.weather import VARIABLES
from gridcast.units import MINUTE_MS


@dataclass(frozen=True)
class SlotGrid:
    """Readings laid out by slot: one row a series, one column a slot, NaN where there is none."""

    start_ms: int
    step_ms: int
    value: NDArray[np.float64]
    """kW, [series, slots]."""

    @property
    def time_ms(self) -> NDArray[np.int64]:
        """When each slot begins."""
        return self.start_ms + self.step_ms * np.arange(self.value.shape[1], dtype=np.int64)


@dataclass(frozen=True)
class StationHistory:
    """The observations of one station, in order of time."""

    time_ms: NDArray[np.int64]
    available_at_ms: NDArray[np.int64]
    """When each row became known; rises with the time."""
    value: NDArray[np.float64]
    """[observations, variables], the variables in the order of `gridcast.schemas.weather`."""

    def __len__(self) -> int:
        return len(self.time_ms)

    def as_of(self, instants_ms: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the newest row known at each instant; NaN before the first."""
        newest = np.searchsorted(self.available_at_ms, instants_ms, side="right") - 1
        rows = self.value[np.maximum(newest, 0)]
        rows[newest < 0] = np.nan
        return rows

    def variable(self, name: str) -> NDArray[np.float64]:
        """Return the column of one variable."""
        return self.value[:, VARIABLES.index(name)]


@dataclass(frozen=True)
class OperatorForecasts:
    """The grid operator's own forecasts, with the times at which they became known."""

    row: NDArray[np.int32]
    """Index of the series, as in :class:`History`."""
    time_ms: NDArray[np.int64]
    available_at_ms: NDArray[np.int64]
    value: NDArray[np.float64]
    """kW."""


@dataclass(frozen=True)
class History:
    """Readings of some series, ordered by series and time, with weather and operator forecasts.

    A reading's time is the start of its slot, whichever end the file gave. Each series has at most
    one reading per time; missing readings are left out.
    """

    title: str
    step_ms: int | None
    """Time between two readings; None if they are irregular."""
    series: tuple[GridSeries, ...]
    row: NDArray[np.int32]
    """Reading i is of `series[row[i]]`."""
    time_ms: NDArray[np.int64]
    value: NDArray[np.float64]
    """kW."""
    label: NDArray[np.bool_] | None
    """Which readings are labelled as anomalous, if the file has labels."""
    weather: Mapping[str, StationHistory]
    operator_forecasts: OperatorForecasts | None

    def __len__(self) -> int:
        return len(self.time_ms)

    def readings_of(self, row: int) -> slice:
        """Return which readings belong to a series."""
        begin, end = np.searchsorted(self.row, [row, row + 1])
        return slice(int(begin), int(end))

    def columns(self, batch: int = 100_000) -> Iterator[ReadingColumns]:
        """Yield all readings in order of time, as a stream would, `batch` at a time."""
        ids = np.array([declared.series for declared in self.series], dtype=object)
        order = np.argsort(self.time_ms, kind="stable")
        for begin in range(0, len(order), batch):
            rows = order[begin : begin + batch]
            yield ReadingColumns(
                series=ids[self.row[rows]].tolist(),
                time_ms=self.time_ms[rows],
                value=self.value[rows],
                quality=np.zeros(len(rows), np.uint8),
                revision=np.zeros(len(rows), np.int32),
            )

    def grid(
        self, step_minutes: float, start_ms: int | None = None, end_ms: int | None = None
    ) -> SlotGrid:
        """Lay the readings out by slot; a slot is the mean of the readings that begin in it.

        Slots begin on whole steps since 1970 UTC, and the grid reaches from the slot of `start_ms`
        (else of the first reading) up to `end_ms`, that slot left out (else past the last reading).
        A step finer than the readings' own leaves the slots between them NaN, as a stream would.
        """
        step_ms = round(step_minutes * MINUTE_MS)
        if start_ms is None:
            start_ms = int(self.time_ms.min(initial=2**62)) if len(self) else 0
        if end_ms is None:
            end_ms = int(self.time_ms.max()) + 1 if len(self) else start_ms
        start = start_ms // step_ms
        slots = max(0, -(-end_ms // step_ms) - start)
        slot = self.time_ms // step_ms - start
        inside = (slot >= 0) & (slot < slots)
        cell = self.row[inside].astype(np.int64) * slots + slot[inside]
        size = len(self.series) * slots
        total = np.bincount(cell, weights=self.value[inside], minlength=size)
        count = np.bincount(cell, minlength=size)
        mean = np.divide(total, count, out=np.full(size, np.nan), where=count > 0)
        return SlotGrid(start * step_ms, step_ms, mean.reshape(len(self.series), slots))
