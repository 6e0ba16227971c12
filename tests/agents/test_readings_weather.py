"""A worker watches the weather beside its readings; one that takes over tells the same."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from support.detection import Skies
from support.fake_worker import NOON_MS, SETTINGS, Kafka, MemoryTable

from gridcast.agents.batch import Batch
from gridcast.agents.metrics import Metrics
from gridcast.agents.partition_processor import PartitionProcessor
from gridcast.models.grid import Grid
from gridcast.models.partition import Partition, Tick
from gridcast.models.serving import TickContext
from gridcast.schemas import Alarm, AlarmChange, AlarmKind, GridSeries, Reading
from gridcast.schemas.topics import ALARMS
from gridcast.units import HOUR_MS, MINUTE_MS

BEGIN_MS = NOON_MS
SILENT_MS = BEGIN_MS + 8 * HOUR_MS
END_MS = SILENT_MS + 3 * HOUR_MS
STATION = "weather.observations/st-1"


def declared() -> Grid:
    grid = Grid()
    grid.declare(GridSeries(series="m-1", station="st-1"))
    return grid


def skies() -> Skies:
    """Give all of the weather: st-1 falls silent for an hour."""
    skies = Skies("st-1")
    for at_ms in range(BEGIN_MS - 12 * HOUR_MS, END_MS, MINUTE_MS):
        is_silent = SILENT_MS <= at_ms < SILENT_MS + HOUR_MS
        skies.minute(at_ms, silent=["st-1"] if is_silent else [])
    return skies


def sent(offset: int, at_ms: Sequence[int]) -> Batch:
    values = [
        Reading.model_validate(
            {"series": "m-1", "time": ms / 1000, "value": round(2 + 0.1 * np.sin(ms), 3)}
        ).to_bytes()
        for ms in at_ms
    ]
    end = offset + len(values)
    stamps = np.array(at_ms) + 900
    keys = [b"m-1"] * len(values)
    return Batch("meter.readings", 0, offset, end, range(offset, end), keys, values, stamps)


async def alarms(*, dies_at: int | None = None) -> list[Alarm]:
    """Give what a worker tells that dies after so many batches, and those that take over."""
    kafka = Kafka()
    grid, weather = declared(), skies().weather

    async def context(_: Partition, tick: Tick) -> TickContext:
        return TickContext(grid, weather=weather.at(tick.time_ms))

    settings = replace(SETTINGS, context=context)

    async def take_over() -> PartitionProcessor:
        held = PartitionProcessor(0, MemoryTable(kafka, 0), settings, Metrics("1", "r"))
        await held.take_over()
        return held

    held = await take_over()
    minutes = list(range(BEGIN_MS, END_MS, MINUTE_MS))
    for place, begin in enumerate(range(0, len(minutes), 20)):
        if place == dies_at:
            held = await take_over()
        await held.take(sent(begin, minutes[begin : begin + 20]))
        await held.save()
    return [Alarm.from_bytes(output.value) for output in kafka.sent if output.topic is ALARMS]


async def test_a_station_that_falls_silent_is_an_alarm_until_it_is_heard_again() -> None:
    told = [(one.kind, one.series, one.change) for one in await alarms()]
    assert told == [
        (AlarmKind.GAP, STATION, AlarmChange.RAISED),
        (AlarmKind.GAP, STATION, AlarmChange.CLEARED),
    ]


async def test_a_worker_that_takes_over_in_the_middle_tells_the_same() -> None:
    lived = await alarms()
    for dies_at in (3, 24, 26, 29):
        assert await alarms(dies_at=dies_at) == lived, dies_at
