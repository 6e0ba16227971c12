"""One closed slot of all series."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from gridcast.models.windows.marks import NOTHING
from gridcast.models.windows.minute import Rows


@dataclass(slots=True)
class Column:
    """Mean and mark of a slot by row; rows beyond its end appeared later and have no data."""

    mean: npt.NDArray[np.float32]
    mark: npt.NDArray[np.uint8]

    @classmethod
    def empty(cls, rows: int = 0) -> Self:
        """Return a column in which nothing was measured."""
        return cls(np.full(rows, np.nan, np.float32), np.full(rows, NOTHING, np.uint8))

    def __len__(self) -> int:
        return len(self.mean)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.mean.nbytes + self.mark.nbytes

    def at(self, rows: Rows) -> "Column":
        """Return a column of these rows."""
        given = Column.empty(len(rows))
        inside = rows < len(self)
        given.mean[inside], given.mark[inside] = self.mean[rows[inside]], self.mark[rows[inside]]
        return given

    def put(self, rows: Rows, part: "Column") -> None:
        """Replace some rows; the column grows to hold them."""
        if len(rows) and rows[-1] >= len(self):
            longer = Column.empty(int(rows[-1]) + 1)
            longer.mean[: len(self)], longer.mark[: len(self)] = self.mean, self.mark
            self.mean, self.mark = longer.mean, longer.mark
        self.mean[rows], self.mark[rows] = part.mean, part.mark


@dataclass(frozen=True, slots=True)
class Patch:
    """Corrected values for some rows of a compacted slot, from late readings."""

    rows: Rows
    """Ascending."""
    column: Column

    def lay_over(
        self, first: int, mean: npt.NDArray[np.float32], mark: npt.NDArray[np.uint8]
    ) -> None:
        """Overwrite the patched rows in a column that begins at row `first`."""
        low, high = np.searchsorted(self.rows, [first, first + len(mean)])
        at = self.rows[low:high] - first
        mean[at], mark[at] = self.column.mean[low:high], self.column.mark[low:high]
