"""Gap detector: series that send nothing for longer than is usual for them.

Time is counted in the sending intervals of the series. If readings come in bursts (a quarter of an
hour's readings one after the other, frames every five minutes), the interval is that between two
bursts; readings within half an interval belong to the same burst. The detector learns how often a
missed interval follows another: a meter on a bad line misses a tenth, one on a wire none.
"""

from typing import ClassVar

import numpy as np

from gridcast.models.detection.detector_state import DetectorState
from gridcast.units import Flags, Floats, Times

REMEMBERED = 2_000
LATE = np.float32(0.5)
"""Share of an interval: a reading this late is not missed yet, one this early is the same burst."""
LEARNS = np.float32(0.05)
LONGEST = np.float32(3)
"""Upper bound on a gap that the interval is learned from, in intervals."""
MOST_MISSED = np.float32(3)
"""Upper bound on the missed readings that are learned from a gap with an alarm."""
NEW_CHANCES = 10
KNOWN = NEW_CHANCES + 10
"""Number of readings, including the assumed ones, after which the interval is known."""
OFTEN = 10
"""Number of intervals: a burst that lasts this long becomes the new rhythm."""
MANY = 255
"""Number of readings in one burst after which it becomes the new rhythm."""
TWICE = np.float32(2)
"""A gap after more than this many timely readings per missed one is a fault and no new rhythm."""
LEAST_SHARE, MOST_SHARE = np.float32(0.0005), np.float32(0.95)
"""Bounds on the share of missed readings."""
SOONEST_S = np.float32(270)
"""Shortest silence that is reported: readings can be late by minutes."""


class Silence(DetectorState):
    """Tracks each series' sending interval, and how long it has been silent.

    >>> silence, risk = Silence(1), np.full(1, 1e-6, np.float32)
    >>> for minute in range(24 * 60):  # bursts of three minutes, every quarter of an hour
    ...     heard = np.array([minute % 15 < 3])
    ...     is_silent = silence.update(SINCE_MS + minute * 60_000, heard, risk)
    >>> silence.interval_s.round(), is_silent
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
    """Tick of the last reading, seconds since `SINCE_MS`; -1 before the first."""
    interval_s: Floats
    """Usual time between two readings, or two bursts; 0 until learned."""
    missed: Floats
    """Number of missed intervals; fades."""
    chances: np.ndarray[tuple[int], np.dtype[np.uint16]]
    """Number of intervals; fades. A new series starts with assumed numbers."""
    near: np.ndarray[tuple[int], np.dtype[np.uint8]]
    """Number of readings in a row that came soon after the one before."""
    steady: np.ndarray[tuple[int], np.dtype[np.uint8]]
    """Number of readings that came in time; halved by one that did not."""

    def update(self, tick_ms: int, heard: Flags, risk: Floats) -> Flags:
        """Take which series were heard since the last tick; return which are silent."""
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
        """Return how many readings each series has missed by now."""
        gap_s = (_seconds(tick_ms) - self.heard_s).astype(np.float32)
        return np.where(self._is_known(), self._count(gap_s), np.float32(0))

    def _learn_interval(self, gap_s: Floats, due: Flags, again: Flags, count: Floats) -> None:
        first = due & (self.interval_s == 0)
        # A gap after many timely readings is a fault; one that recurs is the rhythm. A new series
        # has no timely readings, so its interval may grow at once.
        is_late = due & (count >= 1)
        is_fault = is_late & (self.steady > TWICE * count)
        self.steady = np.where(
            is_late, self.steady // 2, self.steady + (again & (self.steady < MANY))
        ).astype(np.uint8)
        longer = due & ~self._is_known() & (gap_s > 2 * self.interval_s)
        ratio = np.minimum(gap_s / np.maximum(self.interval_s, np.float32(1)), LONGEST)
        # A burst has many short gaps, but the rhythm is the gap after it: short gaps weigh less.
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
"""Start of 2020: 31 bits of seconds last from here until 2088."""


def _seconds(ms: int | Times) -> int:
    return int((ms - SINCE_MS) // 1000)
