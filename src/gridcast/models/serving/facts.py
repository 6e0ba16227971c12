"""What is known of a partition's series beside their readings, row by row."""

from collections.abc import Sequence
from zlib import crc32

import numpy as np
import numpy.typing as npt

from gridcast.models.grid import Grid
from gridcast.schemas import GridSeries
from gridcast.schemas.series import SeriesKind

KINDS = tuple(SeriesKind)


class SeriesFacts:
    """The declarations of some series, say those of a partition; looked up anew only on a change.

    Parameters
    ----------
    grid
        Where series are declared.
    """

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._version = -1
        self._names: list[str] = []
        self.series: list[GridSeries] = []
        """By row."""
        self.lower = np.empty(0, np.float32)
        """The least load that each can have."""
        self.kind = np.empty(0, np.uint8)
        """Place of each one's kind in `KINDS`."""
        self.lot = np.empty(0)
        """From 0 to 1, by the name alone: which share of the series each belongs to."""
        self.print = np.empty(0, np.uint64)
        """Another number, other facts: all that a network is shown of a series."""

    def look(self, names: Sequence[str]) -> None:
        """Look up what is known of these series by now."""
        version = self._grid.version
        if version == self._version and self._names == names:
            return
        self._version, self._names = version, list(names)
        self.series = series = [self._grid[name] for name in names]
        self.lower = np.array([-np.inf if one.can_be_negative else 0 for one in series], np.float32)
        self.kind = np.array([KINDS.index(one.kind) for one in series], np.uint8)
        self.lot = np.array([crc32(name.encode()) for name in names]) / 2**32
        self.print = np.array([_print(one) for one in series], np.int64).view(np.uint64)


def rows_of_kind(kind: npt.NDArray[np.uint8]) -> dict[str, npt.NDArray[np.intp]]:
    """Give the rows of each kind that there is."""
    return {KINDS[place].value: np.flatnonzero(kind == place) for place in np.unique(kind).tolist()}


def _print(one: GridSeries) -> int:
    # Good for one process, which is as far as it goes: answers that are kept are never written.
    return hash(
        (
            one.kind,
            one.time_zone,
            one.holidays,
            one.can_be_negative,
            one.capacity_kw,
            one.latitude,
            one.longitude,
        )
    )
