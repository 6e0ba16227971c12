"""What is unusual about a group as a whole: half-space trees (River), one forest a group.

They learn from a few figures of the group how these usually lie together; what lies where nothing
lay before is unusual, though each figure by itself may be in order. A forest takes tens of KB, so
there is one for each feeder or zone, not for each meter.

References
----------
S. C. Tan, K. M. Ting, T. F. Liu (2011): Fast anomaly detection for streaming data. IJCAI.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from river.anomaly import HalfSpaceTrees

from gridcast.models.detection.groups import Together
from gridcast.models.detection.memory import Floats
from gridcast.models.records import Column

FEATURES = ("mean", "high", "low", "silent", "balance")
TREES, HEIGHT, WINDOW = 8, 4, 96
SEED = 8


def features(seen: Together) -> npt.NDArray[np.float64]:
    """Give the figures of each group, between 0 and 1."""
    balance = np.nan_to_num(seen.balance).clip(-0.5, 0.5) + 0.5
    mean = 1 / (1 + np.exp(-seen.mean.astype(np.float64)))
    return np.column_stack([mean, seen.high, seen.low, seen.silent, balance])


class Forests:
    """The forests of all groups. They have the same trees; each has counts of its own."""

    def __init__(self, groups: int = 0) -> None:
        self._forests = [_new() for _ in range(groups)]

    def __len__(self) -> int:
        return len(self._forests)

    def look(self, seen: npt.NDArray[np.float64]) -> Floats:
        """Give how unusual each group is, 0 to 1, and learn from it."""
        score = np.zeros(len(self._forests), np.float32)
        for place, (forest, row) in enumerate(zip(self._forests, seen.tolist(), strict=True)):
            figures = dict(zip(FEATURES, row, strict=True))
            score[place] = forest.score_one(figures)  # type: ignore[no-untyped-call]
            forest.learn_one(figures)  # type: ignore[no-untyped-call]
        return score

    def grow(self, groups: int) -> None:
        """Make room for new groups."""
        self._forests += [_new() for _ in range(groups - len(self._forests))]

    def columns(self) -> list[Column]:
        """Give the counts as columns of a record: the trees follow from the seed."""
        counts = [(forest.counter, int(forest._first_window)) for forest in self._forests]
        masses = [
            (node.l_mass, node.r_mass)
            for forest in self._forests
            for nodes in forest._tree_nodes
            for node in nodes
        ]
        return [
            np.array(counts, np.int64).reshape(-1, 2).T.ravel(),
            np.array(masses, np.int64).reshape(-1, 2).T.ravel(),
        ]

    def load(self, columns: Sequence[Column]) -> None:
        """Take the counts from columns of a record."""
        counts, masses = (np.asarray(column).reshape(2, -1).T.tolist() for column in columns)
        self._forests = [_new() for _ in counts]
        left = iter(masses)
        for forest, (counter, is_first) in zip(self._forests, counts, strict=True):
            forest.counter, forest._first_window = counter, bool(is_first)
            for nodes in forest._tree_nodes:
                for node in nodes:
                    node.l_mass, node.r_mass = next(left)


def _new() -> HalfSpaceTrees:
    """Make a forest that has its trees: River builds them when it first learns."""
    forest = HalfSpaceTrees(n_trees=TREES, height=HEIGHT, window_size=WINDOW, seed=SEED)
    forest.learn_one(dict.fromkeys(FEATURES, 0.5))  # type: ignore[no-untyped-call]
    forest.counter = 0
    for nodes in forest._tree_nodes:
        for node in nodes:
            node.l_mass = 0
    return forest
