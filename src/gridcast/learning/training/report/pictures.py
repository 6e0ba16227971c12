"""Pictures of load: the best and the worst day, a window raw and smoothed."""

from dataclasses import dataclass
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from gridcast.learning.training.report.figures import figure, svg
from gridcast.models.evaluation.quantiles import bands
from gridcast.schemas.series import GridSeries
from gridcast.units import utc_time

_BLUE, _ORANGE = "#0072B2", "#D55E00"


@dataclass(frozen=True)
class Day:
    """One forecast and the measured load."""

    series: GridSeries
    origin_ms: int
    step_ms: int
    levels: tuple[float, ...]
    quantiles: NDArray[np.floating]
    """kW, [levels, horizon]."""
    truth: NDArray[np.floating]
    """kW, [horizon]."""
    error: float
    """Mean absolute error in per cent of the mean load."""


@dataclass(frozen=True)
class Window:
    """One window, raw and smoothed with several lams."""

    series: GridSeries
    end_ms: int
    step_ms: int
    mean: NDArray[np.floating]
    """kW by slot; NaN if nothing was measured."""
    smoothed: dict[str, NDArray[np.floating]]
    """Smoothed values by the name of lam."""
    filled: NDArray[np.bool_]
    """Slots without a measurement."""


def draw_days(best: Day, worst: Day) -> str:
    """Draw the forecast with the least error beside the one with the greatest."""
    drawn = figure(11, 3.8)
    for axes, day, name in zip(drawn.subplots(1, 2), (best, worst), ("best", "worst"), strict=True):
        begin = np.arange(len(day.truth)) * day.step_ms + day.origin_ms
        middle = [utc_time(int(time_ms)) for time_ms in begin + day.step_ms // 2]
        for index, (percent, low, high) in enumerate(bands(day.levels)):
            axes.fill_between(
                middle,
                day.quantiles[low],
                day.quantiles[high],
                color=_BLUE,
                alpha=0.12 + 0.1 * index,
                lw=0,
                label=f"{percent} % band",
            )
        median = day.quantiles[day.levels.index(0.5)]
        axes.plot(middle, median, color=_BLUE, lw=1.8, label="median")
        axes.plot(middle, day.truth, color="black", lw=1.2, label="measured")
        zone = day.series.time_zone
        axes.set_title(
            f"{name}: {day.series.series}, from {_local(day.origin_ms, zone)}, "
            f"error {day.error:.1f} % of the load",
            fontsize="small",
        )
        _axes(axes, day.step_ms, zone)
        axes.legend(fontsize="x-small", loc="best")
    return svg(drawn)


def draw_window(window: Window) -> str:
    """Draw a window, raw and smoothed with each lam."""
    drawn = figure(11, 3.8)
    axes = drawn.add_subplot()
    slots = len(window.mean)
    begin = window.end_ms - np.arange(slots, 0, -1) * window.step_ms
    middle = np.array([utc_time(int(time_ms)) for time_ms in begin + window.step_ms // 2])
    axes.plot(middle, window.mean, ".", color="black", ms=3, zorder=3, label="as measured")
    for (name, value), colour in zip(
        window.smoothed.items(), (_BLUE, _ORANGE, "#009E73"), strict=False
    ):
        axes.plot(middle, value, color=colour, lw=1.2, label=f"λ {name}")
    filled = window.filled
    if filled.any():
        value = next(iter(window.smoothed.values()))
        axes.plot(middle[filled], value[filled], "x", color="#CC79A7", ms=5, label="filled")
    zone = window.series.time_zone
    axes.set_title(f"{window.series.series}, up to {_local(window.end_ms, zone)}", fontsize="small")
    _axes(axes, window.step_ms, zone)
    axes.legend(fontsize="small", loc="best")
    return svg(drawn)


def _axes(axes: Any, step_ms: int, zone: str) -> None:
    from matplotlib import dates  # noqa: PLC0415 - only training has matplotlib

    clock = ZoneInfo(zone)
    locator = dates.AutoDateLocator(tz=clock)  # type: ignore[no-untyped-call]
    formatter = dates.ConciseDateFormatter(locator, tz=clock)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(formatter)
    axes.set_xlabel(f"local time ({zone})")
    axes.set_ylabel(f"load, kW (mean of {step_ms // 60_000} min)")
    axes.grid(alpha=0.3)


def _local(time_ms: int, zone: str) -> str:
    return f"{utc_time(time_ms).replace(tzinfo=UTC).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
