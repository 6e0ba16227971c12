"""The data of a drawing: one series' readings and the smoother's result."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridcast.models.splines import SlotOrigin, Smoother, share_measured
from gridcast.models.splines.crossvalidation import choose_lam
from gridcast.models.windows import Windows, WindowSpec
from gridcast.models.windows.marks import NOTHING, PLAIN
from gridcast.models.windows.trust import TRUST, Trust
from gridcast.schemas.columns import ReadingColumns
from gridcast.units import MINUTE_MS, Doubles, Times

USUAL_LAM = 1.0
"""Smoothness if the series has no complete stretch to choose it from, in slots cubed."""


@dataclass(frozen=True)
class WindowView:
    """One series up to a tick. Times are milliseconds since 1970, loads kW."""

    series: str
    step_minutes: int
    tick_ms: int
    time_ms: Times
    """Beginning of each slot."""
    mean: Doubles
    """Mean of each slot whose single readings are no longer kept; NaN elsewhere."""
    smoothed: Doubles
    origin: npt.NDArray[np.uint8]
    """Origin of each slot of the smoothed window: a `SlotOrigin`."""
    reading_ms: Times
    """Middle of the time that each reading stands for, where it is drawn."""
    reading: Doubles
    trust: npt.NDArray[np.uint8]
    """Trust in each reading: a `Trust`."""
    share: float
    """Share of the window that was measured."""
    lam: float
    lam_from: str
    """How lam was chosen."""

    def count(self, origin: SlotOrigin) -> int:
        """Return the number of slots of one origin."""
        return int((self.origin == origin).sum())

    @property
    def middle_ms(self) -> Times:
        """Middle of each slot, where its mean is drawn."""
        return self.time_ms + self.step_minutes * MINUTE_MS // 2


def look_back(
    readings: ReadingColumns,
    spec: WindowSpec,
    tick_ms: int,
    slots: int,
    *,
    lam: float | None = None,
    lower: float = -np.inf,
) -> WindowView:
    """Fold readings of one series into its window at a tick, and smooth the newest slots.

    Readings at the tick and later are ignored, as in serving. Without `lam`, cross-validation
    chooses it from the window.
    """
    oldest = tick_ms - (spec.slots + spec.reach) * spec.step_ms
    inside = (readings.time_ms >= oldest) & (readings.time_ms < tick_ms)
    readings = readings.take(np.flatnonzero(inside))
    windows = Windows(spec)
    windows.fold(readings)
    windows.advance(tick_ms)
    return _past(windows, 0, slots, readings, np.full(slots, np.nan), lam, lower)


def look_into(
    windows: Windows, row: int, slots: int, *, lam: float | None = None, lower: float = -np.inf
) -> WindowView:
    """Smooth the newest slots of one series of existing windows, like `look_back`."""
    kept = _kept(windows, row)
    slot = kept.time_ms // windows.spec.step_ms
    mean, mark = windows.cut(slots, slice(row, row + 1))
    number = np.arange(windows.closed - slots, windows.closed)
    bare = (number < windows.fine) & (mark[:, 0] != NOTHING) & ~np.isin(number, slot)
    plain = bare & (mark[:, 0] == PLAIN)  # their mean is the one reading they were made of
    name = windows.roster.names[row]
    again = ReadingColumns(
        [name] * int(plain.sum()),
        number[plain] * windows.spec.step_ms,
        mean[plain, 0].astype(np.float64),
        np.zeros(plain.sum(), np.uint8),
        np.zeros(plain.sum(), np.int32),
    )
    only_mean = np.where(bare & ~plain, mean[:, 0], np.nan)
    readings = ReadingColumns.concatenate([again, kept])
    return _past(windows, row, slots, readings, only_mean, lam, lower)


def _kept(windows: Windows, row: int) -> ReadingColumns:
    """Return a row's single readings that the windows still keep, up to their tick."""
    parts = [ReadingColumns.empty()]
    for number, minute in sorted(windows.minutes.items()):
        if number * MINUTE_MS >= windows.closed * windows.spec.step_ms:
            break
        (low,), (high,) = minute.span(np.array([row]))
        part = minute.take(slice(low, high))
        parts.append(
            ReadingColumns(
                [windows.roster.names[row]] * len(part),
                part.offset_ms + number * MINUTE_MS,
                part.value.astype(np.float64),
                part.quality,
                part.revision,
            )
        )
    return ReadingColumns.concatenate(parts)


