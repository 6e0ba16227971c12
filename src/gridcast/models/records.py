"""Compact, checksummed records of arrays: how state is kept in a table.

A record is columns of equal or different length: whole numbers, 32-bit floats or texts. Whole
numbers are stored as what they are above the least, in as few bytes as the greatest needs (none
when all are equal), or so for the differences of neighbours if that is no longer; deflated where
that helps, as it does where most are equal. Layout, little endian: `GCR`, version, kind, number (8
bytes), how many columns; then each column; CRC-32 of all.
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, cast

import numpy as np
import numpy.typing as npt

VERSION = 2

_HEADER = struct.Struct("<3sBBqB")
_MAGIC = b"GCR"
_COLUMN = struct.Struct("<BIq")  # how it is stored, how long it is, the least (or the first)
_FLOATS, _TEXTS, _DIFFERENCES, _DEFLATED = 0x20, 0x21, 0x10, 0x40
_WIDTHS = (0, 1, 2, 4, 8)
_LENGTH = struct.Struct("<I")
_LITTLE = 64  # bytes that are not worth deflating

Column = npt.NDArray[Any] | list[str]


class RecordError(ValueError):
    """A record is unusable."""

    def __init__(self, record: str, why: str) -> None:
        super().__init__(f"record {record}: {why}")
        self.record = record
        self.why = why


class RecordKind(IntEnum):
    """The kind of a record. The columns of each are in `gridcast.models.windows.snapshot`.

    Names are keys on the state topic: renaming one would lose the records of every deployment.
    """

    HEAD = 0
    SERIES = 1
    BORDER = 2
    SLOT = 3
    MINUTE = 4
    CLOCK = 5
    TOLD = 6
    READINGS = 7
    FEED = 8
    ALARMS = 9
    DETECTION = 10
    CALIBRATION = 11
    NOTED = 12
    CHECKS = 13
    RUNNING = 14


_NUMBERED = (
    RecordKind.SERIES,
    RecordKind.SLOT,
    RecordKind.MINUTE,
    RecordKind.READINGS,
    RecordKind.DETECTION,
    RecordKind.CALIBRATION,
    RecordKind.NOTED,
)


@dataclass(frozen=True, slots=True)
class Record:
    """Named columns."""

    kind: RecordKind
    number: int
    """Number of the slot, minute or page; 0 for kinds with a single record."""
    columns: Sequence[Column]

    @property
    def key(self) -> str:
        """Name of the record in the table."""
        return key_of(self.kind, self.number)


def key_of(kind: RecordKind, number: int = 0) -> str:
    """Return a record's key in the table: `head`, `slot/1984321`."""
    name = kind.name.lower()
    return f"{name}/{number}" if kind in _NUMBERED else name


def encode(record: Record) -> bytes:
    """Serialise a record."""
    header = _HEADER.pack(_MAGIC, VERSION, record.kind, record.number, len(record.columns))
    body = b"".join([header, *(_encode_column(column) for column in record.columns)])
    return body + zlib.crc32(body).to_bytes(4, "little")


def decode(key: str, data: bytes) -> Record:
    """Parse the record stored under a key.

    Raises
    ------
    RecordError
        The bytes are torn, of another version, or of another record.
    """
    if len(data) < _HEADER.size + 4 or data[:3] != _MAGIC:
        raise RecordError(key, f"{len(data)} bytes that are no record")
    if data[3] != VERSION:
        raise RecordError(key, f"version {data[3]}; this gridcast reads version {VERSION}")
    body = data[:-4]
    if zlib.crc32(body) != int.from_bytes(data[-4:], "little"):
        raise RecordError(key, f"torn: the checksum of its {len(data)} bytes does not match")
    _, _, kind, number, count = _HEADER.unpack_from(body)
    columns, at = [], _HEADER.size
    try:
        for _ in range(count):
            column, at = _decode_column(body, at)
            columns.append(column)
        record = Record(RecordKind(kind), number, columns)
    except (ValueError, struct.error, zlib.error) as problem:
        raise RecordError(key, f"malformed: {problem}") from problem
    if record.key != key:
        raise RecordError(key, f"holds {record.key}")
    return record


