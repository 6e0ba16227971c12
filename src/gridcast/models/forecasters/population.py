"""Forecast a series without history from similar series (cold start).

A new series has shown its size, and the others have shown the shape of a day. So its forecast is
theirs on average, scaled by the ratio of the loads in the slots in which both were measured.
"""

import numpy as np
import numpy.typing as npt

from gridcast.units import AnyFloats, Flags

FEWEST, MOST = 8, 512
"""Others that are asked: fewer say little, more say the same."""
FAR_FROM_ZERO = 0.8
"""Minimum of the others' mean load, as a share of their mean absolute load. If the load changes
sign and its mean is near 0, a ratio to it means nothing."""


def like_others(
    own: tuple[AnyFloats, Flags],
    others: tuple[AnyFloats, Flags],
    expected: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.float64], Flags]:
    """Forecast new series from what is expected of others.

    Parameters
    ----------
    own, others
        Loads of the newest day and where they are known: [series, slots].
    expected
        The others' quantiles: [others, levels, horizon].

    Returns
    -------
    Quantiles of the new series, and of which of them nothing can be said so.

    Examples
    --------
    >>> drawn = np.ones((8, 2), np.float32)
    >>> known = np.ones((8, 2), np.bool_)
    >>> tomorrow = np.full((8, 1, 1), 2, np.float32)
    >>> like_others((4 * drawn[:1], known[:1]), (drawn, known), tomorrow)[0].tolist()
    [[[8.0]]]
    """
    load, known = others
    heard = known.sum(axis=0)
    usual = np.where(known, load, 0.0).sum(axis=0) / np.maximum(heard, 1)
    size = np.where(known, np.abs(load), 0.0).sum(axis=0) / np.maximum(heard, 1)
    both = own[1] & (heard > 0)
    drew = np.where(both, own[0], 0.0).sum(axis=1)
    usually, at_most = both @ usual, both @ size
    one_way = usual.sum() > FAR_FROM_ZERO * size.sum()
    enough = len(load) >= FEWEST and one_way
    can_tell = enough & (usually > FAR_FROM_ZERO * at_most) & (drew >= 0)
    scale = drew / np.where(can_tell, usually, 1.0)
    together = expected.sum(axis=0, dtype=np.float64) / max(len(expected), 1)
    return scale[:, None, None] * together, ~can_tell


def widen(
    quantiles: npt.NDArray[np.float64], fan: npt.NDArray[np.float32], median: int
) -> npt.NDArray[np.float64]:
    """Widen quantiles to at least the spread of others, such as those of the last level.

    Both are [series, levels, horizon]; `median` is the index of the middle level.
    """
    centre = quantiles[:, median : median + 1]
    mine, theirs = quantiles - centre, fan.astype(np.float64) - fan[:, median : median + 1]
    return np.asarray(centre + np.where(np.abs(theirs) > np.abs(mine), theirs, mine))
