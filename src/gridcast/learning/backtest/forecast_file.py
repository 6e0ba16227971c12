"""All forecasts of a backtest as Parquet: one row per forecast, one list of steps per level."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from gridcast.schemas.bounds import NEVER
from gridcast.schemas.forecast_columns import ForecastColumns

GROUP_BYTES = 64_000_000
"""Bytes of quantiles per row group."""
_TIME = pa.timestamp("ms", tz="UTC")


class ForecastWriter:
    """A writer of forecasts into a file, or nowhere."""

    def __init__(self, path: Path | None, forecaster: str) -> None:
        self._path, self._forecaster = path, forecaster
        self._waiting: list[pa.Table] = []
        self._bytes = 0
        self._writer: Any = None

    @classmethod
    def at(cls, folder: Path | None, name: str, forecaster: str) -> Self:
        """Return a writer into a folder. Without a folder, nothing is written."""
        return cls(None if folder is None else folder / f"{name}.parquet", forecaster)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._flush()
        if self._writer is not None:
            self._writer.close()

    def keep(self, columns: ForecastColumns) -> None:
        """Write the forecasts of a tick."""
        if self._path is None or not len(columns):
            return
        self._waiting.append(_table(columns, self._forecaster))
        self._bytes += columns.quantiles.nbytes
        if self._bytes > GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if not self._waiting or self._path is None:
            return
        table = pa.concat_tables(self._waiting)
        self._waiting, self._bytes = [], 0
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, table.schema, compression="zstd")
        self._writer.write_table(table)


def level_name(level: float) -> str:
    """Return the column name of a level.

    >>> level_name(0.05), level_name(0.5), level_name(0.025)
    ('q05', 'q50', 'q025')
    """
    return "q" + f"{level:.6f}"[2:4] + f"{level:.6f}"[4:].rstrip("0")


def _table(columns: ForecastColumns, forecaster: str) -> pa.Table:
    count, made = len(columns), columns.made_by
    newest = columns.newest_ms
    makers = columns.makers

    def of_maker(values: list[str | None]) -> pa.Array:
        return pa.array(values, pa.string()).take(pa.array(made))

    steps = columns.quantiles.shape[2]
    arrays: dict[str, Any] = {
        "forecaster": pa.array([forecaster], pa.string()).take(pa.array(np.zeros(count, "i8"))),
        "series": pa.array(list(columns.series), pa.string()),
        "tick": pa.array(np.full(count, columns.tick_ms)).cast(_TIME),
        "first": pa.array(np.full(count, columns.first_ms)).cast(_TIME),
        "rung": of_maker([str(maker.rung) for maker in makers]),
        "reason": of_maker([maker.reason for maker in makers]),
        "model": of_maker([maker.model for maker in makers]),
        "release": of_maker([maker.release for maker in makers]),
        "newest_reading": pa.array(newest, mask=newest == NEVER).cast(_TIME),
        "measured": pa.array(np.asarray(columns.measured, np.float64)),
    }
    for place, level in enumerate(columns.levels):
        flat = np.ascontiguousarray(columns.quantiles[:, place]).ravel()
        arrays[level_name(level)] = pa.FixedSizeListArray.from_arrays(pa.array(flat), steps)
    return pa.table(arrays)
