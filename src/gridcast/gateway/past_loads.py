"""The recent past of every series: the mean of its readings in each slot, and its newest reading.

A ring of slots over all series that the newest reading of any series advances. Per slot and series
it holds a sum (4 bytes) and a count (2 bytes). It is for display only. Forecasts use windows, which
fill gaps and weight readings by their duration.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gridcast.models.windows.trust import TRUST, Trust
from gridcast.schemas import ReadingColumns

MOST_COUNTED = np.iinfo(np.uint16).max
BEGIN_ROWS = 256


class NewestReading(NamedTuple):
    """The newest reading of a series, with its partition and offset."""

    series: str
    time_ms: int
    value: float
    quality: int
    revision: int
    partition: int
    offset: int


class PastLoads:
    """The recent past of all series.

    Parameters
    ----------
    step_ms
        Width of a slot.
    slots
        Number of slots that are kept.

    Examples
    --------
    >>> past = PastLoads(step_ms=60_000, slots=3)
    >>> readings = ReadingColumns(
    ...     ["m-1", "m-1"], np.array([0, 30_000]), np.array([1.0, 2.0]),
    ...     np.zeros(2, np.uint8), np.zeros(2, np.int32),
    ... )
    >>> past.fold(readings, partition=0, offsets=np.array([7, 8]))
    >>> past.of("m-1")
    [(0, 1.5)]
    >>> [(newest.value, newest.offset) for newest in past.drain_newest()]
    [(2.0, 8)]
    """

    def __init__(self, step_ms: int, slots: int) -> None:
        self._step_ms = step_ms
        self._slots = slots
        self._head: int | None = None
        self._rows: dict[str, int] = {}
        self._names: list[str] = []
        self._sum = np.zeros((0, slots), np.float32)
        self._count = np.zeros((0, slots), np.uint16)
        self._newest = np.zeros(0, NEWEST_ROW)

    def __len__(self) -> int:
        return len(self._names)

    def fold(
        self, readings: ReadingColumns, partition: int, offsets: npt.NDArray[np.int64]
    ) -> None:
        """Add readings. Those before the ring only count as newest reading."""
        if not len(readings):
            return
        rows = self._rows_of(readings.series)
        self._note_newest(rows, readings, partition, offsets)
        slots = readings.time_ms // self._step_ms
        self._advance(int(slots.max()))
        head = self._head or 0
        used = (slots > head - self._slots) & (TRUST[readings.quality] == Trust.MEASURED)
        rows, columns = rows[used], slots[used] % self._slots
        room = self._count[rows, columns] < MOST_COUNTED
        np.add.at(self._sum, (rows[room], columns[room]), readings.value[used][room])
        np.add.at(self._count, (rows[room], columns[room]), 1)

    def of(self, series: str) -> list[tuple[int, float]]:
        """Return the begin of each measured slot of a series, and its mean, kW; oldest first."""
        row = self._rows.get(series)
        if row is None or self._head is None:
            return []
        slots = np.arange(self._head - self._slots + 1, self._head + 1)
        count = self._count[row, slots % self._slots]
        measured = count > 0
        mean = self._sum[row, slots % self._slots][measured] / count[measured]
        times = slots[measured] * self._step_ms
        return list(zip(times.tolist(), np.round(mean.astype(np.float64), 3).tolist(), strict=True))

    def drain_newest(self) -> Iterator[NewestReading]:
        """Yield the newest reading of each series that has a new one since the last call."""
        rows = np.flatnonzero(self._newest["fresh"][: len(self)])
        self._newest["fresh"][rows] = False
        for row, fields in zip(rows.tolist(), self._newest[rows].tolist(), strict=True):
            yield NewestReading(self._names[row], *fields[1:])

    def newest_times(self) -> tuple[list[str], npt.NDArray[np.int64]]:
        """Return every series, and the time of each one's newest reading."""
        return self._names, self._newest["time_ms"][: len(self)]

    def _rows_of(self, names: list[str]) -> npt.NDArray[np.intp]:
        rows = self._rows
        for name in dict.fromkeys(names):
            if name not in rows:
                rows[name] = len(self._names)
                self._names.append(name)
        self._grow()
        return np.fromiter((rows[name] for name in names), np.intp, len(names))

    def _grow(self) -> None:
        capacity, needed = len(self._newest), len(self._names)
        if needed <= capacity:
            return
        more = max(needed, 2 * capacity, BEGIN_ROWS) - capacity
        self._sum = np.concatenate([self._sum, np.zeros((more, self._slots), np.float32)])
        self._count = np.concatenate([self._count, np.zeros((more, self._slots), np.uint16)])
        new = np.zeros(more, NEWEST_ROW)
        new["time_ms"] = np.iinfo(np.int64).min
        self._newest = np.concatenate([self._newest, new])

    def _note_newest(
        self,
        rows: npt.NDArray[np.intp],
        readings: ReadingColumns,
        partition: int,
        offsets: npt.NDArray[np.int64],
    ) -> None:
        # In the order of their times, so that of several of one series the newest stays.
        order = np.lexsort((readings.revision, readings.time_ms))
        order = order[readings.time_ms[order] >= self._newest["time_ms"][rows[order]]]
        at = rows[order]
        self._newest["fresh"][at] = True
        self._newest["time_ms"][at] = readings.time_ms[order]
        self._newest["value"][at] = readings.value[order]
        self._newest["quality"][at] = readings.quality[order]
        self._newest["revision"][at] = readings.revision[order]
        self._newest["partition"][at] = partition
        self._newest["offset"][at] = offsets[order]

    def _advance(self, slot: int) -> None:
        if self._head is None:
            self._head = slot
        for passed in range(max(self._head, slot - self._slots) + 1, slot + 1):
            self._sum[:, passed % self._slots] = 0
            self._count[:, passed % self._slots] = 0
        self._head = max(self._head, slot)


NEWEST_ROW = np.dtype(
    [
        ("fresh", np.bool_),
        ("time_ms", np.int64),
        ("value", np.float64),
        ("quality", np.uint8),
        ("revision", np.int32),
        ("partition", np.int32),
        ("offset", np.int64),
    ]
)
"""A row of newest readings: whether it is yet to be drained, then the fields of `NewestReading`."""
