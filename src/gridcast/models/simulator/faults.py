"""Fault plan: how often, where, when and how badly readings go wrong. Every fault is labelled.

A fault spoils what is sent, never the true load. A series has one fault at a time. If a feeder's
concentrator dies, it and all of its meters fall silent together.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Self

import numpy as np

from gridcast.models.simulator.columns import Columns
from gridcast.models.simulator.grid import Zone
from gridcast.models.simulator.noise import Purpose, generator
from gridcast.models.simulator.types import Bools, Floats, Ints
from gridcast.units import DAY_MS, HOUR_MS, MINUTE_MS


class FaultKind(StrEnum):
    """Kinds of faults, and the meaning of a label's magnitude."""

    GAP = "gap"  # no readings
    FLATLINE = "flatline"  # the value stays; magnitude: the value, kW
    SPIKE = "spike"  # magnitude: kW added
    UNIT = "unit"  # magnitude: the factor
    CLOCK = "clock"  # time stamps are off; magnitude: seconds ahead
    BACKLOG = "backlog"  # held back, then all sent at once
    DRIFT = "drift"  # slowly off; magnitude: share of the value at the end
    LEVEL = "level"  # off from one reading to the next; magnitude: the factor
    DEAD_FEEDER = "dead-feeder"  # a feeder and all of its meters: no readings
    LATE = "late"  # one reading; magnitude: seconds late
    DUPLICATE = "duplicate"  # one reading sent again; magnitude: seconds later
    CORRECTION = "correction"  # one reading, wrong at first; magnitude: kW corrected


