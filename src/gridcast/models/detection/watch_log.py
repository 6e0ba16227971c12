"""Event log of a reading watch: a snapshot every hour, and the detectors' inputs in between.

| record | columns |
|---|---|
| `detection/0` | layout, hour, number of parts |
| `detection/1` … | the snapshot: declarations, expected readings, newest times, weather, and one |
| | part per detector |
| `detection/N`, N > 1000 | an entry: its kind, its tick, and |
| … readings | row, value, time and timestamp of the readings since the last entry |
| … tick | the same; then all were judged; and new declarations |
| … expected | the forecasts that apply from then on |
| … weather | the stations' observations, and the series' stations if those have changed |

A snapshot takes some 200 bytes per series, a tick five. The state follows bit for bit from the
snapshot and the entries after it. A snapshot is due seven minutes past each hour, when nothing else
is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np

from gridcast.models.detection.detector_state import Rows
from gridcast.models.detection.observations import NO_STATIONS, DeclaredSeries, StationObservations
from gridcast.models.records import Column, Record, RecordError, RecordKind, decode, encode, key_of
from gridcast.units import HOUR_MS, MINUTE_MS, Floats, Times

LAYOUT = 4
"""Version of the layout. Records of another version are not read; everything is learned anew."""
HEAD, DECLARED, EXPECTED, TIMES, WEATHER, PARTS = range(6)
FIRST = 1000
"""Entries have greater record numbers."""
DUE_MS = 7 * MINUTE_MS
TENTH_MS = 100
PREFIX = key_of(RecordKind.DETECTION, 0)[:-1]


class EntryKind(IntEnum):
    """Kinds of log entries."""

    READINGS = 0
    TICK = 1
    EXPECTED = 2
    WEATHER = 3


@dataclass(frozen=True, slots=True, eq=False)
class LoggedReadings:
    """The readings of the series that were heard."""

    rows: Rows
    value: Floats
    time_ms: Times
    sent_ms: Times

    def columns(self) -> list[Column]:
        """Return the readings as record columns."""
        late = self.sent_ms // TENTH_MS - self.time_ms // TENTH_MS
        return [self.rows, self.value, self.time_ms, late]


NO_READINGS = LoggedReadings(
    np.zeros(0, np.intp), np.zeros(0, np.float32), np.zeros(0, np.int64), np.zeros(0, np.int64)
)


@dataclass(frozen=True, slots=True, eq=False)
class LoggedTick:
    """A tick at which the readings were judged."""

    tick_ms: int
    readings: LoggedReadings
    declared: DeclaredSeries | None
    """None if unchanged since the last tick."""


@dataclass(frozen=True, slots=True, eq=False)
class WatchSnapshot:
    """The whole state of a watch."""

    parts: Sequence[Sequence[Column]]
    declared: DeclaredSeries
    expected: Sequence[Column]
    time_ms: Times
    weather: StationObservations = NO_STATIONS
    readings: LoggedReadings = NO_READINGS
    """Readings since the newest tick."""


class WatchLog:
    """The records in the table and those that are to be written."""

    def __init__(self, listed: Sequence[int] = (), hour: int | None = None) -> None:
        self._listed = list(listed)
        """Numbers of the entries in the table, or of all records that are to be deleted."""
        self._next = max([FIRST, *self._listed]) + 1
        self._hour = hour
        """Hour of the newest snapshot; None if one is due."""
        self._now: int | None = hour
        self._fresh: list[Record] = []

    def tick(self, tick: LoggedTick) -> None:
        """Log a tick."""
        self._now = (tick.tick_ms - DUE_MS) // HOUR_MS
        declared = [] if tick.declared is None else _declared_columns(tick.declared)
        self._append(EntryKind.TICK, tick.tick_ms, [*tick.readings.columns(), *declared])

    def expect(self, tick_ms: int, columns: Sequence[Column]) -> None:
        """Log the forecasts that apply from a tick on."""
        self._append(EntryKind.EXPECTED, tick_ms, columns)

    def weather(self, observed: StationObservations, *, is_moved: bool) -> None:
        """Log the stations' observations; `is_moved` is True if series have other stations now."""
        columns = _weather_columns(observed)
        self._append(EntryKind.WEATHER, observed.tick_ms, columns if is_moved else columns[:-1])

    def begin_anew(self) -> None:
        """Make a snapshot due, because rows have moved."""
        self._hour = None

    def changes(self, snapshot: WatchSnapshot, new: LoggedReadings) -> dict[str, bytes | None]:
        """Return the records that changed since the last call; None for a deleted record.

        `new` has the readings since the newest tick or entry.
        """
        changed: dict[str, bytes | None] = {}
        if self._hour is None or self._hour != self._now:
            changed = {key_of(RecordKind.DETECTION, number): None for number in self._listed}
            self._listed, self._hour, self._fresh = [], self._now, []
            self._append(EntryKind.READINGS, 0, snapshot.readings.columns())
            records = [*_records(snapshot, self._now), *self._fresh]
        else:
            if len(new.rows):
                self._append(EntryKind.READINGS, 0, new.columns())
            records = self._fresh
        self._listed += [record.number for record in self._fresh]
        self._fresh = []
        return changed | {record.key: encode(record) for record in records}

    def _append(self, kind: EntryKind, tick_ms: int, columns: Sequence[Column]) -> None:
        head = np.array([kind, tick_ms])
        self._fresh.append(Record(RecordKind.DETECTION, self._next, [head, *columns]))
        self._next += 1


