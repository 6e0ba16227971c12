"""What the notebooks share: a simulated history to begin with, autocorrelation, and tables."""

import atexit
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from IPython.display import Markdown
from numpy.typing import NDArray

from gridcast.models.simulator import FAULTS, KINDS, FaultKind, Simulation, build_grid
from gridcast.schemas import GridSeries
from gridcast.schemas.weather import VARIABLES
from gridcast.units import DAY_MS, HOUR_MS

START_MS = 1_704_067_200_000  # 1 January 2024
SHOWN = ("z01", "z01-f01", "z01-f01-m001")
"""Of the simulated grid: all of it, one of its feeders, and one meter on that."""
SILENT = [KINDS.index(kind) for kind in (FaultKind.GAP, FaultKind.DEAD_FEEDER)]
UNITS = dict(zip(VARIABLES, ("C", "%", "m/s", "%", "W/m2", "hPa"), strict=True))


def new_folder() -> Path:
    """Make a folder that is gone when the notebook's kernel ends."""
    folder = tempfile.mkdtemp(prefix="gridcast-notebook-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def history_files(file: str | None, mapping: str | None, days: int) -> tuple[Path, Path]:
    """Give the file and mapping that were named; if none was, those of a simulated grid.

    A zone in Spain with 60 meters, hourly: loads of three series, the zone's weather, and the gaps
    that a well-run grid has.
    """
    if file is not None and mapping is not None:
        return Path(file), Path(mapping)
    if file is not None or mapping is not None:
        raise ValueError("name both FILE and MAPPING, or neither")
    folder = new_folder()
    grid = build_grid(seed=1, country_code="ES", meters_of=[[15] * 4])
    simulation = Simulation(grid, seed=1, step_s=3600, faults=FAULTS["mild"])
    rows = [grid.ids.index(series) for series in SHOWN]
    pq.write_table(_readings(simulation, rows, days), folder / "simulated.parquet")
    (folder / "simulated.toml").write_text(_mapping([grid.series[row] for row in rows]), "utf-8")
    return folder / "simulated.parquet", folder / "simulated.toml"


def _readings(simulation: Simulation, rows: list[int], days: int) -> pa.Table:
    """Lay out the true load less the gaps, with the weather as it was measured then."""
    end_ms = START_MS + days * DAY_MS
    truth = simulation.truth(START_MS, end_ms)
    load, time_ms = truth.value[rows], truth.time_ms
    for chunk in simulation.chunks(START_MS, end_ms):
        labels = chunk.labels
        for fault in np.flatnonzero(np.isin(labels.kind, SILENT) & np.isin(labels.series, rows)):
            row = rows.index(int(labels.series[fault]))
            silent = (time_ms >= labels.from_ms[fault]) & (time_ms < labels.to_ms[fault])
            load[row, silent] = np.nan
    (seen,) = simulation.observations(START_MS, end_ms)
    weather = seen.values[:, np.searchsorted(seen.time_ms, time_ms)]
    series = np.repeat([simulation.grid.ids[row] for row in rows], len(time_ms))
    columns = {
        "series": pa.array(series),
        "time": pa.array(np.tile(time_ms, len(rows))).cast(pa.timestamp("ms", tz="UTC")),
        "load": pa.array(load.ravel(), from_pandas=True),
    }
    for name, value in zip(VARIABLES, weather, strict=True):
        columns[name] = pa.array(np.tile(value, len(rows)), from_pandas=True)
    return pa.table(columns)


def _mapping(series: Sequence[GridSeries]) -> str:
    """Write what the columns mean, as docs/howto/history.md explains it."""
    lines = ['title = "A simulated zone in Spain"', 'source = "gridcast simulate"']
    lines += ['licence = "none needed"', f"step_minutes = {HOUR_MS // 60_000}"]
    lines += ["[time]", 'column = "time"', 'zone = "UTC"', 'marks = "begin"']
    lines += ["[load]", 'unit = "kW"', 'series_column = "series"', 'value_column = "load"']
    lines += [f"[weather.{series[0].station}]", "available_after_minutes = 60"]
    lines += [f'{name} = {{ column = "{name}", unit = "{unit}" }}' for name, unit in UNITS.items()]
    for one in series:
        known = f'kind = "{one.kind}"\nstation = "{one.station}"\ntime_zone = "{one.time_zone}"'
        negative = str(one.can_be_negative).lower()
        lines += [f"[series.{one.series}]", known, f'holidays = "{one.holidays}"']
        lines += [f"can_be_negative = {negative}"]
    return "\n".join(lines) + "\n"


def autocorrelation(value: NDArray[np.floating], most: int) -> NDArray[np.float64]:
    """Give how alike a series is to itself 0, 1, … slots before; NaN where nothing is known."""
    off = value.astype(np.float64) - np.nanmean(value)
    found = np.full(most + 1, np.nan)
    for lag in range(min(most, len(off) - 2) + 1):
        product = off[lag:] * off[: len(off) - lag]
        if np.isfinite(product).any():
            found[lag] = np.nanmean(product)
    return found / found[0]


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Markdown:
    """Show rows as a table; numbers with four digits, what is not known is a dash."""
    if not rows:
        return Markdown("*none*")
    head = ["| " + " | ".join(columns) + " |", "|---" + "|---:" * (len(columns) - 1) + "|"]
    return Markdown(
        "\n".join([*head, *("| " + " | ".join(map(_cell, row)) + " |" for row in rows)])
    )


def _cell(value: object) -> str:
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return "-"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
