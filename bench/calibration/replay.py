"""A year of load is played through the tick, as a worker would; what it says of itself is kept."""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from gridcast.models.partition import Partition, Tick
from gridcast.models.serving import TickContext
from gridcast.models.tick import TickSetup, run_tick
from gridcast.models.tick_forecaster import TickForecaster
from gridcast.models.windows import WindowSpec
from gridcast.schemas.columns import ReadingColumns
from gridcast.schemas.score_columns import ScoreColumns

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
DAY_MS, MINUTE_MS = 86_400_000, 60_000
SHIFT = 1.15
MONTHS = 12
WARM_DAYS = 15
"""A window, and the first week that anything can be learned in."""


@dataclass
class Sums:
    """Of some judged forecasts."""

    count: int = 0
    inside: float = 0
    inside_raw: float = 0
    paired: float = 0
    naive: float = 0

    def add(self, scores: ScoreColumns, chosen: np.ndarray) -> None:
        paired = chosen & ~np.isnan(scores.naive_error)
        self.count += int(scores.count[chosen].sum())
        self.inside += float(scores.inside[chosen].sum())
        self.inside_raw += float(scores.inside_raw[chosen].sum())
        self.paired += float(scores.error[paired].sum())
        self.naive += float(scores.naive_error[paired].sum())

    @property
    def coverage(self) -> float:
        """Per cent, as published."""
        return 100 * self.inside / max(self.count, 1)

    @property
    def coverage_raw(self) -> float:
        """Per cent, before calibration."""
        return 100 * self.inside_raw / max(self.count, 1)


@dataclass
class Year:
    """What became of a year's forecasts."""

    months: list[Sums] = field(default_factory=lambda: [Sums() for _ in range(MONTHS)])
    """The week after the shift is in none of them."""
    shifted: Sums = field(default_factory=Sums)
    """That week."""
    days: dict[int, Sums] = field(default_factory=lambda: defaultdict(Sums))
    """By days since the shift."""
    bands: dict[tuple[int, int], Sums] = field(default_factory=lambda: defaultdict(Sums))
    record_bytes: float = 0
    """A series and minute, in the table."""
    held_bytes: float = 0
    """A series."""


def shifted(value: np.ndarray, step_minutes: int) -> np.ndarray:
    """Raise the load from the middle of the year on: [series, slots]."""
    value = value.copy()
    value[:, _middle(value.shape[1], step_minutes) :] *= SHIFT
    return value


def _middle(slots: int, step_minutes: int) -> int:
    warm = WARM_DAYS * 1440 // step_minutes
    return warm + (slots - warm) // 2


def play(value: np.ndarray, start_ms: int, step_minutes: int, context: TickContext) -> Year:
    """Give a tick a slot: each reading is the slot's mean; one that is not a number never came."""
    spec, found = WindowSpec(step_minutes, 8, max(120, step_minutes)), Year()
    partition = Partition(spec, lateness_ms=0)
    setup = TickSetup(TickForecaster(spec, 24, LEVELS))
    step_ms, slots = spec.step_ms, value.shape[1]
    first_ms = start_ms + WARM_DAYS * DAY_MS
    shift_ms = start_ms + _middle(slots, step_minutes) * step_ms
    month_ms = (start_ms + slots * step_ms - first_ms) / MONTHS
    names = np.array([f"m-{row:04d}" for row in range(len(value))])
    written = 0
    for slot in range(slots):
        time_ms = start_ms + slot * step_ms
        there = np.flatnonzero(np.isfinite(value[:, slot]))
        zeros = np.zeros(len(there), np.int32)
        loads = value[there, slot].astype(np.float64)
        readings = ReadingColumns(
            names[there].tolist(), zeros + np.int64(time_ms), loads, zeros.astype(np.uint8), zeros
        )
        partition.windows.fold(readings)
        partition.windows.advance(time_ms + step_ms)
        answer = run_tick(partition, Tick(time_ms + step_ms), context, setup)
        for scores in answer.scores:
            _count(found, scores, first_ms, shift_ms, month_ms)
        changes = partition.checks.changes(partition.windows)
        written += sum(len(record) for record in changes.values() if record is not None)
    found.record_bytes = written / slots / step_minutes / len(value)
    found.held_bytes = partition.checks.nbytes / len(value)
    return found


def _count(
    found: Year, scores: ScoreColumns, first_ms: int, shift_ms: int, month_ms: float
) -> None:
    if scores.hour_ms < first_ms:
        return
    every = np.ones(len(scores.count), np.bool_)
    day = (scores.hour_ms - shift_ms) // DAY_MS
    if -7 <= day < 14:
        found.days[day].add(scores, every)
    if 0 <= day < 7:
        found.shifted.add(scores, every)
        return
    month = min(int((scores.hour_ms - first_ms) / month_ms), MONTHS - 1)
    found.months[month].add(scores, every)
    for band, minutes in enumerate(scores.bands):
        found.bands[minutes].add(scores, scores.band == band)
