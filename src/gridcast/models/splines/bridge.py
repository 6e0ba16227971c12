"""Bridge short gaps with a cubic spline and leave everything else as it is."""

import numpy as np
import numpy.typing as npt

from gridcast.models.splines.spline import Spline
from gridcast.units import Doubles

BRIDGE_LAM = 0.1
"""Smoothness of the spline over a gap: it follows the readings, but no single one distorts it."""
SHORE = 8
"""Slots on either side of a gap that the spline is fitted to; further ones hardly matter."""


class Bridge:
    """Splines over short gaps and their surroundings only: cheaper than over whole windows.

    Parameters
    ----------
    slots
        Length of the windows.
    longest_gap
        Maximum number of missing slots in a row to bridge.
    """

    def __init__(self, slots: int, longest_gap: int) -> None:
        self.slots = slots
        self._spline = Spline(min(slots, longest_gap + 2 * SHORE), BRIDGE_LAM)

    def fill(
        self,
        target: Doubles,
        weight: Doubles,
        short: npt.NDArray[np.bool_],
        value: npt.NDArray[np.float32],
    ) -> None:
        """Fill the `short` gaps of `value` in place; slots down, one window a column."""
        column, slot = np.nonzero(short.T)
        if not len(slot):
            return
        begins = np.append(True, (np.diff(slot) != 1) | (np.diff(column) != 0))
        gap = np.cumsum(begins) - 1
        length = self._spline.slots
        first = np.clip(slot[begins] - SHORE, 0, self.slots - length)
        at = first + np.arange(length)[:, None]
        shores, weights = target[at, column[begins]], weight[at, column[begins]]
        prop_up(shores, weights)
        line = self._spline.smooth(shores, weights)
        value[slot, column] = line[slot - first[gap], gap]


def prop_up(target: Doubles, weight: Doubles) -> None:
    """Make windows with fewer than two known slots solvable, as a constant.

    Without this the spline would have no unique solution there.
    """
    for column in np.flatnonzero((weight > 0).sum(axis=0) < 2):
        measured = np.flatnonzero(weight[:, column])
        target[:, column] = target[measured[0], column] if len(measured) else 0.0
        weight[:, column] = 1.0
