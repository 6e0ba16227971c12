"""Readings that stay the same for longer than those of this series do.

How often a reading equals the one before, given that this one did, too, is learned for each series:
a lamp's meter says 0 all day, a household's never the same watt for long. So many in a row are a
flatline as would come by chance less often than the risk allows.
"""

from typing import ClassVar

import numpy as np

from gridcast.models.detection.detector_state import DetectorState, Rows
from gridcast.units import Flags, Floats

REMEMBERED = np.float32(1_000)
"""Repeats that the share rests on."""
MOST_COUNTED = 60_000


class Repeats(DetectorState):
    """Runs of equal readings.

    >>> repeats = Repeats(1)
    >>> given, risk = np.ones(1, bool), np.full(1, 1e-6, np.float32)
    >>> for _ in range(20):
    ...     seen = repeats.update(np.array([1.234], np.float32), given, risk)
    >>> repeats.run, seen
    (array([19], dtype=uint16), array([ True]))
    """

    NEW: ClassVar = {
        "last": np.float32(np.nan),
        "run": np.uint16(0),
        "again": np.float32(3),
        "chances": np.float32(10),
    }
    last: Floats
    run: np.ndarray[tuple[int], np.dtype[np.uint16]]
    """How many readings in a row equalled the one before."""
    again: Floats
    """How often one repeat followed another …"""
    chances: Floats
    """… of so many times that it could have. Both fade; those of a new series are assumed."""

    def update(self, value: Floats, given: Flags, risk: Floats) -> Flags:
        """Take the newest readings; tell which series stand still."""
        same = given & (value == self.last)
        over = np.flatnonzero(given & ~same & (self.run > 0))
        # Of a meter that was stuck no more is learned than of one that nearly was.
        run = np.minimum(self.run[over], self._longest(risk[over], over))
        self.again[over] += run - 1
        self.chances[over] += run
        fade = over[self.chances[over] > REMEMBERED]
        self.again[fade] *= np.float32(0.5)
        self.chances[fade] *= np.float32(0.5)
        self.run[same] = np.minimum(self.run[same], MOST_COUNTED) + 1
        self.run[given & ~same] = 0
        np.copyto(self.last, value, where=given)
        return np.asarray(self.run > self._longest(risk, slice(None)))

    def _longest(self, risk: Floats, rows: Rows | slice) -> Floats:
        """Give how long a run may be."""
        share = np.minimum(self.again[rows] / self.chances[rows], np.float32(0.999))
        return np.asarray(np.log(risk) / np.log(share))
