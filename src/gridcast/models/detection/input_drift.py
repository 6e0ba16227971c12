"""Loads that have moved against their own past: of each series, and of each group rolled up.

Forecasts are made from the loads before them. When these move, a model is asked what it was not
taught, whether it errs by now or not: data drift, while errors that move are concept drift
(`gridcast.models.detection.error_drift`). The load of a day is told in how far days of this series
usually lie from its mean, which forgets within weeks, so that seasons are followed. What a group
does together is the group's: of its series the test sees how far they are from that. A day of which
less than half was measured soundly does not count, and a holiday does not.
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
"""Of a series: days of one household are wild."""
ALL = DriftLimit(min_instances=14, delta=0.5, threshold=20.0, alpha=0.99)
"""Of a group."""
STANDS = np.uint8(7 * 24)
"""Hours for which it is shown: errors that move with it are told within days."""
LEARNS = np.float32(1 / 28)
WARM = 7
"""Days: before them it is not known what is usual."""
FARTHEST = np.float32(8)
"""Usual sizes: one day counts for no more …"""
LEARNED = np.float32(2)
"""… and what is usual is learned from no more."""
TAME = np.float32(0.05)
"""Of the mean: days of the tamest series lie so far from it, usually."""
NARROWEST = np.float32(1e-3)


class DailyNorms(DetectorState):
    """How days usually are."""

    NEW: ClassVar = {
        "mean": np.float32(0),
        "size": np.float32(0),
        "days": np.uint8(0),
        "stands": np.uint8(0),
    }
    mean: Floats
    size: Floats
    """How far days lie from the mean, on average."""
    days: np.ndarray[tuple[int], np.dtype[np.uint8]]
    """That both rest on, up to `WARM`."""
    stands: np.ndarray[tuple[int], np.dtype[np.uint8]]
    """Hours for which a move is still shown."""

    def scale(
        self, value: Floats, given: Flags, *, narrowest: np.float32 = NARROWEST
    ) -> tuple[Floats, Flags]:
        """Give how far from the mean each is, in its usual size; and of which that is known."""
        off = np.where(given & (self.days > 0), value - self.mean, np.float32(0))
        size = np.maximum(np.maximum(self.size, TAME * np.abs(self.mean)), narrowest)
        scaled = np.clip(off / size, -FARTHEST, FARTHEST).astype(np.float32)
        known = given & (self.days >= WARM)
        near = np.where(known, np.clip(scaled, -LEARNED, LEARNED) * size, off)
        learns = np.maximum(LEARNS, 1 / (self.days + np.float32(1)))
        first = given & (self.days == 0)
        self.mean += np.where(first, value, np.where(given, learns * near, np.float32(0)))
        of_size = learns * (np.abs(near) - self.size)
        self.size += np.where(given & ~first, of_size, np.float32(0))
        self.days += given & (self.days < WARM)
        return scaled, known


class DailyLoads(DetectorState):
    """The sound readings of the day that runs."""

    NEW: ClassVar = {"total": np.float32(0), "count": np.uint16(0)}
    total: Floats
    count: np.ndarray[tuple[int], np.dtype[np.uint16]]

    def add(self, value: Floats, sound: Flags) -> None:
        """Take readings that are sound."""
        self.total += np.where(sound, value, np.float32(0))
        self.count += sound

    def end(self, interval_s: Floats) -> tuple[Floats, Flags]:
        """Give the day's means, and of which at least half of it was measured."""
        count = self.count.astype(np.float32)
        given = (count > 0) & (count * interval_s >= HALF_A_DAY_S)
        load = np.asarray(self.total / np.maximum(count, np.float32(1)), np.float32)
        self.total[:], self.count[:] = 0, 0
        return load, given


class InputDrift:
    """The tests of all series and groups."""

    def __init__(self) -> None:
        self.loads, self.usual, self.test = DailyLoads(), DailyNorms(), PageHinkley(OWN)
        self.group_usual, self.group_test = DailyNorms(), PageHinkley(ALL)
        self.hour = 0
        """The hour that runs."""

    def update(
        self,
        tick_ms: int,
        value: Floats,
        sound: Flags,
        interval_s: Floats,
        declared: DeclaredSeries,
    ) -> tuple[Flags, Flags]:
        """Take readings that are sound; tell which series and groups have moved."""
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
        """Judge the day that is over."""
        scaled, told = self.usual.scale(*self.loads.end(interval_s))
        shared, most = group_medians(scaled, told, declared)
        own = scaled - group_value_of_series(shared, declared)
        self.usual.stands[self.test.update(own, told)] = STANDS
        scaled, told = self.group_usual.scale(shared, most)
        self.group_usual.stands[self.group_test.update(scaled, told)] = STANDS

    def grow(self, rows: int, groups: int) -> None:
        """Make room for new series and groups."""
        for part in self.parts():
            part.grow(rows)
        for part in self.group_parts():
            part.grow(groups)

    def parts(self) -> tuple[DetectorState, ...]:
        """Give what is remembered by row."""
        return self.loads, self.usual, self.test

    def group_parts(self) -> tuple[DetectorState, ...]:
        """Give what is remembered by group."""
        return self.group_usual, self.group_test
