"""The rows of a history file on their way to readings: read, sorted, made unique."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gridcast.learning.history.mapping import LoadMapping, Mapping
from gridcast.learning.history.table import FileTable
from gridcast.learning.history.units import kilowatts_per
from gridcast.learning.history.zones import Mask, resolve


@dataclass(frozen=True)
class Names:
    """The series of a file: their names in the file, our ids, and their value columns."""

    found_as: list[str]
    ids: list[str]
    columns: list[str]


@dataclass(frozen=True)
class Rows:
    """One value per row, as parallel arrays."""

    series: NDArray[np.int32]
    """Index of the series in :class:`Names`."""
    place: NDArray[np.int64]
    """Row number in the file, from 0."""
    time_ms: NDArray[np.int64]
    value: NDArray[np.float64]
    """kW; NaN if missing or not finite."""
    missing: Mask
    """True if the file has no value. NaN and infinity are not missing but wrong."""
    label: Mask

    def __len__(self) -> int:
        return len(self.series)

    def take(self, which: NDArray[np.bool_] | NDArray[np.intp] | slice) -> "Rows":
        """Return some of the rows."""
        return Rows(
            self.series[which],
            self.place[which],
            self.time_ms[which],
            self.value[which],
            self.missing[which],
            self.label[which],
        )


@dataclass(frozen=True)
class Timed:
    """Rows with instants as times, and the rows whose time is ambiguous or doesn't exist."""

    rows: Rows
    folded: Mask
    unclear: Mask
    nonexistent: Mask


def read_rows(table: FileTable, mapping: Mapping) -> tuple[Rows, Names, bool]:
    """Return all rows, by series and in the file's order, and whether times are instants."""
    times = table.times(mapping.time)
    rows, names = (_long if mapping.long_form else _wide)(table, mapping, times.milliseconds)
    if np.any(np.diff(rows.series) < 0):
        rows = rows.take(np.argsort(rows.series, kind="stable"))
    factor = kilowatts_per(mapping.load.unit, mapping.step_minutes)
    return replace(rows, value=rows.value * factor), names, times.instants


def _long(table: FileTable, mapping: Mapping, time_ms: NDArray[np.int64]) -> tuple[Rows, Names]:
    load = mapping.load
    assert load.series_column is not None  # noqa: S101 - what `long_form` means
    assert load.value_column is not None  # noqa: S101
    codes, labels = table.names_of(load.series_column)
    value, missing = table.numbers(load.value_column)
    ids = {facts.found_as or series: series for series, facts in mapping.series.items()}
    names = Names(
        labels, [ids.get(name, name) for name in labels], [load.value_column] * len(labels)
    )
    places = np.arange(len(codes), dtype=np.int64)
    label = _labels(table, load, len(codes))
    return Rows(codes, places, time_ms, value, missing, label), names


def _wide(table: FileTable, mapping: Mapping, time_ms: NDArray[np.int64]) -> tuple[Rows, Names]:
    columns = [facts.found_as or series for series, facts in mapping.series.items()]
    parts = [table.numbers(column) for column in columns]
    count, width = len(time_ms), len(columns)
    rows = Rows(
        np.repeat(np.arange(width, dtype=np.int32), count),
        np.tile(np.arange(count, dtype=np.int64), width),
        np.tile(time_ms, width),
        np.concatenate([value for value, _ in parts]),
        np.concatenate([missing for _, missing in parts]),
        np.zeros(count * width, np.bool_),
    )
    return rows, Names(columns, list(mapping.series), columns)


def _labels(table: FileTable, load: LoadMapping, count: int) -> Mask:
    if load.label_column is None:
        return np.zeros(count, np.bool_)
    value, missing = table.numbers(load.label_column)
    wrong = np.flatnonzero(~missing & (value != 0) & (value != 1))
    if len(wrong):
        row = int(wrong[0])
        raise table.error(load.label_column, row, f"a label is 0 or 1, not {value[row]:g}")
    return np.asarray(value == 1, np.bool_)


def to_instants(rows: Rows, mapping: Mapping, *, instants: bool) -> Timed:
    """Convert the times into the instants at which slots begin."""
    none = np.zeros(len(rows), np.bool_)
    folded, unclear, nonexistent = none, none, none
    time_ms = rows.time_ms
    if not instants:
        resolved = resolve(time_ms, rows.series, mapping.time.zone, mapping.time.folds)
        time_ms, folded = resolved.utc_ms, resolved.folded
        unclear, nonexistent = resolved.unclear, resolved.nonexistent
    if mapping.time.marks == "end" and mapping.step_ms is not None:
        time_ms = time_ms - mapping.step_ms
    return Timed(replace(rows, time_ms=time_ms), folded, unclear, nonexistent)


def in_order(rows: Rows) -> Rows:
    """Sort by series and time. Rows of one series and time stay in the file's order."""
    same = rows.series[1:] == rows.series[:-1]
    if np.any(same & (np.diff(rows.time_ms) < 0)):
        return rows.take(np.lexsort((rows.place, rows.time_ms, rows.series)))
    return rows


@dataclass(frozen=True)
class Once:
    """Rows with one value per series and time, and the repetitions."""

    rows: Rows
    duplicate: NDArray[np.intp]
    """Input rows that repeat a value."""
    conflict: NDArray[np.intp]
    """Input rows with another value for the same time."""


def once(rows: Rows, on_duplicates: str) -> Once:
    """Keep one row per series and time. The rows are sorted and have finite values."""
    new = np.ones(len(rows), np.bool_)
    new[1:] = (np.diff(rows.series) != 0) | (np.diff(rows.time_ms) != 0)
    if new.all():
        nothing = np.empty(0, np.intp)
        return Once(rows, nothing, nothing)
    starts = np.flatnonzero(new)
    run = np.cumsum(new) - 1
    differs = np.minimum.reduceat(rows.value, starts) != np.maximum.reduceat(rows.value, starts)
    repeated = np.flatnonzero(~new)
    kept = starts
    if on_duplicates == "last":
        kept = np.append(starts[1:], len(rows)) - 1
    result = replace(rows.take(kept), label=np.logical_or.reduceat(rows.label, starts))
    if on_duplicates == "mean":
        lengths = np.diff(np.append(starts, len(rows)))
        mean = np.add.reduceat(rows.value, starts) / lengths
        result = replace(result, value=np.where(differs, mean, result.value))
    conflicting = differs[run[repeated]]
    return Once(result, repeated[~conflicting], repeated[conflicting])
