"""Running scores of each series' forecasts."""

import numpy as np
import numpy.typing as npt

from gridcast.models.records import Column, Record, RecordKind
from gridcast.schemas.score_columns import ScoreColumns
from gridcast.units import Floats

REMEMBERED_HOURS = 72
"""Time constant of the decay: scores this old have 1/e of the weight of new ones."""

_NAMES = ("count", "inside", "inside_raw", "error", "naive_error")


class Running:
    """Exponentially decaying sums of scores, [series, bands], of published forecasts.

    >>> running = Running(bands=4)
    >>> running.nbytes
    0

    Parameters
    ----------
    bands
        Number of horizon bands.
    """

    def __init__(self, bands: int) -> None:
        self.bands = bands
        self.count = np.zeros((0, bands), np.float32)
        self.inside = self.count.copy()
        self.inside_raw = self.count.copy()
        self.error = self.count.copy()
        """kW, only where the seasonal-naive forecast is known, like `naive_error`."""
        self.naive_error = self.count.copy()

    @property
    def nbytes(self) -> int:
        """Memory in bytes."""
        return sum(sums.nbytes for sums in self._sums())

    @property
    def coverage(self) -> Floats:
        """Share inside the 90 % interval; NaN if nothing was verified recently."""
        return _ratio(self.inside, self.count)

    @property
    def coverage_raw(self) -> Floats:
        """Share that would be inside without calibration."""
        return _ratio(self.inside_raw, self.count)

    @property
    def skill(self) -> Floats:
        """1 minus the ratio of the error to that of the seasonal-naive forecast: 1 is perfect."""
        return np.float32(1) - _ratio(self.error, self.naive_error)

    def fade(self, hours: int) -> None:
        """Apply the decay of some hours."""
        left = np.float32((1 - 1 / REMEMBERED_HOURS) ** hours)
        for sums in self._sums():
            np.multiply(sums, left, out=sums)

    def add(self, scores: ScoreColumns, rows: npt.NDArray[np.int64]) -> None:
        """Add an hour's scores. `rows` has the row of each entry's series."""
        self.grow(int(rows.max()) + 1)
        published = np.array([not maker.challenger for maker in scores.makers])[scores.made_by]
        paired = ~np.isnan(scores.naive_error)
        for name, sums in zip(_NAMES, self._sums(), strict=True):
            value = np.asarray(getattr(scores, name), np.float32)
            counts = published & (paired if "error" in name else ~np.isnan(value))
            np.add.at(sums, (rows[counts], scores.band[counts]), value[counts])

    def grow(self, rows: int) -> None:
        """Append rows for new series."""
        more = rows - len(self.count)
        if more > 0:
            room = np.zeros((more, self.bands), np.float32)
            for name, sums in zip(_NAMES, self._sums(), strict=True):
                setattr(self, name, np.concatenate([sums, room]))

    def keep(self, stay: npt.NDArray[np.intp]) -> None:
        """Keep only the given rows, in the given order."""
        for name, sums in zip(_NAMES, self._sums(), strict=True):
            setattr(self, name, sums[stay[stay < len(sums)]])

    def record(self, numbers: npt.NDArray[np.int64]) -> Record:
        """Return the record; `numbers` are those of the series."""
        rows = np.flatnonzero(self.count.any(axis=1))
        columns: list[Column] = [numbers[rows]]
        return Record(
            RecordKind.RUNNING, 0, columns + [sums[rows].reshape(-1) for sums in self._sums()]
        )

    def load(self, record: Record, row_of: npt.NDArray[np.int64]) -> None:
        """Load the record. `row_of` returns the row of a series' number."""
        numbers, *columns = record.columns
        rows = row_of[np.asarray(numbers, np.int64)]
        exists = rows >= 0
        if exists.any():
            self.grow(int(rows.max()) + 1)
            for sums, column in zip(self._sums(), columns, strict=True):
                sums[rows[exists]] = np.asarray(column).reshape(-1, self.bands)[exists]

    def _sums(self) -> tuple[Floats, ...]:
        return tuple(getattr(self, name) for name in _NAMES)


def _ratio(part: Floats, whole: Floats) -> Floats:
    nothing = np.full(whole.shape, np.nan, np.float32)
    return np.divide(part, whole, out=nothing, where=whole > 0)
