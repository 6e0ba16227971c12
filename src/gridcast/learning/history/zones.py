"""Wall-clock times and instants: the repeated hour in autumn, the skipped hour in spring."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from gridcast.units import DAY_MS, utc_time

Milliseconds = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Clock:
    """The clock of a time zone over some years: its UTC offsets and their changes."""

    changes_ms: Milliseconds
    """Instants (UTC) of the offset changes, rising."""
    offsets_ms: Milliseconds
    """UTC offsets before the first change and after each change."""

    @classmethod
    def of(cls, zone: str, first_ms: int, last_ms: int) -> "Clock":
        """Return a zone's clock for `first_ms` to `last_ms` and a week around."""
        info = ZoneInfo(zone)
        days = range(first_ms - 7 * DAY_MS, last_ms + 8 * DAY_MS, DAY_MS)
        offsets = [_offset_ms(info, day) for day in days]
        changes = [
            _find_change(info, day - DAY_MS, day)
            for day, before, after in zip(days[1:], offsets, offsets[1:], strict=False)
            if before != after
        ]
        after_each = [_offset_ms(info, change) for change in changes]
        return cls(np.array(changes, np.int64), np.array([offsets[0], *after_each], np.int64))

    def wall(self, utc_ms: Milliseconds) -> Milliseconds:
        """Return the wall-clock times of instants."""
        return utc_ms + self.offsets_ms[np.searchsorted(self.changes_ms, utc_ms, side="right")]

    def utc(self, wall_ms: Milliseconds) -> tuple[Milliseconds, Milliseconds, Mask]:
        """Return the earliest and latest instant of wall times, and which don't exist.

        The two differ only in the repeated hour. A skipped time is converted with the offset before
        the change.
        """
        before, after = self.offsets_ms[:-1], self.offsets_ms[1:]
        # A wall time is certainly past a change if it is with both offsets.
        index = np.searchsorted(self.changes_ms + np.maximum(before, after), wall_ms, side="right")
        earliest = wall_ms - self.offsets_ms[index]
        following = np.minimum(index, len(self.changes_ms) - 1)
        if len(self.changes_ms) == 0:
            return earliest, earliest, np.zeros(len(wall_ms), np.bool_)
        reached = (index < len(self.changes_ms)) & (
            wall_ms >= (self.changes_ms + np.minimum(before, after))[following]
        )
        forward = (after > before)[following]
        latest = np.where(reached & ~forward, wall_ms - after[following], earliest)
        return earliest, latest, reached & forward


def _offset_ms(info: ZoneInfo, utc_ms: int) -> int:
    offset = utc_time(utc_ms).astimezone(info).utcoffset()
    return 0 if offset is None else round(offset.total_seconds() * 1000)


def _find_change(info: ZoneInfo, low_ms: int, high_ms: int) -> int:
    before = _offset_ms(info, low_ms)
    while high_ms - low_ms > 1:
        middle = (low_ms + high_ms) // 2
        if _offset_ms(info, middle) == before:
            low_ms = middle
        else:
            high_ms = middle
    return high_ms


@dataclass(frozen=True)
class Resolved:
    """Instants of wall times, and the special cases among them."""

    utc_ms: Milliseconds
    folded: Mask
    """In the second pass of the repeated hour."""
    unclear: Mask
    """In the repeated hour, but the file doesn't tell in which pass."""
    nonexistent: Mask
    """In the skipped hour."""


def resolve(wall_ms: Milliseconds, group: NDArray[np.int32], zone: str, folds: str) -> Resolved:
    """Convert wall times into instants. Rows of a group are adjacent, in the file's order.

    A wall time that a group has twice in the repeated hour is its two passes, in the file's order,
    if the rows around it are then sorted by time (in either direction). `folds` decides about a
    wall time that occurs once. One that occurs three times is unclear.
    """
    nothing = np.zeros(len(wall_ms), np.bool_)
    if len(wall_ms) == 0:
        return Resolved(wall_ms, nothing, nothing, nothing)
    clock = Clock.of(zone, int(wall_ms.min()), int(wall_ms.max()))
    earliest, latest, nonexistent = clock.utc(wall_ms)
    doubled = np.flatnonzero(earliest != latest)
    if len(doubled) == 0:
        return Resolved(earliest, nothing, nothing, nonexistent)

    first, falling = _directions(wall_ms, group)
    order = doubled[np.lexsort((doubled, wall_ms[doubled], group[doubled]))]
    new = np.ones(len(order), np.bool_)
    new[1:] = (np.diff(wall_ms[order]) != 0) | (np.diff(group[order]) != 0)
    starts = np.flatnonzero(new)
    times = np.diff(np.append(starts, len(order)))
    run = np.cumsum(new) - 1
    second = (np.arange(len(order)) - starts[run] == 1) ^ falling[order]
    lone, pair = times[run] == 1, times[run] == 2

    folded, unclear = nothing.copy(), nothing.copy()
    folded[order] = np.where(pair, second, folds == "latest")
    utc = np.where(folded, latest, earliest)
    unclear[order[~lone & ~pair]] = True
    unclear[order[lone]] = folds == "refuse"
    unclear[order[pair]] = _out_of_order(utc, order[pair], first, falling)
    return Resolved(utc, folded & ~unclear, unclear, nonexistent)


def _directions(wall_ms: Milliseconds, group: NDArray[np.int32]) -> tuple[Mask, Mask]:
    """Return for each row whether it begins a group, and whether its group is newest first."""
    first = np.ones(len(group), np.bool_)
    first[1:] = np.diff(group) != 0
    starts = np.flatnonzero(first)
    ends = np.append(starts[1:], len(group)) - 1
    falling = wall_ms[ends] < wall_ms[starts]
    return first, falling[np.cumsum(first) - 1]


def _out_of_order(utc_ms: Milliseconds, rows: Milliseconds, first: Mask, falling: Mask) -> Mask:
    """Return the rows that are not between their neighbours in time."""
    forward = np.where(falling, -utc_ms, utc_ms)
    before = np.maximum(rows - 1, 0)
    after = np.minimum(rows + 1, len(utc_ms) - 1)
    too_early = ~first[rows] & (forward[rows] < forward[before])
    too_late = (after > rows) & ~first[after] & (forward[after] < forward[rows])
    return np.asarray(too_early | too_late, np.bool_)
