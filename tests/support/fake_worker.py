"""A worker's hands over a list and a table in memory instead of a Kafka."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

import numpy as np

from gridcast.agents.batch import Batch
from gridcast.agents.metrics import Metrics
from gridcast.agents.partition_processor import PartitionProcessor, ProcessorSettings
from gridcast.agents.readings import AssignedPartitions, readings
from gridcast.agents.state_table import Output, TableLostError
from gridcast.models.feed_guard import FeedLimit
from gridcast.models.partition import Partition, Tick
from gridcast.models.tick import TickOutput
from gridcast.models.windows import WindowSpec
from gridcast.schemas import DeadLetter, Reading, TimeBounds
from gridcast.schemas.topics import DEAD_LETTERS, FORECASTS
from gridcast.units import DAY_MS, HOUR_MS, MINUTE_MS

NOON_MS = 1767268800_000


def look(partition: Partition, tick: Tick, _: TickOutput) -> list[Output]:
    """Give out all that the partition knows, so that a difference anywhere shows."""
    mean, mark = partition.windows.cut(partition.windows.spec.slots)
    opened = partition.windows.open_slot()
    said = [str(tick), str(partition.next_offset), *partition.windows.roster.names]
    arrays = b"".join(a.tobytes() for a in (mean, mark, opened.mean, opened.mark))
    return [Output(FORECASTS, str(tick.time_ms).encode(), "|".join(said).encode() + arrays)]


SETTINGS = ProcessorSettings(
    spec=WindowSpec(step_minutes=5, days=1, fine_minutes=20, hold_minutes=7),
    lateness_ms=MINUTE_MS,
    bounds=TimeBounds(ahead_ms=300_000, behind_ms=DAY_MS),
    message_bytes=1000,
    feed_limit=FeedLimit(share=0.9, per_minute=1000),
    is_watched=True,
    encode=look,
)


class Kafka:
    """The tables of all partitions, and what was sent; survives its workers."""

    def __init__(self) -> None:
        self.records: dict[int, dict[str, bytes]] = {}
        self.sent: list[Output] = []
        self.acknowledged: dict[int, int] = {}
        self.owner: dict[int, object] = {}
        self.opened = 0

    @property
    def letters(self) -> list[DeadLetter]:
        return [
            DeadLetter.from_bytes(output.value)
            for output in self.sent
            if output.topic is DEAD_LETTERS
        ]

    @property
    def ticks(self) -> list[Output]:
        return [output for output in self.sent if output.topic is FORECASTS]


class MemoryTable:
    """A table that can be taken over, as one in Kafka can."""

    def __init__(self, kafka: Kafka, number: int) -> None:
        self.kafka = kafka
        self.number = number
        self.is_closed = False

    async def open(self) -> Mapping[str, bytes]:
        self.kafka.owner[self.number] = self
        self.kafka.opened += 1
        await asyncio.sleep(0)
        return dict(self.kafka.records.setdefault(self.number, {}))

    async def checkpoint(
        self, outputs: Sequence[Output], changes: Mapping[str, bytes | None], next_offset: int
    ) -> None:
        await asyncio.sleep(0)
        if self.kafka.owner[self.number] is not self:
            raise TableLostError("another has it")
        self.kafka.sent += outputs
        records = self.kafka.records[self.number]
        for key, value in changes.items():
            if value is None:
                records.pop(key, None)
            else:
                records[key] = value
        self.kafka.acknowledged[self.number] = next_offset

    async def close(self) -> None:
        self.is_closed = True


class Worker:
    """A worker's hands, and what it asked the transport."""

    def __init__(
        self, kafka: Kafka, first: int = 0, settings: ProcessorSettings = SETTINGS
    ) -> None:
        self.kafka = kafka
        self.first = first
        self.settings = settings
        self.rewound: list[tuple[int, int]] = []
        self.rejoined = 0
        self.metrics = Metrics(version="1", run="r")
        self.hands = AssignedPartitions(
            self._hold,
            self._rewind,
            self._rejoin,
        )

    async def take(self, *batches: Batch, assigned: Sequence[int] = (0,)) -> None:
        await self.hands.assign(assigned)

        async def all_of_them() -> AsyncIterator[Batch]:
            for each in batches:
                yield each

        await readings(all_of_them(), self.hands)

    def _hold(self, number: int) -> PartitionProcessor:
        table = MemoryTable(self.kafka, number)
        return PartitionProcessor(number, table, self.settings, self.metrics)

    async def _rewind(self, number: int, offset: int) -> int:
        self.rewound.append((number, offset))
        return max(offset, self.first)

    def _rejoin(self) -> None:
        self.rejoined += 1


async def until(happened: Callable[[], bool]) -> None:
    """Wait for what goes on beside."""
    for _ in range(10_000):
        if happened():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it does not happen")


def reading(at_ms: int, value: float = 1.0) -> bytes:
    return Reading.model_validate(
        {"series": "m-1", "time": at_ms / 1000, "value": value}
    ).to_bytes()


def batch(values: Sequence[bytes | None], *, offset: int = 0, partition: int = 0) -> Batch:
    length = len(values)
    return Batch(
        "meter.readings",
        partition,
        offset,
        offset + length,
        range(offset, offset + length),
        [b"m-1"] * length,
        values,
        np.full(length, NOON_MS),
    )


MINUTES = [reading(NOON_MS + n * MINUTE_MS - 3 * HOUR_MS, n) for n in range(180)]
