"""Readings in batches: the compiled way to what :mod:`gridcast.schemas.codec` does one by one.

A batch is first taken whole: msgspec reads every message in compiled code, and what it cannot
check (times, identifiers, keys) is checked on columns. It knows only the plainest form of a
reading, which is what nearly all are. A batch that does not pass is halved until the messages that
stopped it stand alone, and those are judged by the contract. So the compiled decoder may say no as
it likes, it costs only time; that its yes is the contract's yes is a property test.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

import msgspec
import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from gridcast.schemas.codec import MESSAGE_BYTES, check_key, name_refusal, parse, weigh
from gridcast.schemas.columns import ReadingColumns
from gridcast.schemas.frames import columns_of, plain_frame, without_bad_entries
from gridcast.schemas.plain import NOT_PLAIN, PlainQuality, PlainRevision, are_ids
from gridcast.schemas.reading import Reading, ReadingFrame
from gridcast.schemas.reasons import Reason, Refusal
from gridcast.schemas.times import milliseconds
from gridcast.schemas.topics import READINGS

Rows = npt.NDArray[np.intp]
WHOLE = -1
"""Stands for a frame's entry where a message is one reading."""


@dataclass(frozen=True, slots=True)
class TimeBounds:
    """Between which event times a reading can be used, milliseconds since 1970, ends included."""

    earliest_ms: int = 0
    latest_ms: int = 2**62


@dataclass(frozen=True, slots=True)
class Decoded:
    """What became of a batch: each message is in `message`, in `refused`, or (a frame) in both."""

    readings: ReadingColumns
    message: Rows
    """For each reading, which message of the batch it came in; rising."""
    refused: list[tuple[int, Refusal]]
    """Message of the batch, and why it (or one entry of it) was not used; rising."""


def decode(
    keys: Sequence[bytes | None],
    values: Sequence[bytes | None],
    bounds: TimeBounds | None = None,
    *,
    limit: int = MESSAGE_BYTES,
) -> Decoded:
    """Decode messages of `meter.readings`; whatever their bytes, nothing is raised."""
    batch = _Batch(keys, values, limit)
    batch.take(0, len(values))
    return batch.result(bounds or TimeBounds())


class _Batch:
    """One batch on its way: the parts decoded so far, in the order of the messages."""

    def __init__(
        self, keys: Sequence[bytes | None], values: Sequence[bytes | None], limit: int
    ) -> None:
        self.keys = keys
        self.values = values
        self.limit = limit
        self.parts: list[ReadingColumns] = []
        self.messages: list[Rows] = []
        self.entries: list[Rows] = []
        self.refused: list[tuple[int, Refusal]] = []

    def take(self, start: int, stop: int) -> None:
        """Decode the messages from start to before stop."""
        if start == stop:
            return
        plain = _plain_readings(self.keys[start:stop], self.values[start:stop], self.limit)
        if plain is not None:
            self.parts.append(plain)
            self.messages.append(np.arange(start, stop))
            self.entries.append(np.full(stop - start, WHOLE))
        elif stop - start == 1:
            self._take_one(start)
        else:
            middle = (start + stop) // 2
            self.take(start, middle)
            self.take(middle, stop)

    def _take_one(self, place: int) -> None:
        key, value = self.keys[place], self.values[place]
        plain = plain_frame(key, value, self.limit)
        part, entries, refusals = (
            _by_contract(key, value, self.limit)
            if plain is None
            else (plain, np.arange(len(plain)), [])
        )
        self.parts.append(part)
        self.messages.append(np.full(len(part), place))
        self.entries.append(entries)
        self.refused += [(place, refusal) for refusal in refusals]

    def result(self, bounds: TimeBounds) -> Decoded:
        """Put the parts together and leave out what is outside the bounds."""
        readings = ReadingColumns.concatenate(self.parts)
        message = np.concatenate([np.empty(0, np.intp), *self.messages])
        times = readings.time_ms
        usable = (times >= bounds.earliest_ms) & (times <= bounds.latest_ms)
        if usable.all():
            return Decoded(readings, message, self.refused)
        entry = np.concatenate(self.entries)
        self.refused += [
            (int(message[row]), _out_of_bounds(int(times[row]), int(entry[row]), bounds))
            for row in np.flatnonzero(~usable)
        ]
        self.refused.sort(key=lambda refused: (refused[0], refused[1].entry or 0))
        kept = np.flatnonzero(usable)
        return Decoded(readings.take(kept), message[kept], self.refused)


class _PlainReading(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The form of a :class:`Reading` that the compiled decoder knows."""

    series: str
    time: str
    value: float
    version: Literal[1] = 1
    unit: Literal["kW"] = "kW"
    quality: PlainQuality = 0
    revision: PlainRevision = 0


_read_plain = msgspec.json.Decoder(_PlainReading).decode


def _plain_readings(
    keys: Sequence[bytes | None], values: Sequence[bytes | None], limit: int
) -> ReadingColumns | None:
    """Decode single readings, all of them or none."""
    try:
        readings = list(map(_read_plain, values))  # type: ignore[arg-type]
        joined_keys = b"\n".join(keys)  # type: ignore[arg-type]
    except NOT_PLAIN:
        return None
    series = [reading.series for reading in readings]
    joined = "\n".join(series)
    # No identifier holds a line feed, so texts joined by it are equal only if each pair is.
    if not are_ids(joined) or joined.encode() != joined_keys:
        return None
    if max(map(len, values)) > limit:  # type: ignore[arg-type]
        return None
    times = milliseconds([reading.time for reading in readings])
    if times is None:
        return None
    return ReadingColumns(
        series,
        times,
        np.array([reading.value for reading in readings]) + 0.0,
        np.array([reading.quality for reading in readings], "u1"),
        np.array([reading.revision for reading in readings], "i4"),
    )


def _by_contract(
    key: bytes | None, value: bytes | None, limit: int
) -> tuple[ReadingColumns, Rows, list[Refusal]]:
    """Read one message as the contract does: its readings, their entries, what was refused."""
    nothing = ReadingColumns.empty(), np.empty(0, np.intp)
    if refused := weigh(value, limit):
        return *nothing, [refused]
    refusals: list[Refusal] = []
    entries: list[int] | None = None
    try:
        message = parse(READINGS, value or b"")
    except ValidationError as error:
        mended = without_bad_entries(value or b"", error)
        if mended is None:
            return *nothing, [name_refusal(error.errors(include_url=False)[0])]
        message, entries, refusals = mended
    if refused := check_key(message, key):
        return *nothing, [refused]
    if isinstance(message, ReadingFrame):
        columns = columns_of(message)
        return columns, np.arange(len(columns)) if entries is None else np.array(entries), refusals
    return _one_row(cast("Reading", message)), np.array([WHOLE]), []


def _one_row(reading: Reading) -> ReadingColumns:
    return ReadingColumns(
        [reading.series],
        np.array([round(reading.time.timestamp() * 1000)]),
        np.array([reading.value]),
        np.array([reading.quality], "u1"),
        np.array([reading.revision], "i4"),
    )


def _out_of_bounds(time_ms: int, entry: int, bounds: TimeBounds) -> Refusal:
    time = np.datetime64(time_ms, "ms")
    where = None if entry == WHOLE else entry
    if time_ms > bounds.latest_ms:
        limit = np.datetime64(bounds.latest_ms, "ms")
        return Refusal(Reason.FAR_FUTURE, f"time: {time}Z is after {limit}Z", where)
    limit = np.datetime64(bounds.earliest_ms, "ms")
    return Refusal(Reason.TOO_OLD, f"time: {time}Z is before {limit}Z", where)
