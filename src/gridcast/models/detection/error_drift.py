"""Errors that have moved: of each series, and of each group rolled up.

Scores of readings are alike from minute to minute, so they are averaged over an hour and told in
the series' own usual size before Page-Hinkley's test looks at them. What a group does together, as
when heating ends in spring, is the group's: of its series the test sees how far they are from that.
What a fault or a holiday has spoiled is not shown to it: that is no drift.
"""

from typing import ClassVar

import numpy as np

from gridcast.models.detection.detector_state import DetectorState
from gridcast.models.detection.groups import group_medians, group_value_of_series
from gridcast.models.detection.observations import NO_GROUP, DeclaredSeries
from gridcast.models.detection.page_hinkley import DriftLimit, PageHinkley
from gridcast.units import HOUR_MS, Flags, Floats

LIMIT = DriftLimit(min_instances=72, delta=0.5, threshold=80.0, alpha=1.0, remembered=14 * 24)
"""By hour: against the mean error of two weeks, for a home that is heated errs otherwise in spring,
and that is no drift."""
STANDS = np.uint8(24)
"""Hours for which a drift is shown: the test begins anew with it."""
LEARNS = np.float32(0.01)
FARTHEST = np.float32(4)
"""Usual sizes: one hour counts for no more."""


class HourlyScores(DetectorState):
    """Scores of the hour that runs, and their usual size."""

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
        """Take scores of the hour."""
        self.total += np.where(given, np.clip(score, -8, 8), np.float32(0))
        self.count += given

    def end(self) -> tuple[Floats, Flags]:
        """Give the hour's mean scores in their usual size, and which there are."""
        given = self.count > 0
        mean = self.total / np.maximum(self.count, 1).astype(np.float32)
        scaled = np.clip(mean / np.maximum(self.size, np.float32(0.05)), -FARTHEST, FARTHEST)
        self.size += np.where(given, LEARNS * (np.abs(mean) - self.size), np.float32(0))
        self.total[:], self.count[:] = 0, 0
        self.stands -= self.stands > 0
        return scaled.astype(np.float32), given


class ErrorDrift:
    """The tests of all series and groups."""

    def __init__(self) -> None:
        self.hours, self.test = HourlyScores(), PageHinkley(LIMIT)
        self.group_hours, self.group_test = HourlyScores(), PageHinkley(LIMIT)
        self._hour = 0

    def update(
        self, tick_ms: int, score: Floats, sound: Flags, declared: DeclaredSeries
    ) -> tuple[Flags, Flags]:
        """Take the scores of readings that are sound; tell which series and groups have moved."""
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
        """Make room for new series and groups."""
        for part in (self.hours, self.test):
            part.grow(rows)
        for part in (self.group_hours, self.group_test):
            part.grow(groups)

    def parts(self) -> tuple[DetectorState, ...]:
        """Give what is remembered by row."""
        return self.hours, self.test

    def group_parts(self) -> tuple[DetectorState, ...]:
        """Give what is remembered by group."""
        return self.group_hours, self.group_test

    @property
    def hour(self) -> int:
        """The hour that runs."""
        return self._hour

    @hour.setter
    def hour(self, hour: int) -> None:
        self._hour = hour
