"""Concept drift: forecast errors whose mean has moved, of single series and of whole groups.

Scores are alike from minute to minute, so they are averaged over an hour and scaled by the series'
usual size before the Page-Hinkley test. What a group does together, such as when heating ends in
spring, belongs to the group; the test of a series sees its distance from the group. Scores of
faulty readings and of holidays are left out, because neither is drift.
"""

from typing import ClassVar

import numpy as np

from gridcast.models.detection.detector_state import DetectorState
from gridcast.models.detection.groups import group_medians, group_value_of_series
from gridcast.models.detection.observations import NO_GROUP, DeclaredSeries
from gridcast.models.detection.page_hinkley import DriftLimit, PageHinkley
from gridcast.units import HOUR_MS, Flags, Floats

LIMIT = DriftLimit(min_instances=72, delta=0.5, threshold=80.0, alpha=1.0, remembered=14 * 24)
"""Hourly, against the mean error of two weeks: a heated home errs differently in spring, without
any drift."""
STANDS = np.uint8(24)
"""Hours for which a drift is reported; the test starts anew with it."""
LEARNS = np.float32(0.01)
FARTHEST = np.float32(4)
"""Upper bound on one hour's score, in usual sizes."""


class HourlyScores(DetectorState):
    """The sums of the current hour's scores, and their usual size."""

    NEW: ClassVar = {
        "total": np.float32(0),
        "count": np.uint16(0),
        "size": np.float32(0.5),
        "stands": np.uint8(0),
    }
    total: Floats
    count: np.ndarray[tuple[int], np.dtype[np.uint16]]
    size: Floats
    stands: np.ndarray[tuple[int], np.dtype[np.uint8]]

    def add(self, score: Floats, given: Flags) -> None:
        """Add scores to the current hour."""
        self.total += np.where(given, np.clip(score, -8, 8), np.float32(0))
        self.count += given

    def end(self) -> tuple[Floats, Flags]:
        """Return the hour's mean scores in usual sizes and which series have one."""
        given = self.count > 0
        mean = self.total / np.maximum(self.count, 1).astype(np.float32)
        scaled = np.clip(mean / np.maximum(self.size, np.float32(0.05)), -FARTHEST, FARTHEST)
        self.size += np.where(given, LEARNS * (np.abs(mean) - self.size), np.float32(0))
        self.total[:], self.count[:] = 0, 0
        self.stands -= self.stands > 0
        return scaled.astype(np.float32), given


class ErrorDrift:
    """The drift tests of all series and groups."""

    def __init__(self) -> None:
        self.hours, self.test = HourlyScores(), PageHinkley(LIMIT)
        self.group_hours, self.group_test = HourlyScores(), PageHinkley(LIMIT)
        self._hour = 0

    def update(
        self, tick_ms: int, score: Floats, sound: Flags, declared: DeclaredSeries
    ) -> tuple[Flags, Flags]:
        """Take the scores of sound readings; return which series and groups have drifted."""
        hour = tick_ms // HOUR_MS
        if hour != self._hour:
            self._hour = hour
            self._end(declared)
        self.hours.add(np.nan_to_num(score), sound)
        return self.hours.stands > 0, self.group_hours.stands > 0

    def _end(self, declared: DeclaredSeries) -> None:
        scaled, given = self.hours.end()
        shared, _ = group_medians(scaled, given, declared)
        own = scaled - group_value_of_series(shared, declared)
        self.hours.stands[self.test.update(own, given)] = STANDS
        inside = given & (declared.group != NO_GROUP)
        group = declared.group[inside]
        count = np.bincount(group, minlength=declared.groups)
        total = np.bincount(group, scaled[inside], minlength=declared.groups)
        mean = (total / np.maximum(count, 1)).astype(np.float32)
        self.group_hours.add(mean, count > 0)
        scaled, given = self.group_hours.end()
        self.group_hours.stands[self.group_test.update(scaled, given)] = STANDS

    def grow(self, rows: int, groups: int) -> None:
        """Add rows for new series and groups."""
        for part in (self.hours, self.test):
            part.grow(rows)
        for part in (self.group_hours, self.group_test):
            part.grow(groups)

    def parts(self) -> tuple[DetectorState, ...]:
        """Return the states with one row per series."""
        return self.hours, self.test

    def group_parts(self) -> tuple[DetectorState, ...]:
        """Return the states with one row per group."""
        return self.group_hours, self.group_test

    @property
    def hour(self) -> int:
        """The current hour."""
        return self._hour

    @hour.setter
    def hour(self, hour: int) -> None:
        self._hour = hour