def _encode_column(column: Column) -> bytes:
    if isinstance(column, list):
        texts = [text.encode() for text in column]
        lengths = _encode_column(np.array([len(text) for text in texts], np.int64))
        return _COLUMN.pack(_TEXTS, len(column), 0) + lengths + b"".join(texts)
    if column.dtype.kind == "f":
        return _COLUMN.pack(_FLOATS, len(column), 0) + column.astype("<f4", copy=False).tobytes()
    numbers = column.astype(np.int64, copy=False)
    width, least = _fit(numbers)
    if width and len(numbers) > 1:
        steps = np.diff(numbers)
        steps_width, least_step = _fit(steps)
        if steps_width <= width:
            first = _COLUMN.pack(_DIFFERENCES, len(numbers), int(numbers[0]))
            return first + _encode_numbers(steps, steps_width, least_step)
    return _encode_numbers(numbers, width, least)


def _fit(numbers: npt.NDArray[np.int64]) -> tuple[int, int]:
    """Return the number of bytes per value, and the minimum."""
    if not len(numbers):
        return 0, 0
    least = int(numbers.min())
    spread = int(numbers.max()) - least
    return next(width for width in _WIDTHS if spread < 1 << 8 * width), least


def _encode_numbers(numbers: npt.NDArray[np.int64], width: int, least: int) -> bytes:
    stored = (numbers - least).astype(f"<u{width}").tobytes() if width else b""
    if len(stored) > _LITTLE:
        deflated = zlib.compress(stored, 1)
        if len(deflated) + _LENGTH.size < len(stored):
            head = _COLUMN.pack(width | _DEFLATED, len(numbers), least)
            return head + _LENGTH.pack(len(deflated)) + deflated
    return _COLUMN.pack(width, len(numbers), least) + stored


def _decode_column(body: bytes, at: int) -> tuple[Column, int]:
    how, length, least = _COLUMN.unpack_from(body, at)
    at += _COLUMN.size
    if how == _FLOATS:
        return np.frombuffer(body, "<f4", length, at).astype(np.float32), at + 4 * length
    if how == _DIFFERENCES:
        steps, at = _decode_column(body, at)
        numbers = np.empty(length, np.int64)
        numbers[0] = 0
        np.cumsum(cast("npt.NDArray[np.int64]", steps), out=numbers[1:])
        return numbers + least, at
    if how == _TEXTS:
        lengths, at = _decode_column(body, at)
        return _decode_texts(body, at, cast("npt.NDArray[np.int64]", lengths))
    width = how & ~_DEFLATED
    if width not in _WIDTHS:
        raise ValueError(f"a column stored in an unknown way ({how})")
    if width == 0:
        return np.full(length, least), at
    if how & _DEFLATED:
        (size,) = _LENGTH.unpack_from(body, at)
        at += _LENGTH.size
        inflated = zlib.decompress(body[at : at + size], bufsize=width * length)
        return _numbers(inflated, 0, width, length, least), at + size
    return _numbers(body, at, width, length, least), at + width * length


def _numbers(body: bytes, at: int, width: int, length: int, least: int) -> npt.NDArray[np.int64]:
    numbers = np.frombuffer(body, f"<u{width}", length, at).astype(np.int64)
    numbers += least
    return numbers


def _decode_texts(body: bytes, at: int, lengths: npt.NDArray[np.int64]) -> tuple[list[str], int]:
    ends = (np.cumsum(lengths) + at).tolist()
    starts = [at, *ends[:-1]]
    texts = [body[start:end].decode() for start, end in zip(starts, ends, strict=False)]
    return texts, ends[-1] if ends else at
