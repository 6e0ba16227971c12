"""Draw a window as a PNG."""

from datetime import UTC
from pathlib import Path
from typing import Any

import numpy as np

from gridcast.cli.window.window_view import LEGEND, MEANS, READINGS, WindowView, summary
from gridcast.models.splines import SlotOrigin
from gridcast.models.windows.trust import Trust
from gridcast.stream.errors import UserError
from gridcast.units import utc_time

_COLOURS = {
    SlotOrigin.MEASURED: "tab:green",
    SlotOrigin.ESTIMATED: "tab:blue",
    SlotOrigin.FILLED: "tab:orange",
    SlotOrigin.FROM_OTHER_DAYS: "tab:purple",
}
_MARKERS = {
    Trust.MEASURED: (".", "0.55"),
    Trust.ESTIMATED: ("^", "tab:blue"),
    Trust.REJECTED: ("x", "tab:red"),
}


def save(past: WindowView, path: Path) -> None:
    """Draw a window into a file."""
    try:
        # Imported late because it needs the extra `plot`.
        from matplotlib import dates  # noqa: PLC0415
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError:
        raise UserError("a PNG needs matplotlib: install gridcast[plot]") from None
    figure = Figure(figsize=(12, 5), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    _readings(axes, past)
    _lines(axes, past)
    _missing(axes, past)
    axes.set_title(past.series, loc="left", fontweight="bold")
    axes.set_title(f"up to {utc_time(past.tick_ms):%Y-%m-%d %H:%M} UTC", loc="right")
    axes.set_ylabel(f"load, kW (mean of {past.step_minutes} min)")
    axes.set_xlabel(summary(past))
    locator = dates.AutoDateLocator(tz=UTC)  # type: ignore[no-untyped-call]
    formatter = dates.ConciseDateFormatter(locator, tz=UTC, show_offset=False)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(formatter)
    axes.set_xlim(utc_time(int(past.time_ms[0])), utc_time(past.tick_ms))  # type: ignore[arg-type]
    axes.grid(alpha=0.3)
    axes.legend(loc="best", fontsize="small")
    try:
        figure.savefig(path, format="png")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None


def _readings(axes: Any, past: WindowView) -> None:
    for trust, (marker, colour) in _MARKERS.items():
        which = past.trust == trust
        if which.any():
            times = _times(past.reading_ms[which])
            label = f"{READINGS[trust]} ({which.sum():,})"
            axes.plot(times, past.reading[which], marker, color=colour, ms=5, label=label)
    if len(measured := np.flatnonzero(np.isfinite(past.mean))):
        times = _times(past.middle_ms[measured])
        axes.plot(
            times,
            past.mean[measured],
            "_",
            color="0.55",
            ms=7,
            label=f"{MEANS} ({len(measured):,})",
        )


def _lines(axes: Any, past: WindowView) -> None:
    """Draw the line from each slot to the next in the colour of the slot's origin."""
    times = _times(past.middle_ms)
    for origin, name in LEGEND.items():
        which = past.origin == origin
        if not which.any():
            continue
        reach = which.copy()
        reach[1:] |= which[:-1]
        if origin != SlotOrigin.MEASURED:
            reach[:-1] |= which[1:]
        values = np.where(reach, past.smoothed, np.nan)
        width = 1.6 if origin == SlotOrigin.MEASURED else 2.6
        axes.plot(times, values, color=_COLOURS[origin], lw=width, label=name, zorder=3 + origin)


def _missing(axes: Any, past: WindowView) -> None:
    """Shade slots without a value."""
    missing = np.flatnonzero(past.origin == SlotOrigin.MISSING)
    width = past.step_minutes * 60_000
    label: str | None = "missing"
    for run in np.split(missing, np.flatnonzero(np.diff(missing) > 1) + 1):
        if len(run):
            begin, end = past.time_ms[run[0]], past.time_ms[run[-1]] + width
            span = (utc_time(int(begin)), utc_time(int(end)))
            axes.axvspan(*span, color="tab:red", alpha=0.12, lw=0, label=label)
            label = None


def _times(milliseconds: Any) -> Any:
    return milliseconds.astype("datetime64[ms]")
