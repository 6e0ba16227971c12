"""Draw a window in a terminal, in Braille dots."""

from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
from rich.text import Text

from gridcast.cli.window.window_view import LEGEND, MEANS, READINGS, WindowView, kilowatts, summary
from gridcast.models.splines import SlotOrigin
from gridcast.models.windows.trust import Trust

HEIGHT = 18
"""Number of lines of the plot."""

# Bits of a Braille character by dot: two across, four down.
_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])

_STYLES = {
    MEANS: "bright_black",
    READINGS[Trust.MEASURED]: "bright_black",
    READINGS[Trust.ESTIMATED]: "blue",
    LEGEND[SlotOrigin.MEASURED]: "green",
    LEGEND[SlotOrigin.ESTIMATED]: "bright_blue",
    LEGEND[SlotOrigin.FILLED]: "bright_yellow",
    LEGEND[SlotOrigin.FROM_OTHER_DAYS]: "bright_magenta",
    READINGS[Trust.REJECTED]: "bright_red",
}
"""Layers from bottom to top. A character has the colour of its topmost layer."""


def draw(past: WindowView, width: int) -> Text:
    """Return the drawing of a window, `width` characters wide."""
    layers = _layers(past)
    low, high = _bounds(layers)
    labels = [kilowatts(load) for load in (high, (low + high) / 2, low)]
    margin = max(map(len, labels)) + 1
    columns = max(20, width - margin - 1)
    dots = np.zeros((len(layers), 4 * HEIGHT, 2 * columns), bool)
    span = past.step_minutes * 60_000 * len(past.time_ms)
    for layer, (times, values) in zip(dots, layers.values(), strict=True):
        x = ((times - past.time_ms[0]) / span * (2 * columns - 1)).round().astype(int)
        y = ((high - values) / (high - low) * (4 * HEIGHT - 1)).round().astype(int)
        layer[y, x] = True
    picture = Text(f"{past.series}, kW, step {past.step_minutes} min, UTC\n", style="bold")
    beside = {0: labels[0], HEIGHT // 2: labels[1], HEIGHT - 1: labels[2]}
    for line in range(HEIGHT):
        row = dots[:, 4 * line : 4 * line + 4]
        picture.append(f"{beside.get(line, ''):>{margin}}│", style="not bold default")
        picture.append_text(_row(row, list(layers)))
        picture.append("\n")
    picture.append_text(_time_axis(past, margin, columns))
    for name in layers:
        picture.append("● ", style=f"not bold {_STYLES[name]}").append(f"{name}  ", "not bold")
    return picture.append(f"\n{summary(past)}", style="not bold")


def _layers(past: WindowView) -> dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]]:
    """Return the points of each non-empty layer."""
    measured = np.isfinite(past.mean)
    points = {MEANS: (past.middle_ms[measured], past.mean[measured])}
    for trust, name in READINGS.items():
        which = past.trust == trust
        points[name] = past.reading_ms[which], past.reading[which]
    for origin, name in LEGEND.items():
        points[name] = _line(past, origin)
    return {name: points[name] for name in _STYLES if len(points[name][0])}


def _line(
    past: WindowView, origin: SlotOrigin
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return closely spaced points between the slots of one origin and the slots after them."""
    finite = np.isfinite(past.smoothed)
    starts = np.flatnonzero((past.origin == origin) & finite)
    ends = np.minimum(starts + 1, len(finite) - 1)
    ends = np.where(finite[ends], ends, starts)
    along = np.linspace(0, 1, 16)[:, None]
    middle = past.middle_ms
    times = middle[starts] + along * (middle[ends] - middle[starts])
    values = past.smoothed[starts] + along * (past.smoothed[ends] - past.smoothed[starts])
    return times.ravel().astype(np.int64), values.ravel()


def _bounds(
    layers: dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]],
) -> tuple[float, float]:
    values = np.concatenate([values for _, values in layers.values()] or [np.zeros(1)])
    low, high = float(values.min()), float(values.max())
    return (low, high) if high > low else (low - 1.0, high + 1.0)


def _row(dots: npt.NDArray[np.bool_], names: list[str]) -> Text:
    """Return one line of a layer's characters, each four dots high and two wide."""
    layers, _, across = dots.shape
    cells = dots.reshape(layers, 4, across // 2, 2)
    together: npt.NDArray[np.bool_] = np.max(cells, axis=0)
    codes = (together * _BITS[:, None, :]).sum(axis=(0, 2))
    touched: npt.NDArray[np.bool_] = np.max(cells, axis=(1, 3))
    topmost = layers - 1 - touched[::-1].argmax(axis=0)
    text = Text()
    for code, layer in zip(codes, topmost, strict=True):
        name = names[layer]
        dot = "✗" if name == READINGS[Trust.REJECTED] else chr(0x2800 + code)  # not to be missed
        text.append(dot if code else " ", style=f"not bold {_STYLES[name]}")
    return text


def _time_axis(past: WindowView, margin: int, columns: int) -> Text:
    """Return round times as axis labels, as many as fit."""
    first, span = int(past.time_ms[0]), past.step_minutes * 60_000 * len(past.time_ms)
    hours = next(
        (h for h in (1, 3, 6, 12, 24, 48, 96) if span / (h * 3_600_000) * 13 <= columns), 192
    )
    every = hours * 3_600_000
    line = [" "] * columns
    ticks = ["─"] * columns
    for time in range(-(-first // every) * every, first + span, every):
        at = round((time - first) / span * (columns - 1))
        label = datetime.fromtimestamp(time / 1000, UTC).strftime("%m-%d %H:%M")
        if at + len(label) <= columns:
            ticks[at] = "┬"
            line[at : at + len(label)] = label
    pad = " " * margin
    return Text(f"{pad}└{''.join(ticks)}\n{pad} {''.join(line)}\n", style="not bold")
