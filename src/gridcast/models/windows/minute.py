"""The readings of one minute of event time, as a sorted set."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from gridcast.models.windows.trust import TRUST
from gridcast.units import MINUTE_MS

Rows = npt.NDArray[np.int64]
OFFSET_BITS = 16  # 60,000 milliseconds fit
_OFFSET = (1 << OFFSET_BITS) - 1
LARGEST = 1e30
"""kW. Larger readings are clipped to this: the wire allows them, the 32-bit floats here do not."""
_ZERO = bytes(8)
_FEW = 64  # readings that are not worth the time to store thriftily
_MANY = 8  # times as many readings as rows are looked for: too many to count them all


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
        """Return a minute without readings."""
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
        """Return a minute of readings in any order, with or without duplicates."""
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
        return self.key & _OFFSET

    def offset_of(self, which: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
        """Return the offset in milliseconds of some of the readings."""
        return self.key[which] & _OFFSET

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return sum(_held(part) for part in (self.key, self.value, self.revision, self.quality))

    def take(self, which: npt.NDArray[Any] | slice) -> Self:
        """Return some of the readings."""
        return type(self)(
            self.key[which],
            self.value[which],
            _thrifty(self.revision[which]),
            _thrifty(self.quality[which]),
        )

    def joined(self, others: Sequence[Self]) -> Self:
        """Put the readings of others behind these, in no order."""
        every = (self, *others)
        return type(self)(
            np.concatenate([minute.key for minute in every]),
            np.concatenate([minute.value for minute in every]),
            np.concatenate([minute.revision for minute in every]),
            np.concatenate([minute.quality for minute in every]),
        )

    def moved(self, moved: Rows) -> "Minute":
        """Return the same readings after rows have moved."""
        return replace(self, key=moved_key(self.key, moved))

    def span(self, rows: Rows) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the start and the exclusive end of each row's readings."""
        if len(rows) * _MANY > len(self):  # counting all is quicker than looking for each
            of_row = np.bincount(self.row, minlength=int(rows.max(initial=0)) + 1)
            high = np.cumsum(of_row)[rows]
            return high - of_row[rows], high
        low, high = self.key.searchsorted([rows << OFFSET_BITS, (rows + 1) << OFFSET_BITS])
        return low, high


@dataclass(frozen=True, slots=True)
class Merged:
    """A minute after new readings were merged in, and what became of them."""

    minute: Minute
    changed: npt.NDArray[np.int64]
    """Keys of the readings that are not as they were, ascending."""
    accepted: int
    corrected: int
    duplicate: int


def merge(old: Minute, new: Minute) -> Merged:
    """Merge new readings into a minute; the result depends on neither order nor batches.

    Of readings of one series and time the highest revision stays. At the same revision (a sender's
    mistake) the more trusted one does, then the greater value: an arbitrary rule, but the same
    whichever came first. The new ones are sorted, but may be several for one series and time.
    """
    at, is_known = _find(old, new)
    if not is_known.any() and not (new.key[1:] == new.key[:-1]).any():
        return Merged(_put(old, new, at, is_known), new.key, len(new), 0, 0)
    # Only what they meet is weighed against them: a late copy costs little, however many there are.
    merged = _weigh(old.take(np.unique(at[is_known])), new)
    if not len(merged.changed):
        return replace(merged, minute=old)
    return replace(merged, minute=_put(old, merged.minute, *_find(old, merged.minute)))


def _find(old: Minute, new: Minute) -> tuple[Rows, npt.NDArray[np.bool_]]:
    """Return where readings belong in the sorted set, and which of them are there already."""
    at = old.key.searchsorted(new.key)
    if not len(old):
        return at, np.zeros(len(new), np.bool_)
    return at, old.key[np.minimum(at, len(old) - 1)] == new.key


def _weigh(old: Minute, new: Minute) -> Merged:
    both = old.joined([new])
    order = np.argsort(both.key, kind="stable")
    same = np.diff(both.key[order]) == 0
    first, last = np.append(True, ~same), np.append(~same, True)
    contested = np.flatnonzero(~(first & last))
    order[contested] = _by_precedence(both, order[contested], len(old))
    winner = order[last]
    minute, is_new = both.take(winner), winner >= len(old)
    corrected = int((is_new & (both.revision[order[first]] < minute.revision)).sum())
    accepted = len(minute) - len(old)
    duplicate = len(new) - accepted - corrected
    return Merged(minute, minute.key[is_new], accepted, corrected, duplicate)


def _put(old: Minute, few: Minute, at: Rows, instead: npt.NDArray[np.bool_]) -> Minute:
    """Insert sorted readings at their positions, replacing those that are there already."""
    if not len(old):
        return few.take(np.arange(len(few)))  # a copy: what comes is a part of a batch
    more = ~instead
    place = at + np.cumsum(more) - more
    stays = np.ones(len(old) + int(more.sum()), np.bool_)
    stays[place[more]] = False

    def put(many: npt.NDArray[Any], ones: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if many.strides == (0,) and not ones.any():
            return _zeros(len(stays), many.dtype)
        whole = np.empty(len(stays), many.dtype)
        whole[stays] = many
        whole[place] = ones
        return whole

    return Minute(
        put(old.key, few.key),
        put(old.value, few.value),
        put(old.revision, few.revision),
        put(old.quality, few.quality),
    )


def _by_precedence(readings: Minute, which: npt.NDArray[np.intp], old: int) -> npt.NDArray[np.intp]:
    """Sort readings by series, time and precedence; a known reading wins ties."""
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


def moved_key(key: npt.NDArray[np.int64], moved: Rows) -> npt.NDArray[np.int64]:
    """Return the keys of readings after rows moved; `moved`: the new position of each row."""
    row = key >> OFFSET_BITS
    by: npt.NDArray[np.int64] = (moved[row] - row) << OFFSET_BITS
    return key + by


def _thrifty(part: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Replace an all-zero array by a shared one: revisions and qualities nearly always are."""
    if len(part) < _FEW or part.any():
        return part
    return _zeros(len(part), part.dtype)


def _zeros(length: int, kind: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return a read-only array of zeros that shares one memory block."""
    return np.ndarray(length, kind, _ZERO, strides=0)


def _held(part: npt.NDArray[Any]) -> int:
    return part.nbytes if part.strides != (0,) else part.itemsize
