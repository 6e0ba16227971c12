"""The observations of one station, corrections included."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gridcast.schemas.weather import VARIABLES
from gridcast.units import Times

COLUMNS = len(VARIABLES) + 2
"""The variables, latitude and longitude."""

Values = npt.NDArray[np.float32]


class Observations:
    """One station's observations: a row for each time and each moment at which it became known.

    The order is by time, then by availability, so it does not depend on the order of arrival. Of
    two rows that differ only in their values the one with the greater bits is kept.
    """

    def __init__(self) -> None:
        self._time = np.empty(0, np.int64)
        self._available = np.empty(0, np.int64)
        self._values = np.empty((0, COLUMNS), np.float32)
        self._coming: list[tuple[int, int, Sequence[float]]] = []

    def __len__(self) -> int:
        return len(self._time) + len(self._coming)

    @property
    def nbytes(self) -> int:
        """Bytes held in arrays."""
        return self._time.nbytes + self._available.nbytes + self._values.nbytes

    def add(self, time_ms: int, available_ms: int, values: Sequence[float]) -> None:
        """Add an observation; NaN is a variable that was not measured."""
        self._coming.append((time_ms, available_ms, values))

    def settle(self) -> Times:
        """Sort in what was added; return the availability of new observations."""
        if not self._coming:
            return np.empty(0, np.int64)
        coming = [np.array(column) for column in zip(*self._coming, strict=True)]
        self._coming = []
        time = np.concatenate([self._time, coming[0]])
        available = np.concatenate([self._available, coming[1]])
        values = np.concatenate([self._values, coming[2].astype(np.float32)])
        new = np.arange(len(time)) >= len(self._time)
        # What was there comes last among equals: what came again is nothing new.
        order = np.lexsort((~new, *values.view(np.uint32).T, available, time))
        last = np.append((np.diff(time[order]) != 0) | (np.diff(available[order]) != 0), True)
        rows = order[last]
        self._time, self._available, self._values = time[rows], available[rows], values[rows]
        fresh: Times = self._available[new[rows]]
        return fresh

    def known(self, tick_ms: int, since_ms: int) -> tuple[Times, Times, Values]:
        """Return time, availability and values of what was known at a tick, one row per time."""
        first, end = np.searchsorted(self._time, [since_ms, tick_ms + 1])
        seen = first + np.flatnonzero(self._available[first:end] <= tick_ms)
        time = self._time[seen]
        rows = seen[np.append(time[1:] != time[:-1], True)] if len(seen) else seen
        return self._time[rows], self._available[rows], self._values[rows]

    def rows(self) -> tuple[Times, Times, Values]:
        """Return time, availability and values of all settled rows, in order of the first two."""
        return self._time, self._available, self._values

    def forget(self, before_ms: int) -> None:
        """Drop what was measured before a time."""
        kept = int(np.searchsorted(self._time, before_ms))
        if kept > len(self._time) // 16:  # for a few rows, the rest is not copied
            self._time = self._time[kept:].copy()
            self._available = self._available[kept:].copy()
            self._values = self._values[kept:].copy()
