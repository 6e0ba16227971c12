"""Windows as records of a table, and back.

| record | columns |
|---|---|
| `head` | settings; tick, next numbers; last slot heard by row; which of the others there are |
| `series/N` | numbers; names: a page of the list |
| `border` | number, time, value and quality of what stands where the fine part begins |
| `slot/N` | number, mean and mark of each series with anything in a compacted slot |
| `minute/N` | number, offset, value, revision and quality of readings still kept for such a slot |
| `readings/N` | minutes; numbers a minute; place, offset, value, revision and quality of readings |

Readings of the fine part are recorded once: those that came between two checkpoints are one record,
of whatever minutes they are. A minute follows from all records that have readings of it, and the
closed slots of the fine part follow from their minutes. Records name series by number, so that
letting series go changes no record but the list.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from gridcast.models.records import Column as RecordColumn
from gridcast.models.records import Record, RecordError, RecordKind, decode, encode, key_of
from gridcast.models.windows.column import Column
from gridcast.models.windows.energy import LONG_AGO, StandingReadings
from gridcast.models.windows.marks import NOTHING
from gridcast.models.windows.minute import OFFSET_BITS, Minute, Rows
from gridcast.models.windows.readings import readings_of, readings_record, whole
from gridcast.models.windows.roster import PAGE, pages_of
from gridcast.models.windows.spec import WindowSpec
from gridcast.models.windows.windows import Windows

_SETTINGS = ("step_minutes", "days", "fine_minutes", "hold_minutes")

_BESIDE = {
    key_of(kind) for kind in (RecordKind.CLOCK, RecordKind.TOLD, RecordKind.FEED, RecordKind.ALARMS)
}
"""Kinds of records of a partition that are not part of its windows."""


def changes(windows: Windows) -> dict[str, bytes | None]:
    """Return the records that changed since the last call; None for a deleted one.

    All changes ever returned, applied in order, make up the windows.
    """
    windows.settle()
    recorded, roster = windows.recorded, windows.roster
    changed: dict[str, bytes | None] = {}

    def put(key: str, record: Record | None) -> None:
        changed[key] = None if record is None else encode(record)

    for number in sorted(recorded.minutes):
        put(key_of(RecordKind.MINUTE, number), _minute_record(windows, number))
    for slot in sorted(recorded.columns):
        put(key_of(RecordKind.SLOT, slot), _slot_record(windows, slot))
    if recorded.columns:
        put(key_of(RecordKind.BORDER), _border_record(windows))
    for page in sorted(roster.changed):
        put(key_of(RecordKind.SERIES, page), _page_record(windows, page))
    for part in recorded.outlived(windows.fine_minute):
        put(key_of(RecordKind.READINGS, part), None)
    if fresh := recorded.fresh(windows.minutes):
        part = recorded.add_part(max(fresh))
        put(key_of(RecordKind.READINGS, part), readings_record(part, roster.numbers, fresh))
    put(key_of(RecordKind.HEAD), _head_record(windows))
    recorded.all_known()
    roster.changed.clear()
    return changed


def spec_of(records: Mapping[str, bytes]) -> WindowSpec:
    """Return the window settings that records were written with."""
    settings = _read(records, RecordKind.HEAD, 0, 8)[0]
    return WindowSpec(**dict(zip(_SETTINGS, settings.tolist(), strict=True)))


def load(spec: WindowSpec, records: Mapping[str, bytes]) -> Windows:
    """Build windows from their records; other kinds of records are ignored.

    Raises
    ------
    RecordError
        A record is torn, missing, of another version, or written with other settings.
    """
    windows = Windows(spec)
    if records.keys() <= _BESIDE:
        return windows
    settings, place, last, minutes, slots, pages, parts, newest = _read(
        records, RecordKind.HEAD, 0, 8
    )
    _check_settings(spec, settings)
    tick, next_number, is_ticked, next_part = place.tolist()
    roster = windows.roster
    for page in pages.tolist():
        listed, names = _read(records, RecordKind.SERIES, page, 2)
        roster.enlist(names, listed)
    if len(last) != len(roster):
        why = f"knows {len(last)} series, but {len(roster)} are listed"
        raise RecordError(key_of(RecordKind.HEAD), why)
    roster.next_number = next_number
    roster.heard(np.arange(len(roster)), last * spec.step_ms)
    row_of = np.full(next_number, -1)
    row_of[roster.numbers] = np.arange(len(roster))
    windows.tick_ms = tick if is_ticked else None
    windows.recorded.parts = dict(zip(parts.tolist(), newest.tolist(), strict=True))
    windows.recorded.next_part = next_part
    _load_fine(windows, records, row_of)
    for number in minutes.tolist():
        windows.minutes[number] = _minute_of(row_of, _read(records, RecordKind.MINUTE, number, 5))
    for slot in slots.tolist():
        windows.columns[slot] = _column_of(row_of, _read(records, RecordKind.SLOT, slot, 3))
    if key_of(RecordKind.BORDER) in records:
        windows.border = _border_of(len(roster), row_of, _read(records, RecordKind.BORDER, 0, 4))
    windows.recompute()
    roster.changed.clear()
    return windows


def _load_fine(windows: Windows, records: Mapping[str, bytes], row_of: Rows) -> None:
    parts_of: dict[int, list[Minute]] = {}
    for part in windows.recorded.parts:
        columns = _read(records, RecordKind.READINGS, part, 7)
        for number, readings in readings_of(columns, row_of, windows.fine_minute):
            parts_of.setdefault(number, []).append(readings)
    windows.minutes = {number: whole(parts) for number, parts in parts_of.items()}


def _head_record(windows: Windows) -> Record:
    spec, tick, recorded = windows.spec, windows.tick_ms, windows.recorded
    next_number, fine, fine_minute = windows.roster.next_number, windows.fine, windows.fine_minute
    columns: list[RecordColumn] = [
        np.array([getattr(spec, name) for name in _SETTINGS]),
        np.array([tick or 0, next_number, tick is not None, recorded.next_part]),
        windows.roster.last_ms // spec.step_ms,
        np.array(sorted(n for n in windows.minutes if n < fine_minute), np.int64),
        np.array(sorted(slot for slot in windows.columns if slot < fine), np.int64),
        np.array(pages_of(windows.roster.numbers), np.int64),
        np.array(list(recorded.parts), np.int64),
        np.array(list(recorded.parts.values()), np.int64),
    ]
    return Record(RecordKind.HEAD, 0, columns)


def _page_record(windows: Windows, page: int) -> Record | None:
    """Return the record of a page of the series list, or None if it is empty."""
    numbers, names = windows.roster.numbers, windows.roster.names
    low, high = np.searchsorted(numbers, [page * PAGE, (page + 1) * PAGE])
    if low == high:
        return None
    return Record(RecordKind.SERIES, page, [numbers[low:high], names[low:high]])


def _border_record(windows: Windows) -> Record:
    border = windows.border
    rows = np.flatnonzero(border.time_ms > LONG_AGO)
    parts = (border.time_ms[rows], border.value[rows], border.quality[rows])
    return Record(RecordKind.BORDER, 0, [windows.roster.numbers[rows], *parts])


def _slot_record(windows: Windows, slot: int) -> Record | None:
    column = windows.columns.get(slot)
    if column is None:
        return None
    rows = np.flatnonzero(column.mark != NOTHING)
    numbers = windows.roster.numbers[rows]
    return Record(RecordKind.SLOT, slot, [numbers, column.mean[rows], column.mark[rows]])


def _minute_record(windows: Windows, number: int) -> Record | None:
    minute = windows.minutes.get(number)
    if minute is None:
        return None
    numbers = windows.roster.numbers[minute.row]
    parts = (minute.offset_ms, minute.value, minute.revision, minute.quality)
    return Record(RecordKind.MINUTE, number, [numbers, *parts])


def _read(records: Mapping[str, bytes], kind: RecordKind, number: int, columns: int) -> list[Any]:
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
            raise RecordError(key_of(RecordKind.HEAD), why)


def _minute_of(row_of: Rows, columns: list[Any]) -> Minute:
    numbers, offset, value, revision, quality = columns
    row, known = _known(row_of, numbers)
    key = (row << OFFSET_BITS) | offset[known]
    return Minute(key, value[known], revision[known].astype("i4"), quality[known].astype("u1"))


def _column_of(row_of: Rows, columns: list[Any]) -> Column:
    numbers, mean, mark = columns
    row, known = _known(row_of, numbers)
    column = Column.empty()
    column.put(row, Column(mean[known], mark[known].astype(np.uint8)))
    return column


def _border_of(rows: int, row_of: Rows, columns: list[Any]) -> StandingReadings:
    numbers, time, value, quality = columns
    row, known = _known(row_of, numbers)
    border = StandingReadings.none(rows)
    border.time_ms[row], border.value[row] = time[known], value[known]
    border.quality[row] = quality[known]
    return border


def _known(row_of: Rows, numbers: Rows) -> tuple[Rows, npt.NDArray[np.bool_] | slice]:
    """Return the rows of numbers, and which of the series were not dropped."""
    row = row_of[numbers]
    known = row >= 0
    return (row, slice(None)) if known.all() else (row[known], known)
