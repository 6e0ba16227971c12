"""Recorded readings of one series, in order of arrival, duplicates included."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from gridcast.cli.window.names import not_there
from gridcast.learning.history.mapping import CARRIED, Csv, Time
from gridcast.learning.history.table import FileTable, read_table
from gridcast.schemas.columns import ReadingColumns

COLUMNS = ["series", "time", "value", "quality", "revision"]
"""The columns that `gridcast simulate` writes: kW, at the beginning of each slot."""


def read_feed(file: Path, series: str) -> ReadingColumns:
    """Return the readings of a series from CSV or Parquet."""
    table = read_table(file, COLUMNS, Csv(), [""])
    codes, names = table.names_of("series")
    if series not in names:
        raise not_there(file, series, names)
    rows = np.flatnonzero(codes == names.index(series))
    time = table.times(Time(column="time", zone=CARRIED, marks="begin")).milliseconds
    value, _ = table.numbers("value")
    if not (finite := np.isfinite(value[rows])).all():
        raise table.error("value", int(rows[np.argmin(finite)]), "is not a finite number")
    return ReadingColumns(
        [series] * len(rows),
        time[rows],
        value[rows],
        _whole(table, "quality", rows, 255).astype(np.uint8),
        _whole(table, "revision", rows, 2**31 - 1).astype(np.int32),
    )


def _whole(
    table: FileTable, column: str, rows: npt.NDArray[np.intp], most: int
) -> npt.NDArray[np.float64]:
    number = table.numbers(column)[0][rows]
    fits = (number >= 0) & (number <= most) & (number == np.floor(number))
    if not fits.all():
        row = int(rows[np.argmin(fits)])
        raise table.error(column, row, f"is not a whole number from 0 to {most}")
    return number
