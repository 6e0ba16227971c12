"""The state of an alarm board as a record."""

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
    """Return the record."""
    listed = list(lives)
    columns: list[Column] = [
        [life.key[0].value for life in listed],
        [life.key[1] for life in listed],
        *(np.array([getattr(life, name) for life in listed], np.int64) for name in TIMES),
        ["" if life.stands is None else life.stands.to_bytes().decode() for life in listed],
        *rate.columns(),
        *priorities.columns(),
    ]
    return Record(RecordKind.ALARMS, 0, columns)


def read(record: Record, span_ms: int) -> tuple[list[Life], Rate, Priorities]:
    """Load the record."""
    columns = cast("list[Any]", record.columns)
    kinds, series, *times, messages, minutes, counts, levels, count = columns
    rows = zip(kinds, series, *(column.tolist() for column in times), messages, strict=True)
    lives = []
    for kind, name, since_ms, calm_ms, raised_ms, said_ms, message in rows:
        alarm = Alarm.from_bytes(message.encode()) if message else None
        key = (AlarmKind(kind), name)
        lives.append(Life(key, since_ms, calm_ms, raised_ms, said_ms, alarm))
    return (
        lives,
        Rate.from_columns(span_ms, minutes, counts),
        Priorities.from_columns(levels, count),
    )
