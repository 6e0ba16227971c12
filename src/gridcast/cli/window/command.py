"""`gridcast window`: draw the smoother's result for one series."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from gridcast.cli.options import Broker, Prefix, settings
from gridcast.cli.window.names import not_there
from gridcast.cli.window.png import save
from gridcast.cli.window.recorded_series import read_feed
from gridcast.cli.window.terminal import draw
from gridcast.cli.window.window_view import WindowView, look_back, look_into, summary
from gridcast.learning.history import History, load_mapping, read_history
from gridcast.models.windows import WindowSpec
from gridcast.schemas.columns import ReadingColumns
from gridcast.stream.errors import UserError
from gridcast.stream.settings import Settings


def window(  # noqa: PLR0917 - Typer calls it by name
    context: typer.Context,
    series: Annotated[str, typer.Argument(help="Series to draw.")],
    file: Annotated[
        Path | None,
        typer.Option(
            help="Read a CSV (also .gz) or Parquet file: history, or readings as `gridcast"
            " simulate` writes them. Left out: from what the running workers keep."
        ),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(help="For history: TOML that describes its columns (docs/howto/history.md)."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(help="End of the window, UTC (default: the end of the file)."),
    ] = None,
    days: Annotated[float, typer.Option(help="Number of days to draw.")] = 2,
    lam: Annotated[
        float | None,
        typer.Option(help="Smoothness, in slots cubed (default: by cross-validation).", min=1e-9),
    ] = None,
    png: Annotated[Path | None, typer.Option(help="Draw into this file instead.")] = None,
    broker: Broker = None,
    topic_prefix: Prefix = None,
) -> None:
    """Draw raw, smoothed, filled and rejected readings of one series."""
    chosen = settings(context, broker=broker, topic_prefix=topic_prefix)
    if file is None:
        if mapping or until:
            flag = "--mapping" if mapping else "--until"
            raise UserError(f"{flag} is for a file: say which by --file")
        past = _from_workers(chosen, series, days, lam)
    elif mapping is None:
        past = _from_readings(chosen, read_feed(file, series), 0, until, days, lam, 0.0)
    else:
        history = read_history(file, load_mapping(mapping))
        row = _row(history, series, file)
        lower = -np.inf if history.series[row].can_be_negative else 0.0
        hold = (history.step_ms or 0) // 60_000
        past = _from_readings(chosen, _readings(history, row), hold, until, days, lam, lower)
    console = Console()
    if png is None:
        console.print(draw(past, console.width), soft_wrap=True)
    else:
        save(past, png)
        console.print(f"{png}: {series}, {summary(past)}", soft_wrap=True, highlight=False)


def _from_workers(chosen: Settings, series: str, days: float, lam: float | None) -> WindowView:
    # Imported late because files need no Kafka client.
    from gridcast.cli.window.state_reader import can_be_negative, find_windows  # noqa: PLC0415

    with Console(stderr=True).status("reading what the workers keep"):
        windows, row = find_windows(chosen, series)
        lower = -np.inf if can_be_negative(chosen, series) else 0.0
    slots = _slots(windows.spec, days)
    if windows.tick_ms is None or not np.isfinite(windows.cut(slots, slice(row, row + 1))[0]).any():
        raise UserError(f"of the {days:g} days to be drawn nothing of {series} is kept yet")
    return look_into(windows, row, slots, lam=lam, lower=lower)


def _from_readings(  # noqa: PLR0917
    chosen: Settings,
    readings: ReadingColumns,
    hold: int,
    until: datetime | None,
    days: float,
    lam: float | None,
    lower: float,
) -> WindowView:
    """Draw readings. Each reading stands for at least `hold` minutes."""
    name = readings.series[0]
    hold = max(chosen.hold_minutes or chosen.step_minutes, hold)
    fine = max(120, hold)
    spec = WindowSpec(chosen.step_minutes, chosen.window_days, fine, hold)
    slots = _slots(spec, days)
    tick_ms = _tick(readings, spec, until)
    before = readings.time_ms < tick_ms
    inside = before & (readings.time_ms >= tick_ms - slots * spec.step_ms)
    if not inside.any():
        raise UserError(f"{name} has no reading in the {days:g} days to be drawn")
    return look_back(readings, spec, tick_ms, slots, lam=lam, lower=lower)


def _slots(spec: WindowSpec, days: float) -> int:
    slots = round(days * spec.day)
    if not 5 <= slots <= spec.slots:
        raise UserError(f"--days must be between {5 / spec.day:.2g} and {spec.days}, not {days:g}")
    return slots


def _row(history: History, series: str, file: Path) -> int:
    names = [declared.series for declared in history.series]
    if series in names:
        return names.index(series)
    raise not_there(file, series, names)


def _readings(history: History, row: int) -> ReadingColumns:
    part = history.readings_of(row)
    time, name = history.time_ms[part], history.series[row].series
    if not len(time):
        raise UserError(f"{history.title} has no reading of {name}")
    return ReadingColumns(
        [name] * len(time),
        time,
        history.value[part],
        np.zeros(len(time), np.uint8),
        np.zeros(len(time), np.int32),
    )


def _tick(readings: ReadingColumns, spec: WindowSpec, until: datetime | None) -> int:
    """Return the window's end: of the slot of the last reading, or the slot begun by `until`."""
    if until is None:
        return (int(readings.time_ms.max()) // spec.step_ms + 1) * spec.step_ms
    aware = until if until.tzinfo else until.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1000) // spec.step_ms * spec.step_ms
