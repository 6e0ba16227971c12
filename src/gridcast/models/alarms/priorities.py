"""Priorities in about the shares of EEMUA 191: 5 of 100 high, 15 medium, 80 low.

The load that makes an alarm important differs from grid to grid, so it is learned. Two thresholds
of severity follow the alarms: an alarm above a threshold moves it up, one below moves it down, so
that in the long run a given share lies above it (stochastic approximation of a quantile; Robbins
and Monro, 1951).
"""

from math import log1p
from typing import Self

import numpy as np

from gridcast.models.records import Column
from gridcast.schemas import Priority

SHARES = (0.05, 0.20)
"""Share of high alarms, and of high or medium ones."""
START_KW = (500.0, 50.0)
"""Initial thresholds."""
FIRST_STEP, LEAST_STEP = 1.0, 0.05


class Priorities:
    """The thresholds of severity that separate the priorities.

    >>> priorities = Priorities()
    >>> priorities.judge(1_000.0), priorities.judge(0.2)
    (<Priority.HIGH: 'high'>, <Priority.LOW: 'low'>)
    """

    def __init__(self) -> None:
        self._levels = [np.float32(log1p(kw)) for kw in START_KW]
        self._count = 0

    def judge(self, severity: float) -> Priority:
        """Return the priority of a new alarm, and learn from it."""
        size = np.float32(log1p(max(severity, 0.0)))
        high, medium = (size > level for level in self._levels)
        self._count += 1
        step = max(FIRST_STEP / self._count**0.6, LEAST_STEP)
        for place, share in enumerate(SHARES):
            above = float(size > self._levels[place])
            self._levels[place] = np.float32(self._levels[place] + step * (above - share))
        self._levels[1] = min(self._levels)
        return Priority.HIGH if high else Priority.MEDIUM if medium else Priority.LOW

    def columns(self) -> list[Column]:
        """Return it as columns of a record."""
        return [np.array(self._levels, np.float32), np.array([self._count])]

    @classmethod
    def from_columns(cls, levels: Column, count: Column) -> Self:
        """Load it from columns of a record."""
        priorities = cls()
        priorities._levels = [np.float32(level) for level in levels]
        priorities._count = int(count[0])
        return priorities
