"""Seasonal profile of a day: the mean of the other days, blended with last week's same day."""

from dataclasses import dataclass

import numpy as np

from gridcast.units import AnyFloats, Flags

WEEK = 7
LEAST, MOST = 0.2, 0.9
"""Bounds of what last week's same day counts beside the mean of the other days."""
UNTOLD = 0.3
"""Default weight if the window is too short to learn it: as three days among ten."""


@dataclass(frozen=True, slots=True)
class Days:
    """Windows cut into days that end where the window ends: [series, days, slots of a day].

    Days are numbered; numbers that differ by 7 are the same weekday. The first day after the window
    has the number `count`.
    """

    load: AnyFloats
    """0 where nothing was measured."""
    known: Flags

    @property
    def count(self) -> int:
        """Number of days."""
        return int(self.load.shape[1])

    def total(self, days: list[int]) -> tuple[AnyFloats, AnyFloats]:
        """Return the sum of some days' loads by slot of the day, and how many are known."""
        load = np.zeros(self.load[:, 0].shape, np.float32)
        known = np.zeros_like(load)
        for day in days:
            load += self.load[:, day]
            known += self.known[:, day]
        return load, known


class Profiles:
    """The profile of any day, made from the other days of its window.

    A grid's Saturday is like the Saturday before. A household's day is like its other days, and a
    single one of them would be noise. The weight of last week's same day is therefore learned from
    each window, by regression over the days that have one before them.
    """

    def __init__(self, days: Days) -> None:
        self.days = days
        self._all = days.total(list(range(days.count)))
        self._same = [
            days.total(list(range(weekday, days.count, WEEK)))
            for weekday in range(min(WEEK, days.count))
        ]
        self.share = self._learn_share()

    def of(self, day: int) -> tuple[AnyFloats, Flags]:
        """Return the profile of a day, in the window or after it, and which slots have one."""
        others, same = self._others(day), self._same_weekday(day)
        load = others[0]
        if same is not None:
            share = np.where(others[1], self.share[:, None], np.float32(1))
            load = load + np.where(same[1], share * (same[0] - load), np.float32(0))
            return load, others[1] | same[1]
        return load, others[1]

    def _others(self, day: int) -> tuple[AnyFloats, Flags]:
        """Return the mean of the days of other weekdays."""
        weekday = day % WEEK
        load, known = self._all
        if weekday < len(self._same):
            load, known = load - self._same[weekday][0], known - self._same[weekday][1]
        return load / np.maximum(known, 1), known > 0

    def _same_weekday(self, day: int) -> tuple[AnyFloats, Flags] | None:
        """Return the mean of the other days of the same weekday; None if there are none."""
        weekday, days = day % WEEK, self.days
        inside = day < days.count
        if weekday >= len(self._same) or (inside and days.count <= WEEK):
            return None
        load, known = self._same[weekday]
        if inside:
            load, known = load - days.load[:, day], known - days.known[:, day]
        return load / np.maximum(known, 1), known > 0

    def _learn_share(self) -> AnyFloats:
        """Regress the days that have a same day before them on how that one differed."""
        size = len(self.days.load)
        both, squares = np.zeros(size, np.float32), np.zeros(size, np.float32)
        for day in range(WEEK, self.days.count):
            mean, there = self._others(day)
            before = day - WEEK
            usable = there & self.days.known[:, day] & self.days.known[:, before]
            differed = np.where(usable, self.days.load[:, before] - mean, np.float32(0))
            both += ((self.days.load[:, day] - mean) * differed).sum(axis=1)
            squares += (differed * differed).sum(axis=1)
        share = np.full(size, UNTOLD, np.float32)
        np.divide(both, squares, out=share, where=squares > 0)
        return np.clip(share, LEAST, MOST)
