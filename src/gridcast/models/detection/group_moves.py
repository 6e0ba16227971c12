"""Binomial test for groups that move together: unusually many of their series lie to one side.

In a small group some series lie far off by chance again and again, because a reading covers a
minute and the forecast a quarter of an hour. So a group has moved if that many of its series would
hardly be far off by chance, given how often the series of this group usually are.
"""

from typing import ClassVar

import numpy as np
from scipy.special import betainc, ndtr

from gridcast.models.detection.detector_state import DetectorState
from gridcast.models.detection.groups import FEWEST, MOVED, STRIKING, GroupStatistics
from gridcast.units import Flags, Floats

FOLLOWS_S = np.float32(8 * 3_600)
"""Time constant of the usual share: known after a day, and an evening differs from a morning."""
SLOWER = np.float32(0.1)
"""Factor on the learning rate while the group has moved, so that an event is not soon normal."""
LEAST = np.float32(ndtr(-STRIKING))
"""Lower bound on the usual share: that of normally distributed errors."""


class GroupMoves(DetectorState):
    """The usual share of each group's series that lie strikingly high or low.

    >>> from gridcast.models.detection.groups import GroupStatistics
    >>> moves, minute = GroupMoves(1), np.full(1, 60, np.float32)
    >>> def has_moved(share: float) -> bool:
    ...     size, none = np.full(1, 9, np.float32), np.zeros(1, np.float32)
    ...     high = np.full(1, share, np.float32)
    ...     groups = GroupStatistics(size, none, high, none, none, none, size)
    ...     return bool(moves.update(groups, minute, np.full(1, 1e-7, np.float32))[0][0])
    >>> has_moved(1.0)  # nothing has been learned yet
    False
    >>> day = [has_moved(0.1) for _ in range(1_440)]
    >>> any(day), has_moved(4 / 9), has_moved(1.0)
    (False, False, True)
    """

    NEW: ClassVar = {"high": np.float32(1), "low": np.float32(1)}
    high: Floats
    """Share that usually lies strikingly high; 1 until learned."""
    low: Floats
    """Share that usually lies strikingly low; 1 until learned."""

    def update(
        self, groups: GroupStatistics, interval_s: Floats, risk: Floats
    ) -> tuple[Flags, Flags]:
        """Return which groups have moved up and which down; learn the usual shares."""
        rate = np.minimum(groups.heard / np.maximum(groups.size, 1) * interval_s / FOLLOWS_S, 1)
        moved_sides = []
        for usual, share in ((self.high, groups.high), (self.low, groups.low)):
            count = np.maximum(np.rint(share * groups.heard), 1)
            others = np.maximum(groups.heard - count, 0)
            chance = betainc(count, others + 1, np.maximum(usual, LEAST))
            moved = (groups.size >= FEWEST) & (share >= MOVED) & (chance < risk)
            usual[:] += np.where(moved, SLOWER, np.float32(1)) * rate * (share - usual)
            moved_sides.append(np.asarray(moved))
        return moved_sides[0], moved_sides[1]
