"""Windows as records of a table, and back.

| record | columns |
|---|---|
| `head` | settings; tick, next number; last slot heard by row; which minutes, slots and pages are |
| `series/N` | numbers; names: a page of the list |
| `border` | number, time, value and quality of what stands where the fine part begins |
| `slot/N` | number, mean and mark of each series with anything in a compacted slot |
| `minute/N` | number, offset, value, revision and quality of the readings still kept |

Closed slots of the fine part are not recorded: they follow from their minutes. Records name series
by number, so that letting series go changes no record but the list.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from gridcast.models.records import Column as RecordColumn
from gridcast.models.records import Kind, Record, RecordError, decode, encode, key_of
from gridcast.models.windows.column import Column
from gridcast.models.windows.energy import LONG_AGO, Standing
from gridcast.models.windows.marks import NOTHING
from gridcast.models.windows.minute import OFFSET_BITS, Minute, Rows
from gridcast.models.windows.roster import PAGE, pages_of
from gridcast.models.windows.spec import WindowSpec
from gridcast.models.windows.windows import Windows

_SETTINGS = ("step_minutes", "days", "fine_minutes", "hold_minutes")


def changes(windows: Windows) -> dict[str, bytes | None]:
    """Give the records that are not as they were last given; None for one that is gone.

    Put together, all changes ever given are the windows.
    """
    windows.settle()
    fresh: list[Record] = []
    gone: dict[str, bytes | None] = {}
    for number in sorted(windows.changed_minutes):
        if number in windows.minutes:
            fresh.append(_minute_record(windows, number))
        else:
            gone[key_of(Kind.MINUTE, number)] = None
    for slot in sorted(windows.changed_columns):
        if slot in windows.columns:
            fresh.append(_slot_record(windows, slot))
        else:
            gone[key_of(Kind.SLOT, slot)] = None
    if windows.changed_columns:
        fresh.append(_border_record(windows))
    for page in sorted(windows.roster.changed):
        listed = _page_record(windows, page)
        if listed is None:
            gone[key_of(Kind.SERIES, page)] = None
        else:
            fresh.append(listed)
    fresh.append(_head_record(windows))
    windows.changed_minutes.clear()
    windows.changed_columns.clear()
    windows.roster.changed.clear()
    return gone | {record.key: encode(record) for record in fresh}


def load(spec: WindowSpec, records: Mapping[str, bytes]) -> Windows:
    """Build windows from their records.

    Raises
    ------
    RecordError
        A record is torn, missing, of another version, or kept with other settings.
    """
    windows = Windows(spec)
    if not records:
        return windows
    settings, place, last, minutes, slots, pages = _read(records, Kind.HEAD, 0, 6)
    _check_settings(spec, settings)
    roster = windows.roster
    for page in pages.tolist():
        listed, names = _read(records, Kind.SERIES, page, 2)
        roster.enlist(names, listed)
    roster.next_number = int(place[1])
    roster.heard(np.arange(len(roster)), last * spec.step_ms)
    numbers = roster.numbers
    windows.tick_ms = int(place[0]) if place[2] else None
    for number in minutes.tolist():
        windows.minutes[number] = _minute_of(numbers, _read(records, Kind.MINUTE, number, 5))
    for slot in slots.tolist():
        windows.columns[slot] = _column_of(numbers, _read(records, Kind.SLOT, slot, 3))
    if key_of(Kind.BORDER) in records:
        windows.border = _border_of(numbers, _read(records, Kind.BORDER, 0, 4))
    windows.recompute()
    roster.changed.clear()
    return windows


def _head_record(windows: Windows) -> Record:
    spec = windows.spec
    tick = windows.tick_ms
    columns: list[RecordColumn] = [
        np.array([getattr(spec, name) for name in _SETTINGS]),
        np.array([tick or 0, windows.roster.next_number, tick is not None]),
        windows.roster.last_ms // spec.step_ms,
        np.array(sorted(windows.minutes), np.int64),
        np.array(sorted(slot for slot in windows.columns if slot < windows.fine), np.int64),
        np.array(pages_of(windows.roster.numbers), np.int64),
    ]
    return Record(Kind.HEAD, 0, columns)


def _page_record(windows: Windows, page: int) -> Record | None:
    """List the series of a page, if any are left."""
    numbers, names = windows.roster.numbers, windows.roster.names
    low, high = np.searchsorted(numbers, [page * PAGE, (page + 1) * PAGE])
    if low == high:
        return None
    return Record(Kind.SERIES, page, [numbers[low:high], names[low:high]])


def _border_record(windows: Windows) -> Record:
    border = windows.border
    rows = np.flatnonzero(border.time_ms > LONG_AGO)
    parts = (border.time_ms[rows], border.value[rows], border.quality[rows])
    return Record(Kind.BORDER, 0, [windows.roster.numbers[rows], *parts])


def _slot_record(windows: Windows, slot: int) -> Record:
    column = windows.columns[slot]
    rows = np.flatnonzero(column.mark != NOTHING)
    numbers = windows.roster.numbers[rows]
    return Record(Kind.SLOT, slot, [numbers, column.mean[rows], column.mark[rows]])


def _minute_record(windows: Windows, number: int) -> Record:
    minute = windows.minutes[number]
    numbers = windows.roster.numbers[minute.row]
    parts = (minute.offset_ms, minute.value, minute.revision, minute.quality)
    return Record(Kind.MINUTE, number, [numbers, *parts])


def _read(records: Mapping[str, bytes], kind: Kind, number: int, columns: int) -> list[Any]:
    key = key_of(kind, number)
    if key not in records:
        raise RecordError(key, "missing")
    record = decode(key, records[key])
    if len(record.columns) != columns:
        raise RecordError(key, f"{len(record.columns)} columns instead of {columns}")
    return list(record.columns)


def _check_settings(spec: WindowSpec, settings: npt.NDArray[np.int64]) -> None:
    for name, kept in zip(_SETTINGS, settings.tolist(), strict=True):
        if kept != getattr(spec, name):
            why = f"kept with {name} {kept}, but the setting is {getattr(spec, name)}"
            raise RecordError(key_of(Kind.HEAD), why)


def _rows_of(listed: Rows, numbers: Rows) -> tuple[Rows, npt.NDArray[np.intp] | slice]:
    """Find the rows of numbers, and which of them are still listed."""
    if len(numbers) == len(listed) and np.array_equal(numbers, listed):
        return np.arange(len(listed)), slice(None)
    rows = np.searchsorted(listed, numbers)
    known = np.flatnonzero(np.isin(numbers, listed))
    return rows[known], known


def _minute_of(listed: Rows, columns: list[Any]) -> Minute:
    numbers, offset, value, revision, quality = columns
    rows, known = _rows_of(listed, numbers)
    key = (rows << OFFSET_BITS) | offset[known]
    minute = Minute(key, value[known], revision[known].astype("i4"), quality[known].astype("u1"))
    return minute.take(np.arange(len(minute)))


def _column_of(listed: Rows, columns: list[Any]) -> Column:
    numbers, mean, mark = columns
    rows, known = _rows_of(listed, numbers)
    column = Column.empty()
    column.put(rows, Column(mean[known], mark[known].astype(np.uint8)))
    return column


def _border_of(listed: Rows, columns: list[Any]) -> Standing:
    numbers, time, value, quality = columns
    rows, known = _rows_of(listed, numbers)
    border = Standing.none(len(listed))
    border.time_ms[rows], border.value[rows] = time[known], value[known]
    border.quality[rows] = quality[known]
    return border
