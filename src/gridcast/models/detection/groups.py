"""What the series under one parent do together: whether the neighbours saw it, too."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gridcast.models.detection.detector_state import DetectorState, Rows
from gridcast.models.detection.observations import NO_GROUP, DeclaredSeries, TickReadings
from gridcast.models.detection.pit_scores import REMEMBERED, is_known
from gridcast.units import Flags, Floats

STRIKING = np.float32(3)
"""A score beyond that is one that a neighbour saw, too."""
FEWEST = 3
"""So many series make a group that can be judged."""
MOST_SILENT = 0.8
"""A group of which so many are silent is dead as a whole."""
MOVED = 0.4
"""Fewer of a group beyond what is striking, to one side, are no event of the group."""
ALL = 0.999
"""A parent is compared with the sum of its parts where so many of them were heard."""
CLIP = np.float32(6)


@dataclass(frozen=True, slots=True)
class GroupStatistics:
    """A row a group."""

    size: Floats
    silent: Floats
    """Share of them that is silent."""
    high: Floats
    """Share of those heard that lies strikingly high …"""
    low: Floats
    """… and low."""
    mean: Floats
    """Mean score of those heard, each cut to what one may weigh."""
    balance: Floats
    """What the parent says less the sum of its parts, as a share of all that goes through them."""
    heard: Floats
    """How many were: of them a reading came that had been forecast."""


def group_statistics(
    readings: TickReadings, declared: DeclaredSeries, score: Floats, silent: Flags
) -> GroupStatistics:
    """Sum up what the series of each group do."""
    inside = declared.group != NO_GROUP
    group, groups = declared.group[inside], declared.groups

    def total(of: Floats | Flags) -> Floats:
        weights = of[inside].astype(np.float32)
        return np.bincount(group, weights, minlength=groups).astype(np.float32)

    given = ~np.isnan(score)
    clipped = np.clip(np.nan_to_num(score), -CLIP, CLIP)
    size, heard = total(np.ones_like(given)), total(given)
    comes = ~np.isnan(readings.value)
    parts, part_sum = total(comes), total(np.nan_to_num(readings.value))
    has_parent = declared.parent >= 0
    whole = np.where(has_parent, readings.value[np.maximum(declared.parent, 0)], np.nan)
    # Parts that feed in and parts that draw may cancel out: meters err by what goes through them.
    gross = total(np.abs(np.nan_to_num(readings.value)))
    complete = has_parent & (parts >= ALL * size) & (size >= FEWEST) & (gross > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        balance = np.where(complete, (whole - part_sum) / gross, np.nan)
    return GroupStatistics(
        size,
        _share(total(silent), size),
        _share(total(clipped > STRIKING), heard),
        _share(total(clipped < -STRIKING), heard),
        _share(total(clipped), heard),
        balance.astype(np.float32),
        heard,
    )


def _share(part: Floats, whole: Floats) -> Floats:
    return np.asarray(part / np.maximum(whole, np.float32(1)), np.float32)


@dataclass(frozen=True, slots=True)
class Siblings:
    """Series with the same parent and the same weather station."""

    number: Rows
    """Which siblings each series is one of."""
    size: Floats
    high: Floats
    """Share of them that lie above what was expected, as one in six do when all is well …"""
    low: Floats
    """… and below."""


def siblings(declared: DeclaredSeries, station: Rows, high: Flags, low: Flags) -> Siblings:
    """Sum up what series do that share parent and station; who has none of both shares that."""
    number = (station + 1) * (declared.groups + 1) + declared.group + 1
    size, above, below = (
        np.bincount(number, weights=of).astype(np.float32)
        for of in (np.ones(len(number)), high, low)
    )
    return Siblings(number, size, _share(above, size), _share(below, size))


class Balance(DetectorState):
    """How far parents are from the sum of their parts, in what is usual for them."""

    NEW: ClassVar = {
        "mean": np.float32(np.nan),
        "spread": np.float32(0.02),
        "seen": np.uint16(0),
    }
    mean: Floats
    spread: Floats
    seen: np.ndarray[tuple[int], np.dtype[np.uint16]]
    """How often it could be told, up to as often as counts."""
    LEARNS = np.float32(0.005)

    def is_known(self, interval_s: Floats) -> Flags:
        """Tell of which it could be told for a day: enough to know what is usual."""
        return is_known(self.seen, interval_s)

    def score(self, balance: Floats) -> Floats:
        """Give how far off each is; not a number where it cannot be told."""
        new = np.isnan(self.mean) & ~np.isnan(balance)
        self.mean[new] = balance[new]
        self.seen += ~np.isnan(balance) & (self.seen < REMEMBERED)
        off = balance - self.mean
        score = np.abs(off) / np.maximum(self.spread, np.float32(1e-4))
        near = np.clip(off, -CLIP * self.spread, CLIP * self.spread)
        self.mean += self.LEARNS * np.nan_to_num(near)
        self.spread += self.LEARNS * np.nan_to_num(np.abs(near) - self.spread)
        return np.asarray(score, np.float32)


def group_value_of_series(values: Floats, declared: DeclaredSeries) -> Floats:
    """Give each series what its group has; 0 to one that has none."""
    inside = declared.group != NO_GROUP
    if not declared.groups:
        return np.zeros(len(declared.group), np.float32)
    return np.where(inside, values[np.maximum(declared.group, 0)], np.float32(0)).astype(np.float32)


def group_medians(values: Floats, given: Flags, declared: DeclaredSeries) -> tuple[Floats, Flags]:
    """Give the median of each group, and of which it tells: most of their series are in it.

    Of too few it is 0: they have nothing in common.
    """
    size = np.bincount(declared.group[declared.group != NO_GROUP], minlength=declared.groups)
    rows = np.flatnonzero(given & (declared.group != NO_GROUP))
    rows = rows[np.lexsort((values[rows], declared.group[rows]))]
    count = np.bincount(declared.group[rows], minlength=declared.groups)
    median, first, some = np.zeros(declared.groups, np.float32), np.cumsum(count) - count, count > 0
    left, right = rows[(first + (count - 1) // 2)[some]], rows[(first + count // 2)[some]]
    median[some] = (values[left] + values[right]) / 2
    median[count < FEWEST] = 0
    return median, (count >= FEWEST) & (2 * count >= size)
