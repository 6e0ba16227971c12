"""Data drift: loads whose mean has moved, of single series and of whole groups.

Forecasts are made from past loads. When these move, a model is asked about data that it was not
trained on, whether it errs yet or not; errors that move are concept drift
(`gridcast.models.detection.error_drift`). The load of a day is expressed as its distance from the
series' mean, in usual distances. That mean forgets within weeks, so it follows the seasons. What a
group does together belongs to the group; the test of a series sees its distance from the group.
Holidays are left out, and so are days of which less than half was soundly measured.
"""

from typing import ClassVar

import numpy as np

from gridcast.models.detection.detector_state import DetectorState
from gridcast.models.detection.groups import group_medians, group_value_of_series
from gridcast.models.detection.observations import DeclaredSeries
from gridcast.models.detection.page_hinkley import DriftLimit, PageHinkley
from gridcast.units import DAY_MS, Flags, Floats

HALF_A_DAY_S = np.float32(43_200)
OWN = DriftLimit(min_instances=14, delta=2.0, threshold=28.0, alpha=0.99)
"""Limits for a series: the days of one household vary widely."""
ALL = DriftLimit(min_instances=14, delta=0.5, threshold=20.0, alpha=0.99)
"""Limits for a group."""
STANDS = np.uint8(7 * 24)
"""Hours for which a drift is reported: errors that move with it are reported within days."""
LEARNS = np.float32(1 / 28)
WARM = 7
"""Number of days after which the norms are known."""
FARTHEST = np.float32(8)
"""Upper bound on one day's distance, in usual distances."""
LEARNED = np.float32(2)
"""Upper bound on the distance that the norms learn from one day."""
TAME = np.float32(0.05)
"""Lower bound on the usual distance, as a share of the mean."""
NARROWEST = np.float32(1e-3)


class DailyNorms(DetectorState):
    """The mean of daily values and their usual distance from it."""

    NEW: ClassVar = {
        "mean": np.float32(0),
        "size": np.float32(0),
        "days": np.uint8(0),
        "stands": np.uint8(0),
    }
    mean: Floats
    size: Floats
    """Mean distance of days from the mean."""
    days: np.ndarray[tuple[int], np.dtype[np.uint8]]
    """Number of days that both rest on, up to `WARM`."""
    stands: np.ndarray[tuple[int], np.dtype[np.uint8]]
    """Hours for which a drift is still reported."""

    def scale(
        self, value: Floats, given: Flags, *, narrowest: np.float32 = NARROWEST
    ) -> tuple[Floats, Flags]:
        """Return each day's distance in usual distances, and for which series it is known."""
        off = np.where(given & (self.days > 0), value - self.mean, np.float32(0))
        size = np.maximum(np.maximum(self.size, TAME * np.abs(self.mean)), narrowest)
        scaled = np.clip(off / size, -FARTHEST, FARTHEST).astype(np.float32)
        is_known = given & (self.days >= WARM)
        near = np.where(is_known, np.clip(scaled, -LEARNED, LEARNED) * size, off)
        learns = np.maximum(LEARNS, 1 / (self.days + np.float32(1)))
        first = given & (self.days == 0)
        self.mean += np.where(first, value, np.where(given, learns * near, np.float32(0)))
        of_size = learns * (np.abs(near) - self.size)
        self.size += np.where(given & ~first, of_size, np.float32(0))
        self.days += given & (self.days < WARM)
        return scaled, is_known


class DailyLoads(DetectorState):
    """The sums of the current day's sound readings."""

    NEW: ClassVar = {"total": np.float32(0), "count": np.uint16(0)}
    total: Floats
    count: np.ndarray[tuple[int], np.dtype[np.uint16]]

    def add(self, value: Floats, sound: Flags) -> None:
        """Add sound readings to the current day."""
        self.total += np.where(sound, value, np.float32(0))
        self.count += sound

    def end(self, interval_s: Floats) -> tuple[Floats, Flags]:
        """Return the day's means and which series have at least half a day; start a new day."""
        count = self.count.astype(np.float32)
        given = (count > 0) & (count * interval_s >= HALF_A_DAY_S)
        load = np.asarray(self.total / np.maximum(count, np.float32(1)), np.float32)
        self.total[:], self.count[:] = 0, 0
        return load, given


class InputDrift:
    """The drift tests of all series and groups."""

    def __init__(self) -> None:
        self.loads, self.usual, self.test = DailyLoads(), DailyNorms(), PageHinkley(OWN)
        self.group_usual, self.group_test = DailyNorms(), PageHinkley(ALL)
        self.hour = 0
        """The current hour."""

    def update(
        self,
        tick_ms: int,
        value: Floats,
        sound: Flags,
        interval_s: Floats,
        declared: DeclaredSeries,
    ) -> tuple[Flags, Flags]:
        """Take sound readings; return which series and groups have drifted."""
        hour = tick_ms * 24 // DAY_MS
        if hour != self.hour:
            for usual in (self.usual, self.group_usual):
                usual.stands -= usual.stands > 0
            if hour // 24 != self.hour // 24:
                self._end(interval_s, declared)
            self.hour = hour
        self.loads.add(value, sound)
        return self.usual.stands > 0, self.group_usual.stands > 0

    def _end(self, interval_s: Floats, declared: DeclaredSeries) -> None:
        """Judge the day that has ended."""
        scaled, is_known = self.usual.scale(*self.loads.end(interval_s))
        shared, most = group_medians(scaled, is_known, declared)
        own = scaled - group_value_of_series(shared, declared)
        self.usual.stands[self.test.update(own, is_known)] = STANDS
        scaled, is_known = self.group_usual.scale(shared, most)
        self.group_usual.stands[self.group_test.update(scaled, is_known)] = STANDS

    def grow(self, rows: int, groups: int) -> None:
        """Add rows for new series and groups."""
        for part in self.parts():
            part.grow(rows)
        for part in self.group_parts():
            part.grow(groups)

    def parts(self) -> tuple[DetectorState, ...]:
        """Return the states with one row per series."""
        return self.loads, self.usual, self.test

    def group_parts(self) -> tuple[DetectorState, ...]:
        """Return the states with one row per group."""
        return self.group_usual, self.group_test
