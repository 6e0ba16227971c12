"""Wall times and instants: hours that a clock shows twice in autumn, and never in spring."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from gridcast.units import DAY_MS, utc_time

Milliseconds = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Clock:
    """The clock of a time zone over some years: its offsets from UTC and when they change."""

    changes_ms: Milliseconds
    """Instants (UTC) at which the offset changes, rising."""
    offsets_ms: Milliseconds
    """Offsets from UTC before the first change, and after each."""

    @classmethod
    def of(cls, zone: str, first_ms: int, last_ms: int) -> "Clock":
        """Learn a zone's clock for the times from `first_ms` to `last_ms`, and a week around."""
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
        """Give what the clock shows at instants."""
        return utc_ms + self.offsets_ms[np.searchsorted(self.changes_ms, utc_ms, side="right")]

    def utc(self, wall_ms: Milliseconds) -> tuple[Milliseconds, Milliseconds, Mask]:
        """Give the earliest and the latest instant of wall times, and which never were.

        The two differ in the doubled hour only. A time that never was is read with the offset
        before the change, as the clock would have gone on.
        """
        before, after = self.offsets_ms[:-1], self.offsets_ms[1:]
        # A wall time is surely past a change once both offsets say so.
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
    """Instants of wall times, and what was found on the way."""

    utc_ms: Milliseconds
    folded: Mask
    """Read as the second pass of a doubled hour."""
    unclear: Mask
    """In the doubled hour, and the file does not say in which pass."""
    nonexistent: Mask
    """In the hour that the clock jumped over."""


def resolve(wall_ms: Milliseconds, group: NDArray[np.int32], zone: str, folds: str) -> Resolved:
    """Turn wall times into instants; rows of one group stand together, in the file's order.

    A wall time that a group has twice in the doubled hour is its two passes in the order of the
    file, if the rows around it then stand in order of time (either way). One that it has once is
    what `folds` says; three times is unclear.
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
    """Tell of each row whether it begins a group, and whether its group runs newest first."""
    first = np.ones(len(group), np.bool_)
    first[1:] = np.diff(group) != 0
    starts = np.flatnonzero(first)
    ends = np.append(starts[1:], len(group)) - 1
    falling = wall_ms[ends] < wall_ms[starts]
    return first, falling[np.cumsum(first) - 1]


def _out_of_order(utc_ms: Milliseconds, rows: Milliseconds, first: Mask, falling: Mask) -> Mask:
    """Tell which rows are not between their neighbours in time."""
    forward = np.where(falling, -utc_ms, utc_ms)
    before = np.maximum(rows - 1, 0)
    after = np.minimum(rows + 1, len(utc_ms) - 1)
    too_early = ~first[rows] & (forward[rows] < forward[before])
    too_late = (after > rows) & ~first[after] & (forward[after] < forward[rows])
    return np.asarray(too_early | too_late, np.bool_)
