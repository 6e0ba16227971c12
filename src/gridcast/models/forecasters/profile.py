"""What a day looks like: the mean of the other days, and last week's same day."""

from dataclasses import dataclass

import numpy as np

from gridcast.units import AnyFloats, Flags

WEEK = 7
LEAST, MOST = 0.2, 0.9
"""Bounds of what last week's same day counts beside the mean of the other days."""
UNTOLD = 0.3
"""What it counts where the window cannot tell: as three days among ten."""


@dataclass(frozen=True, slots=True)
class Days:
    """Windows cut into days that end where the window ends: [series, days, slots of a day].

    A day is told from the others by its number; numbers that differ by 7 are the same weekday. The
    first day after the window has the number that `len(days)` would be.
    """

    load: AnyFloats
    """0 where nothing was measured."""
    known: Flags

    @property
    def count(self) -> int:
        """How many days."""
        return int(self.load.shape[1])

    def total(self, days: list[int]) -> tuple[AnyFloats, AnyFloats]:
        """Add up some days: the load of each slot of the day, and how many of them are known."""
        load = np.zeros(self.load[:, 0].shape, np.float32)
        known = np.zeros_like(load)
        for day in days:
            load += self.load[:, day]
            known += self.known[:, day]
        return load, known


class Profiles:
    """The profile of any day, made from the other days of its window.

    A grid's Saturday is like the Saturday before; a household's day is like its other days, and one
    of them alone would be noise. So what last week's same day counts is learned from each window:
    as much as helps to explain, from the days before it, the days that have one.
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
        """Give the profile of a day, in the window or after it, and which slots have one."""
        others, same = self._others(day), self._same_weekday(day)
        load = others[0]
        if same is not None:
            share = np.where(others[1], self.share[:, None], np.float32(1))
            load = load + np.where(same[1], share * (same[0] - load), np.float32(0))
            return load, others[1] | same[1]
        return load, others[1]

    def _others(self, day: int) -> tuple[AnyFloats, Flags]:
        """Average the days of other weekdays."""
        weekday = day % WEEK
        load, known = self._all
        if weekday < len(self._same):
            load, known = load - self._same[weekday][0], known - self._same[weekday][1]
        return load / np.maximum(known, 1), known > 0

    def _same_weekday(self, day: int) -> tuple[AnyFloats, Flags] | None:
        """Average the other days of the same weekday; None where the window has no such day."""
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