KINDS = tuple(FaultKind)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Rate (per series and day, mild) and duration of a lasting fault."""

    kind: FaultKind
    a_series_day: float  # for a dead feeder: per feeder and day
    median_ms: int
    least_steps: int
    most_ms: int


PATTERNS = (
    Pattern(FaultKind.GAP, 0.02, 20 * MINUTE_MS, 1, 12 * HOUR_MS),
    Pattern(FaultKind.FLATLINE, 0.005, 90 * MINUTE_MS, 8, DAY_MS),
    Pattern(FaultKind.SPIKE, 0.02, MINUTE_MS, 1, 3 * MINUTE_MS),
    Pattern(FaultKind.UNIT, 0.002, HOUR_MS, 2, 12 * HOUR_MS),
    Pattern(FaultKind.CLOCK, 0.002, 6 * HOUR_MS, 5, DAY_MS),
    Pattern(FaultKind.BACKLOG, 0.01, 30 * MINUTE_MS, 3, 2 * HOUR_MS),
    Pattern(FaultKind.DRIFT, 0.0005, 4 * DAY_MS, 30, 10 * DAY_MS),
    Pattern(FaultKind.LEVEL, 0.001, 2 * DAY_MS, 30, 10 * DAY_MS),
    Pattern(FaultKind.DEAD_FEEDER, 0.005, HOUR_MS, 3, 6 * HOUR_MS),
)
_LATE, _DUPLICATE, _CORRECTION = 0.002, 0.001, 0.0005  # of all readings; mild


@dataclass(frozen=True, slots=True)
class Faults:
    """The rate of faults, as a multiple of what is normal in a well-run grid."""

    factor: float

    @property
    def late(self) -> float:
        """Share of single readings that are late."""
        return min(_LATE * self.factor, 0.5)

    @property
    def duplicate(self) -> float:
        """Share of readings that are sent twice."""
        return min(_DUPLICATE * self.factor, 0.5)

    @property
    def correction(self) -> float:
        """Share of readings that are estimated first and corrected later."""
        return min(_CORRECTION * self.factor, 0.5)

    @classmethod
    def a_series_day(cls, rate: float) -> Self:
        """Return rates for that many lasting faults per series and day, others in proportion."""
        return cls(rate / sum(pattern.a_series_day for pattern in PATTERNS))


FAULTS = {"none": Faults(0.0), "mild": Faults(1.0), "storm": Faults(10.0)}


@dataclass(frozen=True, slots=True)
class Episodes(Columns):
    """Lasting faults of one zone, one row per episode and series."""

    kind: Ints  # index into KINDS
    row: Ints
    start_ms: Ints
    end_ms: Ints
    magnitude: Floats  # nan where the kind has none, or it is only known from the load


class FaultPlan:
    """Lasting faults of one zone."""

    def __init__(self, seed: int, zone: Zone, step_ms: int, faults: Faults) -> None:
        self._seed = seed
        self._zone = zone
        self._step_ms = step_ms
        self._factor = faults.factor
        self._capacity = zone.capacity_kw
        self._negative = zone.can_be_negative
        longest = max(max(p.most_ms, p.least_steps * step_ms) for p in PATTERNS)
        self._memory_days = -(-longest // DAY_MS) + 1
        self._drawn = lru_cache(maxsize=3 * self._memory_days)(self._draw)
        self._begun = lru_cache(maxsize=3 * self._memory_days)(self._begun_on)
        self._around = lru_cache(maxsize=4)(self._around_days)

    def active(self, start_ms: int, end_ms: int) -> Episodes:
        """Return the episodes that overlap start <= time < end, by their start."""
        if not self._factor:
            return _NOTHING
        episodes = self._around(start_ms // DAY_MS, (end_ms - 1) // DAY_MS)
        return episodes.take((episodes.start_ms < end_ms) & (episodes.end_ms > start_ms))

    def _around_days(self, first: int, last: int) -> Episodes:
        days = range(max(0, first - self._memory_days), last + 1)
        return Episodes.join([self._begun(day) for day in days])

    def _begun_on(self, day: int) -> Episodes:
        """Return the episodes drawn for a day whose series has no fault already.

        An episode is dropped if an earlier one overlaps it, even if that one was dropped too. So
        a day depends only on the days that an episode can last, not on all days before it.
        """
        days = range(max(0, day - self._memory_days), day + 1)
        drawn = Episodes.join([self._drawn(earlier_day) for earlier_day in days])
        dead = drawn.kind == KINDS.index(FaultKind.DEAD_FEEDER)
        # a dead feeder is only kept off by an earlier death of the same feeder
        free = np.where(dead, _is_free(drawn, dead), _is_free(drawn, np.ones_like(dead)))
        kept = drawn.take(free & (drawn.start_ms >= day * DAY_MS))
        return kept.take(np.argsort(kept.start_ms, kind="stable"))

    def _draw(self, day: int) -> Episodes:
        rng = generator(self._seed, Purpose.FAULTS, self._zone.number, day)
        return Episodes.join([self._draw_kind(rng, day, pattern) for pattern in PATTERNS])

    def _draw_kind(self, rng: np.random.Generator, day: int, pattern: Pattern) -> Episodes:
        dead = pattern.kind is FaultKind.DEAD_FEEDER
        places = self._zone.feeders if dead else self._zone.size
        count = rng.poisson(self._factor * pattern.a_series_day * places)
        step_ms = self._step_ms
        row = rng.integers(0, places, count)
        start_ms = (day * DAY_MS + rng.integers(0, DAY_MS, count)) // step_ms * step_ms
        lasts_ms = pattern.median_ms * np.exp(0.8 * rng.standard_normal(count))
        most = max(pattern.least_steps, pattern.most_ms // step_ms)
        steps = np.clip(np.rint(lasts_ms / step_ms), pattern.least_steps, most).astype(np.int64)
        magnitude = self._magnitude(rng, pattern.kind, row)
        kind = np.full(count, KINDS.index(pattern.kind))
        drawn = Episodes(kind, row, start_ms, start_ms + steps * step_ms, magnitude)
        if not dead:
            return drawn
        rows = [self._zone.rows_of_feeder(int(feeder)) for feeder in row]
        every = drawn.take(
            np.repeat(np.arange(count), [len(rows_of_feeder) for rows_of_feeder in rows])
        )
        joined = np.concatenate([np.empty(0, np.int64), *rows])
        return Episodes(every.kind, joined, every.start_ms, every.end_ms, every.magnitude)

    def _magnitude(self, rng: np.random.Generator, kind: FaultKind, row: Ints) -> Floats:
        size, sign = rng.random(len(row)), np.where(rng.random(len(row)) < 0.5, -1.0, 1.0)
        match kind:
            case FaultKind.SPIKE:
                sign = np.where(self._negative[row], sign, 1.0)
                return np.round(sign * (0.5 + 1.5 * size) * self._capacity[row], 3)
            case FaultKind.UNIT:
                return np.full(len(row), 1000.0)
            case FaultKind.CLOCK:
                return np.rint(sign * (20 + 220 * size) * max(self._step_ms / MINUTE_MS, 1))
            case FaultKind.DRIFT:
                return sign * (0.15 + 0.35 * size)
            case FaultKind.LEVEL:
                return np.where(sign > 0, 1.6 + 1.2 * size, 0.25 + 0.35 * size)
            case _:
                return np.full(len(row), np.nan)


_NONE = np.empty(0, np.int64)
_NOTHING = Episodes(_NONE, _NONE, _NONE, _NONE, np.empty(0))


def _is_free(drawn: Episodes, among: Bools) -> Bools:
    """Return whether each episode's row was free of earlier episodes `among` the drawn ones."""
    order = np.lexsort((drawn.start_ms, drawn.row))
    row, start, end = drawn.row[order], drawn.start_ms[order], drawn.end_ms[order]
    # one running maximum over all rows: each row's times are lifted above those of the row before
    origin, span = (int(start.min()), int(end.max()) + 1) if len(start) else (0, 1)
    lift = row * (span - origin + 1)
    until = np.maximum.accumulate(np.where(among[order], end - origin + lift, lift))
    before = np.concatenate([[-1], until[:-1]])
    free = np.empty(len(order), dtype=np.bool_)
    free[order] = start - origin + lift >= before
    return free
