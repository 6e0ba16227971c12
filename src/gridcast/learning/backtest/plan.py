"""The plan of a backtest: the ticks of a recording, and which of them are scored."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridcast.models.windows.spec import STEPS
from gridcast.stream.errors import UserError
from gridcast.stream.recording import Recording
from gridcast.stream.settings import Settings
from gridcast.units import DAY_MS, MINUTE_MS, Ints, utc_time

_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


@dataclass(frozen=True)
class BacktestPlan:
    """Ticks from one time to another, exclusive, every so many minutes."""

    settings: Settings
    from_ms: int
    to_ms: int
    every_ms: int
    most_judged: int
    """Maximum number of forecasts to score per forecaster."""

    @property
    def step_ms(self) -> int:
        """Width of a slot."""
        return self.settings.step_minutes * MINUTE_MS

    @property
    def horizon(self) -> int:
        """Slots ahead."""
        return round(self.settings.horizon_hours * 60 / self.settings.step_minutes)

    @property
    def leads(self) -> tuple[int, ...]:
        """Slots of the horizon that are judged: all to 2 h, then each hour's last."""
        hour = 60 // self.settings.step_minutes
        return tuple(
            slot for slot in range(self.horizon) if slot < 2 * hour or (slot + 1) % hour == 0
        )

    @property
    def ticks(self) -> int:
        """How many ticks there are."""
        first = -(-self.from_ms // self.every_ms)
        return max(0, -(-self.to_ms // self.every_ms) - first)

    @property
    def judged_every_ms(self) -> int:
        """Forecasts are judged where a slot begins: there all have as far to look."""
        return int(np.lcm(self.every_ms, self.step_ms))

    def is_due(self, tick_ms: int) -> bool:
        """Return True if there is a forecast at a tick."""
        return self.from_ms <= tick_ms < self.to_ms and tick_ms % self.every_ms == 0

    def share_judged(self, series: int) -> float:
        """Return the share of the forecasts at slot starts that are scored, 0 to 1."""
        possible = max(1, (self.to_ms - self.from_ms) // self.judged_every_ms * series)
        return min(1.0, self.most_judged / possible)

    def judged(self, row: Ints, tick_ms: int, share: float) -> npt.NDArray[np.intp]:
        """Choose which rows are judged at a tick: by series and tick alone, so all choose alike."""
        if tick_ms % self.judged_every_ms:
            return np.empty(0, np.intp)
        if share >= 1:
            return np.arange(len(row))
        at = np.full(len(row), tick_ms // MINUTE_MS, np.uint64)
        mixed = row.astype(np.uint64) * _MIX[0] + at * _MIX[1]
        for shift, factor in ((30, _MIX[1]), (27, _MIX[2])):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * factor
        return np.flatnonzero((mixed >> np.uint64(11)).astype(np.float64) / 2**53 < share)


def make_plan(
    recording: Recording,
    settings: Settings,
    *,
    from_ms: int | None,
    to_ms: int | None,
    every_minutes: int | None,
    most_judged: int,
) -> BacktestPlan:
    """Fill in what was not said, and refuse what cannot be answered without a leak."""
    step_ms = settings.step_minutes * MINUTE_MS
    every_ms = (every_minutes or settings.step_minutes) * MINUTE_MS
    if recording.slot_ms and every_ms % recording.slot_ms:
        raise UserError(
            f"--every: the readings of {recording.title} are means of"
            f" {recording.slot_ms / MINUTE_MS:g} min, and within such a slot nobody knew them:"
            " a multiple of it"
        )
    if 0.5 not in settings.levels:
        raise UserError("levels must include 0.5: the median is the forecast of one number")
    first, end = recording.first_ms, recording.end_ms
    if from_ms is None:
        from_ms = -(-(first + settings.window_days * DAY_MS) // step_ms) * step_ms
    to_ms = end if to_ms is None else min(to_ms, end)
    plan = BacktestPlan(settings, from_ms, to_ms, every_ms, most_judged)
    if not plan.ticks:
        raise UserError(
            f"no tick from {utc_time(from_ms):%Y-%m-%d %H:%M} to {utc_time(to_ms):%Y-%m-%d %H:%M}:"
            f" the readings came from {utc_time(first):%Y-%m-%d %H:%M} to"
            f" {utc_time(end):%Y-%m-%d %H:%M} UTC, and before --from there should be a window of"
            f" {settings.window_days} days"
        )
    return plan


def step_of(recording: Recording, settings: Settings, wanted: int | None) -> Settings:
    """Choose the width of a slot: as asked for, else as set, but no finer than the readings."""
    least = recording.slot_ms / MINUTE_MS
    step = wanted or max(settings.step_minutes, least)
    if step not in STEPS:
        raise UserError(f"--step-minutes: one of {', '.join(map(str, STEPS))}, not {step:g}")
    if step < least:
        raise UserError(f"--step-minutes: {recording.title} has a reading every {least:g} min")
    return settings.model_copy(update={"step_minutes": int(step)})
