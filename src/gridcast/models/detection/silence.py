"""Series that send nothing for longer than is usual for them.

Time is counted in the intervals at which the series sends. What comes in bursts (a quarter of an
hour's readings one after the other, frames every five minutes) has its rhythm from burst to burst:
what follows within half an interval is more of the same. How often an interval without a reading
follows another is learned: a meter on a bad line misses a tenth, one on a wire none.
"""

from typing import ClassVar

import numpy as np

from gridcast.models.detection.detector_state import DetectorState
from gridcast.units import Flags, Floats, Times

REMEMBERED = 2_000
LATE = np.float32(0.5)
"""Of an interval: so much later than due is not missed yet, and so soon after is the same burst."""
LEARNS = np.float32(0.05)
LONGEST = np.float32(3)
"""Intervals: a longer gap counts as so long when the interval is learned from it …"""
MOST_MISSED = np.float32(3)
"""… and one that was an alarm as so many missed readings."""
NEW_CHANCES = 10
KNOWN = NEW_CHANCES + 10
"""Chances: of so many times that it sent, the assumed ones included, its rhythm is known."""
OFTEN = 10
"""Intervals: if all that came in as long came in one burst, that is the rhythm by now …"""
MANY = 255
"""… or so many readings."""
TWICE = np.float32(2)
"""The readings that a gap is as long as: after more that came in time, it is no rhythm."""
LEAST_SHARE, MOST_SHARE = np.float32(0.0005), np.float32(0.95)
"""No line is known to be better, or worse."""
SOONEST_S = np.float32(270)
"""No silence is told that is shorter: readings come late by minutes."""


class Silence(DetectorState):
    """How long series have been silent.

    >>> silence, risk = Silence(1), np.full(1, 1e-6, np.float32)
    >>> for minute in range(24 * 60):  # bursts of three minutes, every quarter of an hour
    ...     found = silence.update(SINCE_MS + minute * 60_000, np.array([minute % 15 < 3]), risk)
    >>> silence.interval_s.round(), found
    (array([780.], dtype=float32), array([False]))
    """

    NEW: ClassVar = {
        "heard_s": np.int32(-1),
        "interval_s": np.float32(0),
        "missed": np.float32(0.25),
        "chances": np.uint16(NEW_CHANCES),
        "near": np.uint8(0),
        "steady": np.uint8(0),
    }
    heard_s: np.ndarray[tuple[int], np.dtype[np.int32]]
    """When it was last heard: the tick, seconds since `SINCE_MS`; -1: never."""
    interval_s: Floats
    """Between two readings, or two bursts, usually; 0: not known yet."""
    missed: Floats
    """How often an interval was missed …"""
    chances: np.ndarray[tuple[int], np.dtype[np.uint16]]
    """… of so many. Both fade; those of a new series are assumed."""
    near: np.ndarray[tuple[int], np.dtype[np.uint8]]
    """So many in a row came soon after the one before."""
    steady: np.ndarray[tuple[int], np.dtype[np.uint8]]
    """So many came in time; halved when one did not."""

    def update(self, tick_ms: int, heard: Flags, risk: Floats) -> Flags:
        """Take who was heard since the look before; tell who is silent."""
        now_s = _seconds(tick_ms)
        gap_s = (now_s - self.heard_s).astype(np.float32)
        again = heard & (self.heard_s >= 0)
        is_near = again & (gap_s < LATE * self.interval_s)
        due, is_known = again & ~is_near, self._is_known()
        count = self._count(gap_s)
        silent = self._is_silent(count, gap_s, risk)
        self._learn_interval(gap_s, due, again, count)
        self._learn_bursts(gap_s, due, is_near)
        count = np.where(silent, np.minimum(count, MOST_MISSED), count)
        count = np.where(due & is_known, count, np.float32(0))
        self.missed += count
        self.chances += (due * (count + 1)).astype(np.uint16)
        fade = self.chances > REMEMBERED
        self.missed[fade] *= np.float32(0.5)
        self.chances[fade] //= 2
        self.heard_s[heard] = now_s
        return silent & ~heard

    def count(self, tick_ms: int) -> Floats:
        """Give how many times each series should have sent by now and has not."""
        gap_s = (_seconds(tick_ms) - self.heard_s).astype(np.float32)
        return np.where(self._is_known(), self._count(gap_s), np.float32(0))

    def _learn_interval(self, gap_s: Floats, due: Flags, again: Flags, count: Floats) -> None:
        first = due & (self.interval_s == 0)
        # A gap after many readings that came in time is a fault, and one that is there always is
        # the rhythm. Of a new series nothing speaks against a longer one.
        is_late = due & (count >= 1)
        is_fault = is_late & (self.steady > TWICE * count)
        self.steady = np.where(
            is_late, self.steady // 2, self.steady + (again & (self.steady < MANY))
        ).astype(np.uint8)
        longer = due & ~self._is_known() & (gap_s > 2 * self.interval_s)
        ratio = np.minimum(gap_s / np.maximum(self.interval_s, np.float32(1)), LONGEST)
        # A burst has many gaps, and the one after it is the rhythm: the short ones say less.
        learns = np.where(due & ~is_fault, LEARNS * ratio * np.minimum(ratio, 1), np.float32(0))
        self.interval_s += learns * (ratio - 1) * self.interval_s
        np.copyto(self.interval_s, gap_s, where=first | longer)

    def _learn_bursts(self, gap_s: Floats, due: Flags, is_near: Flags) -> None:
        self.near[due] = 0
        rows = np.flatnonzero(is_near)
        self.near[rows] += 1
        in_a_row = self.near[rows]
        over = (in_a_row == MANY) | (in_a_row * gap_s[rows] >= OFTEN * self.interval_s[rows])
        rows = rows[over]
        self.interval_s[rows], self.near[rows] = gap_s[rows], 0

    def _count(self, gap_s: Floats) -> Floats:
        count = np.floor(gap_s / np.maximum(self.interval_s, np.float32(1)) - LATE)
        has_rhythm = (self.heard_s >= 0) & (self.interval_s > 0)
        return np.where(has_rhythm, np.maximum(count, 0), np.float32(0)).astype(np.float32)

    def _is_known(self) -> Flags:
        return np.asarray(self.chances >= KNOWN)

    def _is_silent(self, count: Floats, gap_s: Floats, risk: Floats) -> Flags:
        share = np.clip(self.missed / self.chances, LEAST_SHARE, MOST_SHARE)
        is_rare = count * np.log(share) < np.log(risk)
        return np.asarray(is_rare & (gap_s >= SOONEST_S) & self._is_known())


SINCE_MS = 1_577_836_800_000
"""2020: from here 31 bits of seconds last until 2088."""


def _seconds(ms: int | Times) -> int:
    return int((ms - SINCE_MS) // 1000)
