"""The declared attributes of a partition's series, row by row."""

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
        """Lowest possible load of each series, kW: 0 or minus infinity."""
        self.kind = np.empty(0, np.uint8)
        """Index of each series' kind in `KINDS`."""
        self.lot = np.empty(0)
        """A number from 0 to 1 by the name alone: decides who belongs to a challenger's share."""
        self.fingerprint = np.empty(0, np.uint64)
        """Fingerprint of every declaration that a network is shown."""

    def look(self, names: Sequence[str]) -> None:
        """Look up the current declarations of these series."""
        version = self._grid.version
        if version == self._version and self._names == names:
            return
        self._version, self._names = version, list(names)
        self.series = series = [self._grid[name] for name in names]
        self.lower = np.array([-np.inf if one.can_be_negative else 0 for one in series], np.float32)
        self.kind = np.array([KINDS.index(one.kind) for one in series], np.uint8)
        self.lot = np.array([crc32(name.encode()) for name in names]) / 2**32
        self.fingerprint = np.array([_fingerprint_of(one) for one in series], np.int64).view(
            np.uint64
        )


def rows_of_kind(kind: npt.NDArray[np.uint8]) -> dict[str, npt.NDArray[np.intp]]:
    """Return the rows of each kind."""
    return {KINDS[place].value: np.flatnonzero(kind == place) for place in np.unique(kind).tolist()}


def _fingerprint_of(series: GridSeries) -> int:
    # hash() differs between processes, which is enough: cached answers are never written down.
    return hash(
        (
            series.kind,
            series.time_zone,
            series.holidays,
            series.can_be_negative,
            series.capacity_kw,
            series.latitude,
            series.longitude,
        )
    )
