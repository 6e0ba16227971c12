"""Readings in batches: the compiled way to what :mod:`gridcast.schemas.codec` does one by one.

A batch is first taken whole: msgspec reads every message in compiled code, and what it cannot
check (times, identifiers, keys) is checked on columns. It knows only the plainest form of a
reading, which is what nearly all are. A message that does not pass is judged by the contract. So
the compiled decoder may say no as it likes, it costs only time; that its yes is the contract's yes
is a property test.
"""

from collections.abc import Sequence
from contextlib import suppress
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
from gridcast.schemas.reasons import Refusal
from gridcast.schemas.times import milliseconds
from gridcast.schemas.topics import READINGS

Rows = npt.NDArray[np.intp]
WHOLE = -1
"""Stands for a frame's entry where a message is one reading."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What became of a batch: each message is in `message`, in `refused`, or (a frame) in both."""

    readings: ReadingColumns
    message: Rows
    """For each reading, which message of the batch it came in; rising."""
    entry: Rows
    """For each reading, which entry of a frame it was; WHOLE where a message is one reading."""
    refused: list[tuple[int, Refusal]]
    """Message of the batch, and why it (or one entry of it) was not used; rising."""


def decode(
    keys: Sequence[bytes | None],
    values: Sequence[bytes | None],
    *,
    limit: int = MESSAGE_BYTES,
) -> Decoded:
    """Decode messages of `meter.readings`; whatever their bytes, nothing is raised."""
    batch = _Batch(keys, values, limit)
    batch.take_all()
    return batch.result()


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

    def take_all(self) -> None:
        """Decode every message, in runs of readings that msgspec could read."""
        values = iter(self.values)
        place = 0
        while place < len(self.values):
            run: list[_PlainReading] = []
            # What was read before an error stays in the run; the iterator is then past the culprit.
            with suppress(*NOT_PLAIN):
                run.extend(map(_read_plain, values))  # type: ignore[arg-type]
            self._take_run(place, run)
            place += len(run)
            if place < len(self.values):
                self._take_one(place)
                place += 1

    def _take_run(self, start: int, run: list["_PlainReading"]) -> None:
        """Check readings as columns; halve what does not pass until the culprits stand alone."""
        stop = start + len(run)
        if not run:
            return
        columns = _checked(self.keys[start:stop], self.values[start:stop], run, self.limit)
        if columns is not None:
            self.parts.append(columns)
            self.messages.append(np.arange(start, stop))
            self.entries.append(np.full(stop - start, WHOLE))
        elif len(run) == 1:
            self._take_one(start)
        else:
            middle = len(run) // 2
            self._take_run(start, run[:middle])
            self._take_run(start + middle, run[middle:])

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

    def result(self) -> Decoded:
        """Put the parts together."""
        return Decoded(
            ReadingColumns.concatenate(self.parts),
            np.concatenate([np.empty(0, np.intp), *self.messages]),
            np.concatenate([np.empty(0, np.intp), *self.entries]),
            self.refused,
        )


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


def _checked(
    keys: Sequence[bytes | None],
    values: Sequence[bytes | None],
    readings: list[_PlainReading],
    limit: int,
) -> ReadingColumns | None:
    """Lay readings out as columns if all that msgspec cannot check is right with all of them."""
    series = [reading.series for reading in readings]
    joined = "\n".join(series)
    try:
        joined_keys = b"\n".join(keys)  # type: ignore[arg-type]
    except TypeError:
        return None
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