def _past(  # noqa: PLR0917
    windows: Windows,
    row: int,
    slots: int,
    readings: ReadingColumns,
    only_mean: npt.NDArray[np.floating],
    lam: float | None,
    lower: float,
) -> WindowView:
    spec, first = windows.spec, windows.closed - slots
    mean, mark = windows.cut(spec.slots, slice(row, row + 1))
    used, lam_from = (lam, "as given") if lam else _choose(mean[:, 0], slots)
    smoother = Smoother.for_step(spec.step_minutes, slots, used)
    smoothed = smoother.smooth(mean[-slots:], mark[-slots:], lambda _: (mean, mark), lower)
    shown = readings.time_ms >= first * spec.step_ms
    return WindowView(
        series=windows.roster.names[row],
        step_minutes=spec.step_minutes,
        tick_ms=windows.closed * spec.step_ms,
        time_ms=np.arange(first, windows.closed) * spec.step_ms,
        mean=only_mean.astype(np.float64),
        smoothed=smoothed.value[:, 0].astype(np.float64),
        origin=smoothed.origin[:, 0],
        reading_ms=_middle(readings.time_ms, spec.hold_ms)[shown],
        reading=readings.value[shown],
        trust=TRUST[readings.quality[shown]],
        share=float(share_measured(mark[-slots:])[0]),
        lam=used,
        lam_from=lam_from,
    )


def _middle(time_ms: Times, hold_ms: int) -> Times:
    """Return the middle of the time that each reading stands for."""
    times = np.append(np.unique(time_ms), np.iinfo(np.int64).max)
    following = times[np.searchsorted(times, time_ms, side="right")]
    middle: Times = time_ms + np.minimum(following - time_ms, hold_ms) // 2
    return middle


def _choose(mean: npt.NDArray[np.float32], slots: int) -> tuple[float, str]:
    """Choose lam from the complete stretches of the window, if there are any."""
    stretches = [
        part
        for end in range(len(mean), slots - 1, -max(1, slots // 2))
        if np.isfinite(part := mean[end - slots : end]).all() and part.std() > 0
    ]
    if not stretches:
        return USUAL_LAM, "as usual"
    return choose_lam(np.stack(stretches, axis=1)), "by cross-validation"


def kilowatts(load: float) -> str:
    """Format a load for people."""
    return f"{load:,.0f}" if abs(load) >= 1000 else f"{load:.4g}"


LEGEND = {
    SlotOrigin.MEASURED: "smoothed",
    SlotOrigin.ESTIMATED: "estimated by the sender",
    SlotOrigin.FILLED: "filled by the spline",
    SlotOrigin.FROM_OTHER_DAYS: "filled from other days",
}
"""Label of each origin."""

READINGS = {
    Trust.MEASURED: "readings",
    Trust.ESTIMATED: "estimates",
    Trust.REJECTED: "rejected, not used",
}
"""Label of readings by trust."""

MEANS = "means of slots, readings not kept"
"""Label of slot means."""


def summary(past: WindowView) -> str:
    """Return one line about the contents of the window."""
    counts = {
        "estimated": past.count(SlotOrigin.ESTIMATED),
        "filled by the spline": past.count(SlotOrigin.FILLED),
        "filled from other days": past.count(SlotOrigin.FROM_OTHER_DAYS),
        "missing": past.count(SlotOrigin.MISSING),
    }
    slots = [_counted(count, "slot", what) for what, count in counts.items() if count]
    rejected = int((past.trust == Trust.REJECTED).sum())
    readings = [_counted(rejected, "reading", "rejected")] if rejected else []
    parts = [f"{past.share:.1%} measured", *slots, *readings, f"lam {past.lam:.3g} {past.lam_from}"]
    return ", ".join(parts)


def _counted(count: int, of: str, what: str) -> str:
    return f"{count} {of}{'' if count == 1 else 's'} {what}"
