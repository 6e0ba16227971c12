"""Statistics of groups: what the series under one parent do together."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gridcast.models.detection.detector_state import DetectorState, Rows
from gridcast.models.detection.observations import NO_GROUP, DeclaredSeries, TickReadings
from gridcast.models.detection.pit_scores import REMEMBERED, is_known
from gridcast.units import Flags, Floats

STRIKING = np.float32(3)
"""A score beyond this counts as moved with the neighbours."""
FEWEST = 3
"""Smallest group that is judged."""
MOST_SILENT = 0.8
"""A group with this share of silent series is silent as a whole."""
MOVED = 0.4
"""Smallest share of striking series, on one side, that makes an event of the group."""
ALL = 0.999
"""Share of the children that must be heard before they are compared with their parent."""
CLIP = np.float32(6)


@dataclass(frozen=True, slots=True)
class GroupStatistics:
    """Statistics of a tick, one row per group."""

    size: Floats
    silent: Floats
    """Share of the series that are silent."""
    high: Floats
    """Share of the judged series that lie strikingly high."""
    low: Floats
    """Share of the judged series that lie strikingly low."""
    mean: Floats
    """Mean score of the judged series, each clipped."""
    balance: Floats
    """Parent minus the sum of its children, as a share of their absolute sum."""
    heard: Floats
    """Number of judged series: those with a reading and a forecast for it."""


def group_statistics(
    readings: TickReadings, declared: DeclaredSeries, score: Floats, silent: Flags
) -> GroupStatistics:
    """Compute the statistics of each group."""
    inside = declared.group != NO_GROUP
    group, groups = declared.group[inside], declared.groups

    def total(of: Floats | Flags) -> Floats:
        weights = of[inside].astype(np.float32)
        return np.bincount(group, weights, minlength=groups).astype(np.float32)

    given = ~np.isnan(score)
    clipped = np.clip(np.nan_to_num(score), -CLIP, CLIP)
    size, heard = total(np.ones_like(given)), total(given)
    has_reading = ~np.isnan(readings.value)
    parts, part_sum = total(has_reading), total(np.nan_to_num(readings.value))
    has_parent = declared.parent >= 0
    parent_kw = np.where(has_parent, readings.value[np.maximum(declared.parent, 0)], np.nan)
    # Children that feed in and children that draw may cancel out, but meters err by the throughput.
    gross = total(np.abs(np.nan_to_num(readings.value)))
    complete = has_parent & (parts >= ALL * size) & (size >= FEWEST) & (gross > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        balance = np.where(complete, (parent_kw - part_sum) / gross, np.nan)
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
    """Index of each series' siblings."""
    size: Floats
    high: Floats
    """Share that lies above the forecast's middle two thirds; normally one in six does."""
    low: Floats
    """Share that lies below them."""


def siblings(declared: DeclaredSeries, station: Rows, high: Flags, low: Flags) -> Siblings:
    """Compute the statistics of series that share parent and station, or the lack of them."""
    number = (station + 1) * (declared.groups + 1) + declared.group + 1
    size, above, below = (
        np.bincount(number, weights=of).astype(np.float32)
        for of in (np.ones(len(number)), high, low)
    )
    return Siblings(number, size, _share(above, size), _share(below, size))


class Balance(DetectorState):
    """Residuals of parents against the sum of their children, scaled by what is usual for them."""

    NEW: ClassVar = {
        "mean": np.float32(np.nan),
        "spread": np.float32(0.02),
        "seen": np.uint16(0),
    }
    mean: Floats
    spread: Floats
    seen: np.ndarray[tuple[int], np.dtype[np.uint16]]
    """Number of residuals that were computed, up to a bound."""
    LEARNS = np.float32(0.005)

    def is_known(self, interval_s: Floats) -> Flags:
        """Return True for groups with at least a day of residuals, enough to know what is usual."""
        return is_known(self.seen, interval_s)

    def score(self, balance: Floats) -> Floats:
        """Return the score of each residual and learn from it; NaN if there is no residual."""
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
    """Return its group's value for each series; 0 for a series without a group."""
    inside = declared.group != NO_GROUP
    if not declared.groups:
        return np.zeros(len(declared.group), np.float32)
    return np.where(inside, values[np.maximum(declared.group, 0)], np.float32(0)).astype(np.float32)


def group_medians(values: Floats, given: Flags, declared: DeclaredSeries) -> tuple[Floats, Flags]:
    """Return each group's median and whether most of its series are in it.

    With too few values the median is 0: they have nothing in common.
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
