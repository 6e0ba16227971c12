"""Fill long gaps of windows from a seasonal profile: the same slots of other days."""

import numpy as np
import numpy.typing as npt

from gridcast.models.windows.marks import ESTIMATED, NOTHING
from gridcast.units import Doubles, Flags

SAME_WEEKDAY = 3.0
"""Weight of last week's same day; any other day has 1. A Sunday is not a Monday."""

EASE = 0.5
"""Rate of exponential smoothing of the level beside a gap."""


FAR = 1e9
"""Distance in slots to a measured slot if there is none."""


def season_fill(
    mean: npt.NDArray[np.floating],
    mark: npt.NDArray[np.uint8],
    slots: int,
    longest_gap: int,
    day: int,
) -> tuple[Doubles, Flags]:
    """Fill the long gaps in the newest `slots` slots of windows, one a column.

    A slot gets the mean of the same time on the other days kept, moved by how far the series stood
    from that mean beside the gap: on the left shore, on the right one, and between them in
    proportion to the distance. Returns the values (not a number where no other day is known), and
    which slots belong to a long gap; a gap that reaches the newest slot is always taken as long,
    since only a guess would bridge it.
    """
    first = len(mean) - slots
    known = mark > ESTIMATED
    profile = _profile(mean, known, first, day)
    recent, empty = known[first:], mark[first:] == NOTHING
    behind, ahead = _distance(~empty), _distance(~empty[::-1])[::-1]
    long = empty & ((behind + ahead - 1 > longest_gap) | (ahead >= FAR))
    # Where the series stands above its profile, carried into the gap from either side.
    above = np.where(recent, mean[first:] - profile, np.nan)
    left, right = _level(above), _level(above[::-1])[::-1]
    share = ahead / np.maximum(behind + ahead, 1.0)
    share = np.where(np.isnan(left), 0.0, share)
    share = np.where(np.isnan(right), 1.0, share)
    level = np.nan_to_num(left) * share + np.nan_to_num(right) * (1.0 - share)
    return profile + level, long


def _profile(mean: npt.NDArray[np.floating], known: Flags, first: int, day: int) -> Doubles:
    """Return the mean of each of the newest slots over the other days of the window."""
    shape = (len(mean) - first, mean.shape[1])
    total, weight = np.zeros(shape), np.zeros(shape)
    days = len(mean) // day
    for apart in range(-days, days + 1):
        # Slots i of the recent part for which i + apart * day is inside the window.
        low = max(0, -first - apart * day)
        high = min(shape[0], len(mean) - first - apart * day)
        if apart == 0 or low >= high:
            continue
        other = slice(first + low + apart * day, first + high + apart * day)
        count = SAME_WEEKDAY if apart % 7 == 0 else 1.0
        total[low:high] += np.where(known[other], mean[other] * count, 0.0)
        weight[low:high] += known[other] * count
    profile = np.full(shape, np.nan)
    np.divide(total, weight, out=profile, where=weight > 0)
    return profile


def _distance(here: Flags) -> Doubles:
    """Return the number of slots back to the newest present one; FAR before the first."""
    distance = np.empty(here.shape)
    run = np.full(here.shape[1], FAR)
    for i, now in enumerate(here):
        run = np.where(now, 0.0, run + 1.0)
        distance[i] = run
    return distance


def _level(above: Doubles) -> Doubles:
    """Return the exponentially smoothed level per slot, held constant over gaps."""
    level = np.empty(above.shape)
    held = np.full(above.shape[1], np.nan)
    for i, now in enumerate(above):
        start = np.where(np.isnan(held), now, held)
        moved = start + EASE * (now - start)
        held = np.where(np.isnan(now), held, moved)
        level[i] = held
    return level
