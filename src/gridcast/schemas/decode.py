"""Decode batches of readings in compiled code.

:mod:`gridcast.schemas.codec` defines the contract and decodes one message at a time. Here msgspec
decodes a whole batch, and what it cannot check (times, identifiers, keys) is checked on columns.
It accepts only the plainest form of a reading, which nearly all have. A message that doesn't pass
is decoded by the contract, so a false rejection costs only time. A property test shows that
everything accepted here is accepted by the contract with the same result.
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
"""The frame entry of a reading whose message is a single reading."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded batch. Each message is in `message`, in `refused`, or (a frame) in both."""

    readings: ReadingColumns
    message: Rows
    """For each reading, the index of its message in the batch, rising."""
    entry: Rows
    """For each reading, its entry in the frame; WHOLE if its message is a single reading."""
    refused: list[tuple[int, Refusal]]
    """Index of the message in the batch, and why it or one entry of it was refused, rising."""


def decode(
    keys: Sequence[bytes | None],
    values: Sequence[bytes | None],
    *,
    limit: int = MESSAGE_BYTES,
) -> Decoded:
    """Decode messages of `meter.readings`. Never raises, whatever their bytes."""
    batch = _Batch(keys, values, limit)
    batch.take_all()
    return batch.result()


class _Batch:
    """A batch that is being decoded: the parts so far, in message order."""

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
        """Decode every message, in runs that msgspec can decode."""
        values = iter(self.values)
        place = 0
        while place < len(self.values):
            run: list[_PlainReading] = []
            # Messages decoded before an error stay in the run. The iterator is past the bad one.
            with suppress(*NOT_PLAIN):
                run.extend(map(_read_plain, values))  # type: ignore[arg-type]
            self._take_run(place, run)
            place += len(run)
            if place < len(self.values):
                self._take_one(place)
                place += 1

    def _take_run(self, start: int, run: list["_PlainReading"]) -> None:
        """Check readings as columns. Bisect a run that fails until the bad readings are alone."""
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
        """Return the concatenated parts."""
        return Decoded(
            ReadingColumns.concatenate(self.parts),
            np.concatenate([np.empty(0, np.intp), *self.messages]),
            np.concatenate([np.empty(0, np.intp), *self.entries]),
            self.refused,
        )


class _PlainReading(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The form of a :class:`Reading` that the compiled decoder accepts."""

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
    """Return readings as columns if everything that msgspec cannot check is valid, else None."""
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
    """Decode one message by the contract. Return its readings, their entries and the refusals."""
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
