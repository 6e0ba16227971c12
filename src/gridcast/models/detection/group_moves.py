"""Groups that move as one: so many of their series lie strikingly far to one side.

Of a few series some lie there by chance, again and again: a reading is a minute of what was
forecast as the mean of a quarter of an hour. So a group has moved if that many of it would hardly
be by chance, were each of its series there as often as is usual in this group (a binomial test).
"""

from typing import ClassVar

import numpy as np
from scipy.special import betainc, ndtr

from gridcast.models.detection.detector_state import DetectorState
from gridcast.models.detection.groups import FEWEST, MOVED, STRIKING, GroupStatistics
from gridcast.units import Flags, Floats

FOLLOWS_S = np.float32(8 * 3_600)
"""So fast follows what is usual: it is known after a day, and an evening has its own."""
SLOWER = np.float32(0.1)
"""While the group has moved: an event is not usual soon, a new usual is in the end."""
LEAST = np.float32(ndtr(-STRIKING))
"""So often, at least: with normal errors it would be."""


class GroupMoves(DetectorState):
    """How many of each group lie strikingly high or low, as is usual.

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
    """Share of it that usually lies strikingly high …"""
    low: Floats
    """… and low; all of it as long as nothing is known."""

    def update(
        self, groups: GroupStatistics, interval_s: Floats, risk: Floats
    ) -> tuple[Flags, Flags]:
        """Tell which groups have moved up and which down; learn what is usual."""
        follows = np.minimum(groups.heard / np.maximum(groups.size, 1) * interval_s / FOLLOWS_S, 1)
        both = []
        for usual, share in ((self.high, groups.high), (self.low, groups.low)):
            count = np.maximum(np.rint(share * groups.heard), 1)
            others = np.maximum(groups.heard - count, 0)
            chance = betainc(count, others + 1, np.maximum(usual, LEAST))
            moved = (groups.size >= FEWEST) & (share >= MOVED) & (chance < risk)
            usual[:] += np.where(moved, SLOWER, np.float32(1)) * follows * (share - usual)
            both.append(np.asarray(moved))
        return both[0], both[1]
