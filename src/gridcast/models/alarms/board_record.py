"""What a board of alarms knows, as a record and back."""

from collections.abc import Iterable
from typing import Any, cast

import numpy as np

from gridcast.models.alarms.flood import Rate
from gridcast.models.alarms.life import Life
from gridcast.models.alarms.priorities import Priorities
from gridcast.models.records import Column, Record, RecordKind
from gridcast.schemas import Alarm, AlarmKind

TIMES = ("since_ms", "calm_ms", "raised_ms", "said_ms")


def write(lives: Iterable[Life], rate: Rate, priorities: Priorities) -> Record:
    """Give the record."""
    known = list(lives)
    columns: list[Column] = [
        [life.key[0].value for life in known],
        [life.key[1] for life in known],
        *(np.array([getattr(life, name) for life in known], np.int64) for name in TIMES),
        ["" if life.stands is None else life.stands.to_bytes().decode() for life in known],
        *rate.columns(),
        *priorities.columns(),
    ]
    return Record(RecordKind.ALARMS, 0, columns)


def read(record: Record, span_ms: int) -> tuple[list[Life], Rate, Priorities]:
    """Read the record."""
    columns = cast("list[Any]", record.columns)
    kinds, series, *times, stands, minutes, counts, levels, count = columns
    rows = zip(kinds, series, *(column.tolist() for column in times), stands, strict=True)
    lives = []
    for kind, name, since_ms, calm_ms, raised_ms, said_ms, told in rows:
        alarm = Alarm.from_bytes(told.encode()) if told else None
        key = (AlarmKind(kind), name)
        lives.append(Life(key, since_ms, calm_ms, raised_ms, said_ms, alarm))
    return (
        lives,
        Rate.from_columns(span_ms, minutes, counts),
        Priorities.from_columns(levels, count),
    )
