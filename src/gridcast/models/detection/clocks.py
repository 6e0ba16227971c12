"""Clock-error detector: meters whose clocks are off, or stand still.

The delay between a reading's event time and Kafka's timestamp is usually alike from reading to
reading. A single large delay is a late reading; several in a row of about the same size are a wrong
clock. A clock that stands still falls further behind with every reading. If most meters are off at
once, it is no clock: a history is read, or a head-end sends its backlog. Then the usual delay is
learned anew.
"""

from typing import ClassVar

import numpy as np

from gridcast.models.detection.detector_state import DetectorState
from gridcast.models.detection.observations import TickReadings
from gridcast.units import Flags, Floats

IN_A_ROW = 4
LEARNS = np.float32(0.02)
FIRST_SPREAD_S = 5.0
WIDE = np.float32(8)
"""Number of usual deviations from which a delay is off."""
LONGEST_S = 1e7
FEWEST = 3
"""Smallest number of readings for which `most meters` means anything."""


class Clocks(DetectorState):
    """The usual delays of all series and how far their clocks are off."""

    NEW: ClassVar = {
        "delay_s": np.float32(np.nan),
        "spread_s": np.float32(FIRST_SPREAD_S),
        "off": np.uint8(0),
        "last_s": np.float32(0),
    }
    delay_s: Floats
    """Usual delay."""
    spread_s: Floats
    """Usual deviation from it."""
    off: np.ndarray[tuple[int], np.dtype[np.uint8]]
    """Number of readings in a row that were off."""
    last_s: Floats
    """Deviation of the newest reading."""

    def update(self, readings: TickReadings, given: Flags) -> Flags:
        """Take the newest readings; return True for series whose clock is off."""
        delay = ((readings.sent_ms - readings.time_ms) / 1000).clip(-LONGEST_S, LONGEST_S)
        delay_s = np.where(given, delay, 0).astype(np.float32)
        new = given & np.isnan(self.delay_s)
        self.delay_s[new] = delay_s[new]
        off_s = np.where(given, delay_s - self.delay_s, np.float32(0)).astype(np.float32)
        is_off = given & (np.abs(off_s) > WIDE * self.spread_s)
        heard, off = np.count_nonzero(given), np.count_nonzero(is_off)
        if 2 * off >= heard or heard < FEWEST:
            self.delay_s[is_off] = delay_s[is_off]
            is_off, off_s = np.zeros_like(is_off), np.where(is_off, np.float32(0), off_s)
        # Late readings are late by any time; a wrong clock is off by about as much each time.
        alike = is_off & (np.abs(off_s) > np.float32(0.5) * np.abs(self.last_s))
        self.off[alike] = np.minimum(self.off[alike], 250) + 1
        self.off[given & ~alike] = 0
        learns = given & ~is_off
        self.delay_s += np.where(learns, LEARNS * off_s, np.float32(0))
        self.spread_s += np.where(learns, LEARNS * (np.abs(off_s) - self.spread_s), np.float32(0))
        np.maximum(self.spread_s, np.float32(1), out=self.spread_s)
        self.last_s[given] = off_s[given]
        return np.asarray(self.off >= IN_A_ROW)
