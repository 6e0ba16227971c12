"""The series of a partition and the row of each."""

import sys
from collections.abc import Sequence
from itertools import repeat

import numpy as np
import numpy.typing as npt

from gridcast.models.windows.minute import Rows

PAGE = 8192
"""Numbers a page: a page's names fit into one Kafka message, and one new series rewrites one."""


def pages_of(numbers: npt.NDArray[np.int64]) -> list[int]:
    """Return the pages of the series list that hold these numbers."""
    pages: list[int] = np.unique(numbers // PAGE).tolist()
    return pages


class Roster:
    """Series by row. Rows move when silent series are dropped; a series' number never changes."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.next_number = 0
        self.changed: set[int] = set()
        """Pages of the list in which series came or went since they were last recorded."""
        self._numbers = np.empty(0, np.int64)
        self._last_ms = np.empty(0, np.int64)
        self._index: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.names)

    @property
    def numbers(self) -> npt.NDArray[np.int64]:
        """The number of each row's series, given for life and ascending."""
        return self._numbers[: len(self)]

    @property
    def last_ms(self) -> npt.NDArray[np.int64]:
        """Minute of the newest reading of each row's series."""
        return self._last_ms[: len(self)]

    @property
    def nbytes(self) -> int:
        """Bytes held, names and index included."""
        names = sum(map(sys.getsizeof, self.names)) + sys.getsizeof(self.names)
        rows = sum(map(sys.getsizeof, self._index.values()))
        arrays = self._numbers.nbytes + self._last_ms.nbytes
        return names + rows + sys.getsizeof(self._index) + arrays

    def row(self, series: str) -> int | None:
        """Return the row of a series."""
        return self._index.get(series)

    def find(self, series: Sequence[str]) -> Rows:
        """Return the row of each series, or -1 if it has none."""
        return np.fromiter(map(self._index.get, series, repeat(-1)), np.int64, len(series))

    def rows(self, series: Sequence[str]) -> Rows:
        """Return the row of each series; new series get one."""
        index = self._index
        try:
            return np.array([index[name] for name in series], np.int64)
        except KeyError:
            self._add([name for name in dict.fromkeys(series) if name not in index])
            return self.rows(series)

    def _add(self, names: list[str]) -> None:
        numbers = np.arange(self.next_number, self.next_number + len(names))
        self.enlist(names, numbers)
        self.next_number += len(names)

    def enlist(self, names: Sequence[str], numbers: npt.NDArray[np.int64]) -> None:
        """Add series under numbers greater than all there are."""
        old, new = len(self), len(self) + len(names)
        if new > len(self._numbers):  # by an eighth at least: copying stays linear
            room = max(new, len(self._numbers) + len(self._numbers) // 8)
            self._numbers = np.resize(self._numbers, room)
            self._last_ms = np.resize(self._last_ms, room)
        self._numbers[old:new] = numbers
        self._last_ms[old:new] = np.iinfo(np.int64).min
        self._index.update(zip(names, range(old, new), strict=True))
        self.names.extend(names)
        self.changed.update(pages_of(numbers))

    def heard(self, rows: Rows, time_ms: npt.NDArray[np.int64]) -> None:
        """Record when rows had readings, in order of time."""
        self._last_ms[rows] = np.maximum(self._last_ms[rows], time_ms)

    def keep(self, rows: Rows) -> None:
        """Drop every series that is not in these rows."""
        self.changed.update(pages_of(np.delete(self.numbers, rows)))
        self._numbers, self._last_ms = self.numbers[rows], self.last_ms[rows]
        self.names = [self.names[row] for row in rows]
        self._index = {name: row for row, name in enumerate(self.names)}
