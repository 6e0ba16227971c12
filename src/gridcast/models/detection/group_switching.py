"""Tariff and timer detector: groups that move at once at the full or half hour, unlike weather.

Half hours of UTC are half hours in all time zones but three. If readings come every quarter of an
hour, every change is seen at such times, so nothing is reported for them.
"""

from typing import ClassVar

import numpy as np

from gridcast.models.detection.detector_state import DetectorState
from gridcast.models.detection.groups import MOVED
from gridcast.models.detection.silence import SINCE_MS
from gridcast.units import Flags, Floats

HALF_HOUR_S = 1_800
AFTER_S = 120
"""A tick this soon after the half hour is the first to see what was switched then."""
CALM = 0.1
"""Share of strikingly high or low series below which a group is calm."""
AT_ONCE_S = 180
"""Longest time from calm to moved that counts as at once."""
OFTEN_S = 300
"""Longest interval of readings for which switching can be recognised."""
NEVER_S = -AT_ONCE_S - 1


class GroupSwitching(DetectorState):
    """When groups began to move.

    >>> switching = GroupSwitching(1)
    >>> often, share = np.full(1, 60.0, np.float32), [0.02, 0.03, 0.9, 0.8, 0.02]
    >>> for minute, now in enumerate(share, start=1_799):
    ...     at_once = switching.update(SINCE_MS + minute * 60_000, np.array([now]), often)
    ...     print(minute % 60, at_once)
    59 [False]
    0 [False]
    1 [ True]
    2 [ True]
    3 [False]
    """

    NEW: ClassVar = {"calm_s": np.int32(NEVER_S), "is_moved": np.False_, "at_once": np.False_}
    calm_s: np.ndarray[tuple[int], np.dtype[np.int32]]
    """Newest tick at which the group was calm, seconds since 2020."""
    is_moved: Flags
    at_once: Flags
    """True if it moved at once at the full or half hour and has not been calm since."""

    def update(self, tick_ms: int, share: Floats, interval_s: Floats) -> Flags:
        """Take the share of striking series of each group; return which groups were switched."""
        now_s = (tick_ms - SINCE_MS) // 1000
        calm = share < CALM
        begins = (share >= MOVED) & ~self.is_moved
        is_time = now_s % HALF_HOUR_S <= AFTER_S
        sudden = (now_s - self.calm_s <= AT_ONCE_S) & (interval_s <= OFTEN_S)
        self.at_once = (self.at_once | (begins & sudden & is_time)) & ~calm
        self.is_moved = (self.is_moved | begins) & ~calm
        self.calm_s[calm] = now_s
        return self.at_once
