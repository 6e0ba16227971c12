"""How a watch is kept: whole every hour, and in between by what the detectors were shown.

| record | columns |
|---|---|
| `detection/0` | layout; the parts, expectation and times of a whole have so many records |
| `detection/1` | what came since the newest look: rows, value, time, stamp |
| `detection/2` … | the whole: what is declared, expected, the newest times, each detector's part |
| `detection/N`, N even | the look of minute N / 2: tick, what came, and what was declared anew |
| `detection/N`, N odd | what was expected from minute N / 2 on |

A whole takes some 155 bytes a series, a look six: what was learned in the hour follows from the
whole and the looks after it, to the bit. A whole is due after seven minutes of each hour, when
nothing else is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gridcast.models.detection.look import Known, Times
from gridcast.models.detection.memory import Floats, Rows
from gridcast.models.records import Column, Kind, Record, RecordError, decode, encode, key_of

LAYOUT = 1
"""Another one is not read: what it had learned is learned anew."""
HEAD, SINCE, DECLARED, EXPECTED, TIMES, PARTS = range(6)
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DUE_MS = 7 * MINUTE_MS
TENTH_MS = 100
PREFIX = key_of(Kind.DETECTION, 0)[:-1]


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What came of the series that were heard."""

    rows: Rows
    value: Floats
    time_ms: Times
    sent_ms: Times

    def columns(self) -> list[Column]:
        """Give it as columns of a record."""
        late = self.sent_ms // TENTH_MS - self.time_ms // TENTH_MS
        return [self.rows, self.value, self.time_ms, late]


NOTHING_SHOWN = Shown(
    np.zeros(0, np.intp), np.zeros(0, np.float32), np.zeros(0, np.int64), np.zeros(0, np.int64)
)


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """A look: what was shown at it."""

    tick_ms: int
    shown: Shown
    known: Known | None
    """None: what was known at the look before."""


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """All that is known."""

    parts: Sequence[Sequence[Column]]
    known: Known
    expected: Sequence[Column]
    time_ms: Times


class Diary:
    """What is in the table, and what is to be written there."""

    def __init__(self, listed: Sequence[int] = (), hour: int | None = None) -> None:
        self._listed = list(listed)
        """Numbers of the looks and expectations in the table, or of all that is to go."""
        self._hour = hour
        """In which there was a whole; None: one is due."""
        self._now: int | None = hour
        self._fresh: dict[int, Record] = {}

    def look(self, looked: Looked) -> None:
        """Note a look."""
        self._now = (looked.tick_ms - DUE_MS) // HOUR_MS
        known = [] if looked.known is None else _declared(looked.known)
        self._note(2 * (looked.tick_ms // MINUTE_MS), [*looked.shown.columns(), *known])

    def expect(self, tick_ms: int, columns: Sequence[Column]) -> None:
        """Note what is expected from a tick on."""
        self._note(2 * (tick_ms // MINUTE_MS) + 1, columns)

    def begin_anew(self) -> None:
        """Take note that a whole is due: rows have moved."""
        self._hour = None

    def changes(self, whole: Whole, since: Shown) -> dict[str, bytes | None]:
        """Give the records that are not as they were last given; None for one that is gone."""
        changed: dict[str, bytes | None] = {}
        records = [Record(Kind.DETECTION, SINCE, since.columns()), *self._fresh.values()]
        if self._hour is None or self._hour != self._now:
            changed = {key_of(Kind.DETECTION, number): None for number in self._listed}
            self._listed, self._hour = [], self._now
            records = [*records[:1], *_records(whole, self._now)]
        else:
            self._listed += self._fresh
        self._fresh = {}
        return changed | {record.key: encode(record) for record in records}

    def _note(self, number: int, columns: Sequence[Column]) -> None:
        self._fresh[number] = Record(Kind.DETECTION, number, columns)


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """What was found in a table."""

    diary: Diary
    whole: Whole | None = None
    since: Sequence[Looked | Sequence[Column]] = field(default_factory=list)
    """Looks and expectations since the whole, in their order."""
    shown: Shown = NOTHING_SHOWN
    """What came since the last look."""


def read(records: Mapping[str, bytes]) -> Read:
    """Read what a table has of a watch; of another layout nothing is taken over."""
    numbers = sorted(int(key.removeprefix(PREFIX)) for key in records if is_of_watch(key))
    if not numbers:
        return Read(Diary())
    head: Any = _columns(records, HEAD) if HEAD in numbers else [[0, 0, 0]]
    layout, hour, count = (int(number) for number in head[0])
    if layout != LAYOUT:
        return Read(Diary(numbers))
    (time_ms,) = _columns(records, TIMES)
    whole = Whole(
        [_columns(records, PARTS + number) for number in range(count)],
        _known(_columns(records, DECLARED)),
        _columns(records, EXPECTED),
        np.asarray(time_ms),
    )
    later = [number for number in numbers if number >= PARTS + count]
    since = [_told(number, _columns(records, number)) for number in later]
    return Read(Diary(later, hour), whole, since, _shown(_columns(records, SINCE)))


def is_of_watch(key: str) -> bool:
    """Tell whether a record is one of a watch."""
    return key.startswith(PREFIX)


def _records(whole: Whole, hour: int | None) -> list[Record]:
    columns: list[Sequence[Column]] = [
        [np.array([LAYOUT, hour or 0, len(whole.parts)])],
        _declared(whole.known),
        whole.expected,
        [whole.time_ms],
        *whole.parts,
    ]
    numbers = (HEAD, *range(DECLARED, PARTS + len(whole.parts)))
    return [
        Record(Kind.DETECTION, number, one) for number, one in zip(numbers, columns, strict=True)
    ]


def _columns(records: Mapping[str, bytes], number: int) -> list[Any]:
    key = key_of(Kind.DETECTION, number)
    if key not in records:
        raise RecordError(key, "missing")
    return list(decode(key, records[key]).columns)


def _told(number: int, columns: list[Any]) -> Looked | list[Any]:
    if number % 2:
        return columns
    known = _known(columns[4:]) if len(columns) > 4 else None
    return Looked(number // 2 * MINUTE_MS, _shown(columns[:4]), known)


def _shown(columns: list[Any]) -> Shown:
    rows, value, time_ms, late = columns
    sent_ms = (late + time_ms // TENTH_MS) * TENTH_MS
    return Shown(np.asarray(rows, np.intp), value, time_ms, sent_ms)


def _declared(known: Known) -> list[Column]:
    return [
        known.capacity,
        np.isinf(known.least),
        known.group,
        known.parent,
        list(known.parents),
        np.array([len(above) for above in known.above], np.int64),
        [name for above in known.above for name in above],
        known.calendar,
        [zone for zone, _ in known.calendars],
        [holidays for _, holidays in known.calendars],
    ]


def _known(columns: list[Any]) -> Known:
    capacity, can_be_negative, group, parent, parents, counts, names, *rest = columns
    calendar, zones, holidays = rest
    least = np.where(can_be_negative, -np.inf, 0).astype(np.float32)
    ends = np.cumsum(counts).tolist()
    above = [
        tuple(names[end - count : end]) for end, count in zip(ends, counts.tolist(), strict=True)
    ]
    return Known(
        capacity,
        least,
        np.asarray(group, np.intp),
        np.asarray(parent, np.intp),
        parents,
        above,
        np.asarray(calendar, np.intp),
        list(zip(zones, holidays, strict=True)),
    )
