"""`gridcast window`: what the smoother makes of one series' readings."""

import difflib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from gridcast.models.windows import WindowSpec
from gridcast.schemas.columns import ReadingColumns
from gridcast.stream.commands.options import settings
from gridcast.stream.errors import UserError
from gridcast.stream.history import History, load_mapping, read_history
from gridcast.stream.picture import look_back
from gridcast.stream.picture.past import summary
from gridcast.stream.picture.png import save
from gridcast.stream.picture.terminal import draw


def window(  # noqa: PLR0917 - Typer calls it by name
    context: typer.Context,
    series: Annotated[str, typer.Argument(help="Whose window.")],
    file: Annotated[Path, typer.Option(help="History to take it from: CSV (also .gz), Parquet.")],
    mapping: Annotated[
        Path, typer.Option(help="TOML file that says what its columns mean (docs/history.md).")
    ],
    until: Annotated[
        datetime | None,
        typer.Option(help="End of the window, UTC (else the end of the history)."),
    ] = None,
    days: Annotated[float, typer.Option(help="How much of the window to draw.")] = 2,
    lam: Annotated[
        float | None,
        typer.Option(help="Smoothness, in slots cubed (else by cross-validation).", min=1e-9),
    ] = None,
    png: Annotated[Path | None, typer.Option(help="Draw into this file instead.")] = None,
) -> None:
    """Draw raw, smoothed, filled and rejected readings of one series."""
    chosen = settings(context)
    history = read_history(file, load_mapping(mapping))
    row = _row(history, series, file)
    readings = _readings(history, row)
    if not len(readings):
        raise UserError(f"{file} has no reading of {series}")
    step = chosen.step_minutes
    hold = max(step, (history.step_ms or 0) // 60_000)
    spec = WindowSpec(step, chosen.window_days, fine_minutes=max(120, hold), hold_minutes=hold)
    slots = round(days * spec.day)
    if not 5 <= slots <= spec.slots:
        raise UserError(f"--days must be between {5 / spec.day:.2g} and {spec.days}, not {days:g}")
    tick_ms = _tick(readings, spec, until)
    before = readings.time_ms < tick_ms
    inside = before & (readings.time_ms >= tick_ms - slots * spec.step_ms)
    if not inside.any():
        raise UserError(f"{series} has no reading in the {days:g} days to be drawn")
    lower = -np.inf if history.series[row].can_be_negative else 0.0
    past = look_back(readings, spec, tick_ms, slots, lam=lam, lower=lower)
    console = Console()
    if png is None:
        console.print(draw(past, console.width), soft_wrap=True)
    else:
        save(past, png)
        console.print(f"{png}: {series}, {summary(past)}", soft_wrap=True, highlight=False)


def _row(history: History, series: str, file: Path) -> int:
    names = [declared.series for declared in history.series]
    if series in names:
        return names.index(series)
    close = difflib.get_close_matches(series, names, 1)
    hint = f"; {close[0]!r} is" if close else f"; it has {', '.join(names[:10])}"
    raise UserError(f"{file}: series {series!r} is not there{hint}")


def _readings(history: History, row: int) -> ReadingColumns:
    part = history.readings_of(row)
    time = history.time_ms[part]
    return ReadingColumns(
        [history.series[row].series] * len(time),
        time,
        history.value[part],
        np.zeros(len(time), np.uint8),
        np.zeros(len(time), np.int32),
    )


def _tick(readings: ReadingColumns, spec: WindowSpec, until: datetime | None) -> int:
    """Give the end of the window: of the slot of the last reading, or the slot begun by `until`."""
    if until is None:
        return (int(readings.time_ms.max()) // spec.step_ms + 1) * spec.step_ms
    aware = until if until.tzinfo else until.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1000) // spec.step_ms * spec.step_ms
