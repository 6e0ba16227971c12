"""Records of the readings that arrived between two checkpoints, of any minutes."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gridcast.models.records import Record, RecordKind
from gridcast.models.windows.minute import OFFSET_BITS, Minute, Rows, merge


def readings_record(number: int, listed: Rows, minutes: Mapping[int, Minute]) -> Record:
    """Return a record of readings by minute; `listed`: the number of each row's series.

    A reading's position is its series' number plus an offset per minute. Positions then nearly
    always ascend by one, and compress to almost nothing.
    """
    parts = list(minutes.values())
    many = int(listed[-1]) + 1
    place = [listed[part.row] + i * many for i, part in enumerate(parts)]
    every = Minute.empty().joined(parts)
    return Record(
        RecordKind.READINGS,
        number,
        [
            np.array(list(minutes)),
            np.array([many]),
            np.concatenate(place),
            every.offset_ms,
            every.value,
            every.revision,
            every.quality,
        ],
    )


def readings_of(columns: list[Any], row_of: Rows, fine: int) -> Iterator[tuple[int, Minute]]:
    """Return a record's readings by minute, without minutes before the fine part.

    `row_of` is the row of each number; no series with readings in the fine part was dropped.
    """
    minutes, (many,), place, offset, value, revision, quality = columns
    cuts = np.searchsorted(place, np.arange(len(minutes) + 1) * many).tolist()
    row = row_of[place % many]
    readings = Minute(
        (row << OFFSET_BITS) | offset, value, revision.astype("i4"), quality.astype("u1")
    )
    for number, start, stop in zip(minutes.tolist(), cuts, cuts[1:], strict=False):
        if number >= fine:
            yield number, readings.take(slice(start, stop))


def whole(parts: list[Minute]) -> Minute:
    """Merge the parts of a minute."""
    if len(parts) == 1:
        return parts[0]
    others = parts[1].joined(parts[2:])
    return merge(parts[0], others.take(np.argsort(others.key, kind="stable"))).minute