@dataclass(frozen=True, slots=True, eq=False)
class StoredWatch:
    """The records of a watch, decoded."""

    log: WatchLog
    snapshot: WatchSnapshot | None = None
    since: Sequence[LoggedReadings | LoggedTick | StationObservations | Sequence[Column]] = field(
        default_factory=list
    )
    """The entries since the snapshot, in order."""


def read_watch(records: Mapping[str, bytes]) -> StoredWatch:
    """Decode the records of a watch; records of another layout are ignored."""
    numbers = sorted(int(key.removeprefix(PREFIX)) for key in records if is_of_watch(key))
    if not numbers:
        return StoredWatch(WatchLog())
    head: Any = _columns(records, HEAD) if HEAD in numbers else [[0, 0, 0]]
    layout, hour, count = (int(number) for number in head[0])
    if layout != LAYOUT:
        return StoredWatch(WatchLog(numbers))
    (time_ms,) = _columns(records, TIMES)
    (at_ms, *weather) = _columns(records, WEATHER)
    snapshot = WatchSnapshot(
        [_columns(records, PARTS + number) for number in range(count)],
        _declared_series(_columns(records, DECLARED)),
        _columns(records, EXPECTED),
        np.asarray(time_ms),
        _observations(int(at_ms[0]), weather, NO_STATIONS.of),
    )
    entries, since, of = [number for number in numbers if number > FIRST], [], snapshot.weather.of
    for number in entries:
        entry = _entry(_columns(records, number), of)
        of = entry.of if isinstance(entry, StationObservations) else of
        since.append(entry)
    return StoredWatch(WatchLog(entries, hour), snapshot, since)


def is_of_watch(key: str) -> bool:
    """Return True if the record belongs to a watch."""
    return key.startswith(PREFIX)


def _records(snapshot: WatchSnapshot, hour: int | None) -> list[Record]:
    columns: list[Sequence[Column]] = [
        [np.array([LAYOUT, hour or 0, len(snapshot.parts)])],
        _declared_columns(snapshot.declared),
        snapshot.expected,
        [snapshot.time_ms],
        [np.array([snapshot.weather.tick_ms]), *_weather_columns(snapshot.weather)],
        *snapshot.parts,
    ]
    numbers = (HEAD, *range(DECLARED, PARTS + len(snapshot.parts)))
    return [
        Record(RecordKind.DETECTION, number, values)
        for number, values in zip(numbers, columns, strict=True)
    ]


def _columns(records: Mapping[str, bytes], number: int) -> list[Any]:
    key = key_of(RecordKind.DETECTION, number)
    if key not in records:
        raise RecordError(key, "missing")
    return list(decode(key, records[key]).columns)


def _entry(
    columns: list[Any], of: Rows
) -> LoggedReadings | LoggedTick | StationObservations | list[Any]:
    head, *values = columns
    kind, tick_ms = head.tolist()
    if kind == EntryKind.EXPECTED:
        return values
    if kind == EntryKind.WEATHER:
        return _observations(tick_ms, values, of)
    readings = _logged_readings(values[:4])
    if kind == EntryKind.READINGS:
        return readings
    return LoggedTick(tick_ms, readings, _declared_series(values[4:]) if len(values) > 4 else None)


def _logged_readings(columns: list[Any]) -> LoggedReadings:
    rows, value, time_ms, late = columns
    sent_ms = (late + time_ms // TENTH_MS) * TENTH_MS
    return LoggedReadings(np.asarray(rows, np.intp), value, time_ms, sent_ms)


def _weather_columns(observed: StationObservations) -> list[Column]:
    names = list(observed.stations)
    return [names, observed.time_ms, observed.measured, observed.foretold, observed.of]


def _observations(tick_ms: int, columns: list[Any], of: Rows) -> StationObservations:
    stations, time_ms, measured, foretold, *moved = columns
    of = np.asarray(moved[0], np.intp) if moved else of
    return StationObservations(tick_ms, tuple(stations), time_ms, measured, foretold, of)


def _declared_columns(declared: DeclaredSeries) -> list[Column]:
    return [
        declared.capacity,
        np.isinf(declared.least),
        declared.group,
        declared.parent,
        list(declared.parents),
        np.array([len(above) for above in declared.above], np.int64),
        [name for above in declared.above for name in above],
        declared.calendar,
        [zone for zone, _ in declared.calendars],
        [holidays for _, holidays in declared.calendars],
    ]


def _declared_series(columns: list[Any]) -> DeclaredSeries:
    capacity, can_be_negative, group, parent, parents, counts, names, *rest = columns
    calendar, zones, holidays = rest
    least = np.where(can_be_negative, -np.inf, 0).astype(np.float32)
    ends = np.cumsum(counts).tolist()
    above = [
        tuple(names[end - count : end]) for end, count in zip(ends, counts.tolist(), strict=True)
    ]
    return DeclaredSeries(
        capacity,
        least,
        np.asarray(group, np.intp),
        np.asarray(parent, np.intp),
        parents,
        above,
        np.asarray(calendar, np.intp),
        list(zip(zones, holidays, strict=True)),
    )
