"""How a watch is kept: whole every hour, and in between by what the detectors were shown.

| record | columns |
|---|---|
| `detection/0` | layout, hour, how many parts |
| `detection/1` … | the whole: what is declared, expected, the newest times, the weather, each |
| | detector's part |
| `detection/N`, N > 1000 | a note: what it is, its tick, and |
| … shown | rows, value, time and stamp of what came since the note before |
| … looked | the same; then all was judged; and what was declared anew |
| … expected | what was expected from then on |
| … weather | what the weather stations said, and which series have which, if that changed |

A whole takes some 200 bytes a series, a look five: what was learned in the hour follows from the
whole and the looks after it, to the bit. A whole is due after seven minutes of each hour, when
nothing else is.
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
"""Another one is not read: what it had learned is learned anew."""
HEAD, DECLARED, EXPECTED, TIMES, WEATHER, PARTS = range(6)
FIRST = 1000
"""Notes have greater numbers."""
DUE_MS = 7 * MINUTE_MS
TENTH_MS = 100
PREFIX = key_of(RecordKind.DETECTION, 0)[:-1]


class EntryKind(IntEnum):
    """What a note is."""

    SHOWN = 0
    LOOKED = 1
    EXPECTED = 2
    WEATHER = 3


@dataclass(frozen=True, slots=True, eq=False)
class LoggedReadings:
    """What came of the series that were heard."""

    rows: Rows
    value: Floats
    time_ms: Times
    sent_ms: Times

    def columns(self) -> list[Column]:
        """Give it as columns of a record."""
        late = self.sent_ms // TENTH_MS - self.time_ms // TENTH_MS
        return [self.rows, self.value, self.time_ms, late]


NOTHING_SHOWN = LoggedReadings(
    np.zeros(0, np.intp), np.zeros(0, np.float32), np.zeros(0, np.int64), np.zeros(0, np.int64)
)


@dataclass(frozen=True, slots=True, eq=False)
class LoggedTick:
    """A look: what was shown at it."""

    tick_ms: int
    shown: LoggedReadings
    declared: DeclaredSeries | None
    """None: what was known at the look before."""


@dataclass(frozen=True, slots=True, eq=False)
class WatchSnapshot:
    """All that is known."""

    parts: Sequence[Sequence[Column]]
    declared: DeclaredSeries
    expected: Sequence[Column]
    time_ms: Times
    weather: StationObservations = NO_STATIONS
    shown: LoggedReadings = NOTHING_SHOWN
    """What came since the newest look."""


class WatchLog:
    """What is in the table, and what is to be written there."""

    def __init__(self, listed: Sequence[int] = (), hour: int | None = None) -> None:
        self._listed = list(listed)
        """Numbers of the notes in the table, or of all that is to go."""
        self._next = max([FIRST, *self._listed]) + 1
        self._hour = hour
        """In which there was a whole; None: one is due."""
        self._now: int | None = hour
        self._fresh: list[Record] = []

    def tick(self, looked: LoggedTick) -> None:
        """Note a look."""
        self._now = (looked.tick_ms - DUE_MS) // HOUR_MS
        known = [] if looked.declared is None else _declared(looked.declared)
        self._note(EntryKind.LOOKED, looked.tick_ms, [*looked.shown.columns(), *known])

    def expect(self, tick_ms: int, columns: Sequence[Column]) -> None:
        """Note what is expected from a tick on."""
        self._note(EntryKind.EXPECTED, tick_ms, columns)

    def weather(self, observed: StationObservations, *, is_moved: bool) -> None:
        """Note what the weather stations said; `is_moved`: series have other stations by now."""
        columns = _said(observed)
        self._note(EntryKind.WEATHER, observed.tick_ms, columns if is_moved else columns[:-1])

    def begin_anew(self) -> None:
        """Take note that a whole is due: rows have moved."""
        self._hour = None

    def changes(self, whole: WatchSnapshot, new: LoggedReadings) -> dict[str, bytes | None]:
        """Give the records that are not as they were last given; None for one that is gone.

        `new` is what came since the newest look or note.
        """
        changed: dict[str, bytes | None] = {}
        if self._hour is None or self._hour != self._now:
            changed = {key_of(RecordKind.DETECTION, number): None for number in self._listed}
            self._listed, self._hour, self._fresh = [], self._now, []
            self._note(EntryKind.SHOWN, 0, whole.shown.columns())
            records = [*_records(whole, self._now), *self._fresh]
        else:
            if len(new.rows):
                self._note(EntryKind.SHOWN, 0, new.columns())
            records = self._fresh
        self._listed += [record.number for record in self._fresh]
        self._fresh = []
        return changed | {record.key: encode(record) for record in records}

    def _note(self, what: EntryKind, tick_ms: int, columns: Sequence[Column]) -> None:
        place = np.array([what, tick_ms])
        self._fresh.append(Record(RecordKind.DETECTION, self._next, [place, *columns]))
        self._next += 1


@dataclass(frozen=True, slots=True, eq=False)
class StoredWatch:
    """What was found in a table."""

    log: WatchLog
    whole: WatchSnapshot | None = None
    since: Sequence[LoggedReadings | LoggedTick | StationObservations | Sequence[Column]] = field(
        default_factory=list
    )
    """What was shown, looked at, and expected since the whole, in the order of the notes."""


def read_watch(records: Mapping[str, bytes]) -> StoredWatch:
    """Read what a table has of a watch; of another layout nothing is taken over."""
    numbers = sorted(int(key.removeprefix(PREFIX)) for key in records if is_of_watch(key))
    if not numbers:
        return StoredWatch(WatchLog())
    head: Any = _columns(records, HEAD) if HEAD in numbers else [[0, 0, 0]]
    layout, hour, count = (int(number) for number in head[0])
    if layout != LAYOUT:
        return StoredWatch(WatchLog(numbers))
    (time_ms,) = _columns(records, TIMES)
    (at_ms, *said) = _columns(records, WEATHER)
    whole = WatchSnapshot(
        [_columns(records, PARTS + number) for number in range(count)],
        _known(_columns(records, DECLARED)),
        _columns(records, EXPECTED),
        np.asarray(time_ms),
        _heard(int(at_ms[0]), said, NO_STATIONS.of),
    )
    notes, since, of = [number for number in numbers if number > FIRST], [], whole.weather.of
    for number in notes:
        told = _told(_columns(records, number), of)
        of = told.of if isinstance(told, StationObservations) else of
        since.append(told)
    return StoredWatch(WatchLog(notes, hour), whole, since)


def is_of_watch(key: str) -> bool:
    """Tell whether a record is one of a watch."""
    return key.startswith(PREFIX)


def _records(whole: WatchSnapshot, hour: int | None) -> list[Record]:
    columns: list[Sequence[Column]] = [
        [np.array([LAYOUT, hour or 0, len(whole.parts)])],
        _declared(whole.declared),
        whole.expected,
        [whole.time_ms],
        [np.array([whole.weather.tick_ms]), *_said(whole.weather)],
        *whole.parts,
    ]
    numbers = (HEAD, *range(DECLARED, PARTS + len(whole.parts)))
    return [
        Record(RecordKind.DETECTION, number, one)
        for number, one in zip(numbers, columns, strict=True)
    ]


def _columns(records: Mapping[str, bytes], number: int) -> list[Any]:
    key = key_of(RecordKind.DETECTION, number)
    if key not in records:
        raise RecordError(key, "missing")
    return list(decode(key, records[key]).columns)


def _told(
    columns: list[Any], of: Rows
) -> LoggedReadings | LoggedTick | StationObservations | list[Any]:
    place, *told = columns
    what, tick_ms = place.tolist()
    if what == EntryKind.EXPECTED:
        return told
    if what == EntryKind.WEATHER:
        return _heard(tick_ms, told, of)
    shown = _shown(told[:4])
    if what == EntryKind.SHOWN:
        return shown
    return LoggedTick(tick_ms, shown, _known(told[4:]) if len(told) > 4 else None)


def _shown(columns: list[Any]) -> LoggedReadings:
    rows, value, time_ms, late = columns
    sent_ms = (late + time_ms // TENTH_MS) * TENTH_MS
    return LoggedReadings(np.asarray(rows, np.intp), value, time_ms, sent_ms)


def _said(observed: StationObservations) -> list[Column]:
    names = list(observed.stations)
    return [names, observed.time_ms, observed.measured, observed.foretold, observed.of]


def _heard(tick_ms: int, columns: list[Any], of: Rows) -> StationObservations:
    stations, time_ms, measured, foretold, *moved = columns
    of = np.asarray(moved[0], np.intp) if moved else of
    return StationObservations(tick_ms, tuple(stations), time_ms, measured, foretold, of)


def _declared(declared: DeclaredSeries) -> list[Column]:
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


def _known(columns: list[Any]) -> DeclaredSeries:
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
