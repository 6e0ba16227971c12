"""Series that send nothing for longer than is usual for them.

Time is counted in the intervals at which the series sends. How often an interval without a reading
follows another is learned: a meter on a bad line misses a tenth, one on a wire none.
"""

from typing import ClassVar

import numpy as np

from gridcast.models.detection.look import Look, Times
from gridcast.models.detection.memory import Flags, Floats, Memory

REMEMBERED = np.float32(2_000)
LATE = np.float32(0.5)
"""Of an interval: so much later than due is not missed yet."""
LEARNS = np.float32(0.05)
LONGEST = np.float32(3)
"""Intervals: a longer gap counts as so long when the interval is learned …"""
MOST_MISSED = np.float32(3)
"""… and one that was an alarm as so many missed readings."""


class Silence(Memory):
    """How long series have been silent."""

    NEW: ClassVar = {
        "heard_s": np.int32(-1),
        "interval_s": np.float32(0),
        "missed": np.float32(0.5),
        "chances": np.float32(10),
    }
    heard_s: np.ndarray[tuple[int], np.dtype[np.int32]]
    """When it was last heard: the tick, seconds since 1970 less `SINCE`; -1: never."""
    interval_s: Floats
    """Between two readings, usually; 0: not known yet."""
    missed: Floats
    """How often an interval was missed …"""
    chances: Floats
    """… of so many. Both fade; those of a new series are assumed."""

    def look(self, look: Look, risk: Floats) -> Flags:
        """Take who was heard; tell who is silent."""
        now_s, given = _seconds(look.tick_ms), look.heard
        knows = given & (self.heard_s >= 0)
        silent_s = (now_s - self.heard_s).astype(np.float32)
        count = self.count(look.tick_ms)
        was_silent = knows & self._is_silent(count, risk)
        first = knows & (self.interval_s == 0)
        self.interval_s[first] = silent_s[first]
        # A gap is no interval; but one that is there always is one in the end.
        near = np.minimum(silent_s, LONGEST * self.interval_s)
        learns = np.where(count < 1, LEARNS, np.where(was_silent, LEARNS, np.float32(0)))
        self.interval_s += np.where(
            knows & ~first, learns * (near - self.interval_s), np.float32(0)
        )
        shorter = knows & (silent_s < LATE * self.interval_s)
        self.interval_s[shorter] = silent_s[shorter]
        count = np.where(was_silent, np.minimum(count, MOST_MISSED), count)
        self.missed += np.where(knows, count, np.float32(0))
        self.chances += np.where(knows, count + 1, np.float32(0))
        fade = self.chances > REMEMBERED
        self.missed[fade] *= np.float32(0.5)
        self.chances[fade] *= np.float32(0.5)
        self.heard_s[given] = now_s
        return self._is_silent(self.count(look.tick_ms), risk)

    def count(self, tick_ms: int) -> Floats:
        """Give how many readings of each series are missing by now."""
        silent_s = (_seconds(tick_ms) - self.heard_s).astype(np.float32)
        interval = np.maximum(self.interval_s, np.float32(1))
        count = np.floor(silent_s / interval - LATE)
        is_known = (self.heard_s >= 0) & (self.interval_s > 0)
        return np.where(is_known, np.maximum(count, 0), np.float32(0)).astype(np.float32)

    def minutes(self, tick_ms: int) -> Floats:
        """Give for how long each series was not heard, minutes."""
        return np.asarray((_seconds(tick_ms) - self.heard_s) / np.float32(60), np.float32)

    def _is_silent(self, count: Floats, risk: Floats) -> Flags:
        share = np.clip(self.missed / self.chances, np.float32(0.01), np.float32(0.95))
        return np.asarray(count * np.log(share) < np.log(risk))


SINCE_MS = 1_577_836_800_000
"""2020: from here 31 bits of seconds last until 2088."""


def _seconds(ms: int | Times) -> int:
    return int((ms - SINCE_MS) // 1000)
