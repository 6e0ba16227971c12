"""Transient detector: one to three readings that jump away and return at once, as no load does.

An oven may draw as much as a spike is high, but not for two minutes. So up to three readings are
compared with those before and after them: how far does the nearest of them stand out from both?
That is known a few readings later than the distance from the forecast, and is far more conclusive.

A fault has sharp edges: it begins and ends between two readings. An appliance that runs for a
minute or two is on for only a part of its first and last readings, so these differ from each other,
or the readings around them do. Such differences are subtracted.
"""

from typing import ClassVar

import numpy as np

from gridcast.models.detection.detector_state import DetectorState
from gridcast.units import Flags, Floats

LONGEST = 3
"""Maximum length of a bump, in readings."""
EDGES = np.float32(2)
"""Factor on the differences within the bump and between its two sides, which are subtracted."""
KEPT = tuple(f"ago_{number}" for number in range(1, LONGEST + 2))


class Bumps(DetectorState):
    """The newest readings of each series.

    >>> bumps = Bumps(1)
    >>> for kw in (1.0, 1.1, 9.0, 8.0, 1.2):
    ...     up, down, middle = bumps.update(np.array([kw], np.float32), np.ones(1, bool))
    >>> up.round(1), down, middle
    (array([4.6], dtype=float32), array([0.], dtype=float32), array([8.], dtype=float32))
    """

    NEW: ClassVar = dict.fromkeys(KEPT, np.float32(np.nan))

    def update(self, value: Floats, given: Flags) -> tuple[Floats, Floats, Floats]:
        """Take the newest readings; return the bump that each of them ended, kW.

        Returned are its height above both sides, its depth below them, and its reading that
        stood out least; 0 without a bump.
        """
        ago = [getattr(self, name) for name in KEPT]
        up, down, middle = (np.zeros(len(value), np.float32) for _ in range(3))
        high = low = ago[0]
        for before in ago[1:]:
            blunt = EDGES * (high - low + np.abs(before - value))
            above = low - np.fmax(before, value) - blunt
            below = np.fmin(before, value) - high - blunt
            is_up, is_down = given & (above > up), given & (below > down)
            up[is_up], middle[is_up] = above[is_up], low[is_up]
            down[is_down], middle[is_down] = below[is_down], high[is_down]
            low, high = np.minimum(low, before), np.maximum(high, before)
        for name, newer in zip(reversed(KEPT), [*reversed(ago[:-1]), value], strict=True):
            np.copyto(getattr(self, name), newer, where=given)
        return up, down, middle
