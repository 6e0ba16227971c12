"""Decode frames of readings. A bad entry costs only that entry, not the frame."""

import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gridcast.schemas.codec import name_refusal
from gridcast.schemas.columns import ReadingColumns
from gridcast.schemas.plain import NOT_PLAIN, PlainQuality, PlainRevision, are_ids
from gridcast.schemas.reading import ReadingFrame
from gridcast.schemas.reasons import Refusal
from gridcast.schemas.times import millisecond

LISTS = ("series", "value", "quality", "revision", "offset_ms")


class _PlainFrame(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The form of a :class:`ReadingFrame` that the compiled decoder accepts."""

    frame: str
    time: str
    series: list[str]
    value: list[float]
    version: Literal[1] = 1
    unit: Literal["kW"] = "kW"
    quality: list[PlainQuality] = []
    revision: list[PlainRevision] = []
    offset_ms: list[Annotated[int, msgspec.Meta(ge=-86_400_000, le=86_400_000)]] = []


_read_plain = msgspec.json.Decoder(_PlainFrame).decode


def plain_frame(key: bytes | None, value: bytes | None, limit: int) -> ReadingColumns | None:
    """Decode one frame in compiled code. Return None if the contract has to decide."""
    try:
        frame = _read_plain(value)  # type: ignore[arg-type]
    except NOT_PLAIN:
        return None
    length = len(frame.series)
    optional = {len(frame.quality), len(frame.revision), len(frame.offset_ms)}
    start = millisecond(frame.time)
    if (
        len(value or b"") > limit
        or frame.frame.encode() != key
        or start is None
        or not length
        or not are_ids("\n".join([frame.frame, *frame.series]))
        or len(frame.value) != length
        or not optional <= {0, length}
    ):
        return None
    return ReadingColumns(
        frame.series,
        start + _numbers(frame.offset_ms, length, "i8"),
        np.array(frame.value) + 0.0,
        _numbers(frame.quality, length, "u1"),
        _numbers(frame.revision, length, "i4"),
    )


def _numbers(given: Sequence[int], length: int, kind: str) -> npt.NDArray[Any]:
    return np.array(given, kind) if given else np.zeros(length, kind)


def columns_of(frame: ReadingFrame) -> ReadingColumns:
    """Return a frame's readings as columns."""
    length = len(frame.series)
    start = round(frame.time.timestamp() * 1000)
    return ReadingColumns(
        frame.series,
        start + _numbers(frame.offset_ms, length, "i8"),
        np.array(frame.value, "f8"),
        _numbers(frame.quality, length, "u1"),
        _numbers(frame.revision, length, "i4"),
    )


def without_bad_entries(
    value: bytes, error: ValidationError
) -> tuple[ReadingFrame, list[int], list[Refusal]] | None:
    """Return a frame without its bad entries.

    The result is the frame of the good entries, their indices in the original, and a refusal for
    each bad entry. None if more than entries is wrong: then the whole frame is refused.
    """
    faults: dict[int, ErrorDetails] = {}
    for details in error.errors(include_url=False, include_input=False):
        place = details["loc"]
        if len(place) != 2 or place[0] not in LISTS or not isinstance(place[1], int):
            return None
        faults.setdefault(place[1], details)
    content: dict[str, Any] = json.loads(value)
    length = len(content["series"])
    kept = [entry for entry in range(length) if entry not in faults]
    for name in LISTS:
        if len(content.get(name, ())) == length:
            content[name] = [content[name][entry] for entry in kept]
    try:
        frame = ReadingFrame.from_bytes(json.dumps(content).encode())
    except ValidationError:
        return None
    return frame, kept, [name_refusal(faults[entry], entry) for entry in sorted(faults)]
