"""The readings of one minute of event time, as a sorted set."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from gridcast.models.windows.spec import MINUTE_MS
from gridcast.models.windows.trust import TRUST

Rows = npt.NDArray[np.int64]
OFFSET_BITS = 16  # 60,000 milliseconds fit
LARGEST = 1e30
"""kW. The wire allows more, but not the 32-bit floats here; what is beyond is kept as this."""
_FEW = 64  # readings that are not worth the time to store thriftily


@dataclass(frozen=True, slots=True)
class Minute:
    """Readings of one minute, at most one for each series and time, sorted by these."""

    key: npt.NDArray[np.int64]
    """Row of the series, and milliseconds into the minute in the lowest 16 bits."""
    value: npt.NDArray[np.float32]
    revision: npt.NDArray[np.int32]
    quality: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.key)

    @classmethod
    def empty(cls) -> Self:
        """Give a minute without readings."""
        return cls(np.empty(0, "i8"), np.empty(0, "f4"), np.empty(0, "i4"), np.empty(0, "u1"))

    @classmethod
    def of(
        cls,
        row: Rows,
        time_ms: npt.NDArray[np.int64],
        value: npt.NDArray[np.floating],
        revision: npt.NDArray[np.int32],
        quality: npt.NDArray[np.uint8],
    ) -> Self:
        """Take readings that all lie in one minute, in any order, duplicates and all."""
        # Adding zero makes of -0.0 the 0.0 that it equals: one value, one bit pattern.
        single = np.clip(value, -LARGEST, LARGEST).astype(np.float32) + np.float32(0)
        return cls((row << OFFSET_BITS) | (time_ms % MINUTE_MS), single, revision, quality)

    @property
    def row(self) -> Rows:
        """Row of the series of each reading."""
        return self.key >> OFFSET_BITS

    @property
    def offset_ms(self) -> npt.NDArray[np.int64]:
        """Milliseconds into the minute."""
        return self.key & ((1 << OFFSET_BITS) - 1)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return sum(_held(part) for part in (self.key, self.value, self.revision, self.quality))

    def take(self, which: npt.NDArray[Any]) -> Self:
        """Give some of the readings."""
        return type(self)(
            self.key[which],
            self.value[which],
            _thrifty(self.revision[which]),
            _thrifty(self.quality[which]),
        )

    def span(self, rows: Rows) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Give, for some rows, where each one's readings begin and end."""
        low = np.searchsorted(self.key, rows << OFFSET_BITS)
        return low, np.searchsorted(self.key, (rows + 1) << OFFSET_BITS)


@dataclass(frozen=True, slots=True)
class Merged:
    """A minute after new readings were merged in, and what became of them."""

    minute: Minute
    changed: Rows
    """Rows of the series that are not as they were, ascending, each once."""
    accepted: int
    corrected: int
    duplicate: int


def merge(old: Minute, new: Minute) -> Merged:
    """Merge new readings into a minute; the result depends on neither order nor batches.

    Of readings of one series and time the highest revision stays. At the same revision (a sender's
    mistake) the more trusted one does, then the greater value: an arbitrary rule, but the same
    whichever came first.
    """
    key = np.concatenate([old.key, new.key])
    both = Minute(
        key,
        np.concatenate([old.value, new.value]),
        np.concatenate([old.revision, new.revision]),
        np.concatenate([old.quality, new.quality]),
    )
    order = np.argsort(key, kind="stable")
    same = np.diff(key[order]) == 0
    first, last = np.append(True, ~same), np.append(~same, True)
    if same.any():
        contested = np.flatnonzero(~(first & last))
        order[contested] = _by_precedence(both, order[contested], len(old))
    winner = order[last]
    is_new = winner >= len(old)
    corrected = is_new & (both.revision[order[first]] < both.revision[winner])
    accepted = len(winner) - len(old)
    minute = both.take(winner)
    return Merged(
        minute,
        np.unique(minute.row[is_new]),
        accepted,
        int(corrected.sum()),
        len(new) - accepted - int(corrected.sum()),
    )


def _by_precedence(readings: Minute, which: npt.NDArray[np.intp], old: int) -> npt.NDArray[np.intp]:
    """Sort readings by series and time, and among equals by who wins; what is known wins ties."""
    quality = readings.quality[which]
    keys = (
        which < old,
        quality,
        readings.value[which],
        TRUST[quality],
        readings.revision[which],
        readings.key[which],
    )
    return which[np.lexsort(keys)]


def _thrifty(part: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Store nothing for what is all zeros, as revisions and qualities nearly always are."""
    if len(part) < _FEW or part.any():
        return part
    return np.broadcast_to(part.dtype.type(0), part.shape)


def _held(part: npt.NDArray[Any]) -> int:
    return part.nbytes if part.strides != (0,) else part.itemsize
