"""Flatline detector: readings that stay the same for longer than is usual for the series.

For each series it learns how often a repeated reading is followed by another: a lamp's meter
reports 0 all day, a household's is never at the same watt for long. A run is a flatline if it would
occur by chance less often than the risk allows.
"""

from typing import ClassVar

import numpy as np

from gridcast.models.detection.detector_state import DetectorState, Rows
from gridcast.units import Flags, Floats

REMEMBERED = np.float32(1_000)
"""Number of repeats that the share rests on."""
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
    """Length of the current run: readings in a row that equalled the one before."""
    again: Floats
    """Number of repeats that were followed by another; fades."""
    chances: Floats
    """Number of repeats; fades. A new series starts with assumed numbers."""

    def update(self, value: Floats, given: Flags, risk: Floats) -> Flags:
        """Take the newest readings; return True for series with a flatline."""
        same = given & (value == self.last)
        has_ended = np.flatnonzero(given & ~same & (self.run > 0))
        # A flatline is learned as the longest run that is none.
        run = np.minimum(self.run[has_ended], self._longest(risk[has_ended], has_ended))
        self.again[has_ended] += run - 1
        self.chances[has_ended] += run
        fade = has_ended[self.chances[has_ended] > REMEMBERED]
        self.again[fade] *= np.float32(0.5)
        self.chances[fade] *= np.float32(0.5)
        self.run[same] = np.minimum(self.run[same], MOST_COUNTED) + 1
        self.run[given & ~same] = 0
        np.copyto(self.last, value, where=given)
        return np.asarray(self.run > self._longest(risk, slice(None)))

    def _longest(self, risk: Floats, rows: Rows | slice) -> Floats:
        """Return the longest run that is no flatline."""
        share = np.minimum(self.again[rows] / self.chances[rows], np.float32(0.999))
        return np.asarray(np.log(risk) / np.log(share))
