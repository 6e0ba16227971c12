"""Half-space trees: unusual combinations of a group's figures, one forest per group.

A forest learns which combinations of a few figures are usual. A combination in a region without
past data is unusual, though each figure by itself may be normal. The trees are River's, the same
for every group. The counts are ours, in arrays for all groups at once, because River's take some
50 KB and 3 ms per forest. A test compares the scores with River's own.

References
----------
S. C. Tan, K. M. Ting, T. F. Liu (2011): Fast anomaly detection for streaming data. IJCAI.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gridcast.models.detection.detector_state import Rows
from gridcast.models.detection.groups import GroupStatistics
from gridcast.models.detection.hst_trees import GROWN_TREES
from gridcast.models.records import Column
from gridcast.units import Floats

FEATURES = ("mean", "high", "low", "silent", "balance")
TREES, HEIGHT, WINDOW = 8, 4, 96
SEED = 8
NODES = 2 ** (HEIGHT + 1) - 1
FEW = 0.1 * WINDOW
"""A node with fewer visits is not descended further."""
MOST = TREES * WINDOW * NODES
"""The raw score of the most usual combination."""

Counts = npt.NDArray[np.int16]


def features(groups: GroupStatistics) -> npt.NDArray[np.float64]:
    """Return the figures of each group, scaled to 0 to 1."""
    balance = np.nan_to_num(groups.balance).clip(-0.5, 0.5) + 0.5
    mean = 1 / (1 + np.exp(-groups.mean.astype(np.float64)))
    return np.column_stack([mean, groups.high, groups.low, groups.silent, balance])


class HalfSpaceForests:
    """The forests of all groups."""

    def __init__(self, groups: int = 0) -> None:
        self._now = _none(groups)
        """Visits of each node in the current window: [group, tree, node]."""
        self._before = _none(groups)
        """Visits in the previous window, which scores are computed from."""
        self._looks = np.zeros(groups, np.int16)
        """Number of updates in the current window."""
        self._is_first = np.ones(groups, np.bool_)
        """True in the first window, which has no previous one."""

    def __len__(self) -> int:
        return len(self._looks)

    def update(self, figures: npt.NDArray[np.float64]) -> Floats:
        """Return how unusual each group is, 0 to 1, and learn from it."""
        groups = np.arange(len(self))
        score = np.zeros(len(self))
        for tree, (feature, threshold) in enumerate(GROWN_TREES):
            node, goes_on = np.zeros(len(self), np.intp), np.ones(len(self), np.bool_)
            for depth in range(HEIGHT + 1):
                count = self._before[groups, tree, node]
                score += np.where(goes_on, count * 2.0**depth, 0.0)
                goes_on &= count >= FEW
                self._now[groups, tree, node] += 1
                if depth < HEIGHT:
                    is_right = figures[groups, feature[node]] >= threshold[node]
                    node = 2 * node + 1 + is_right
        unusual = np.where(self._is_first, 0.0, 1 - score / MOST)
        self._looks += 1
        over = self._looks == WINDOW
        self._before[over], self._now[over] = self._now[over], 0
        self._looks[over], self._is_first[over] = 0, False
        return unusual.astype(np.float32)

    def grow(self, groups: int) -> None:
        """Add forests for new groups."""
        self.reorder(np.append(np.arange(len(self)), np.full(groups - len(self), -1)))

    def reorder(self, was: Rows) -> None:
        """Reorder the groups: `was` has the old index of each; -1 is a new group."""
        new, is_old = HalfSpaceForests(len(was)), was >= 0
        for name in ("_now", "_before", "_looks", "_is_first"):
            getattr(new, name)[is_old] = getattr(self, name)[was[is_old]]
            setattr(self, name, getattr(new, name))

    def columns(self) -> list[Column]:
        """Return the counts as record columns; the trees are constant."""
        return [self._looks, self._is_first, self._now.ravel(), self._before.ravel()]

    def load(self, columns: Sequence[Column]) -> None:
        """Restore the counts from record columns."""
        looks, is_first, now, before = map(np.asarray, columns)
        self._looks, self._is_first = looks.astype(np.int16), is_first.astype(np.bool_)
        self._now = now.astype(np.int16).reshape(-1, TREES, NODES)
        self._before = before.astype(np.int16).reshape(-1, TREES, NODES)


def _none(groups: int) -> Counts:
    return np.zeros((groups, TREES, NODES), np.int16)
