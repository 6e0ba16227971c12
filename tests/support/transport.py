"""A topic, the group that reads it, and workers of it in this process: no more than transport."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any
from uuid import uuid4

import faust
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it has no __all__
    AdminClient,
    NewTopic,
)
from faust.types import TP
from support.consuming import committed

from gridcast.agents.batch import Batch
from gridcast.stream.kafka.transport import BatchConsumer, BatchTransport, batches

PARTITIONS = 4
WITHIN_S = 60.0
Start = Callable[..., Awaitable["Worker"]]
"""Starts a worker."""


class Feed:
    """A topic of the test's own, and a group that reads it."""

    def __init__(self, kafka: str) -> None:
        self.kafka = kafka
        self.topic = f"t-{uuid4().hex[:8]}"
        self.group = f"g-{uuid4().hex[:8]}"
        self.tps = [TP(self.topic, number) for number in range(PARTITIONS)]
        self.admin = AdminClient({"bootstrap.servers": kafka})
        self.producer = Producer({"bootstrap.servers": kafka, "linger.ms": 1})
        self.consumer = Consumer({"bootstrap.servers": kafka, "group.id": self.group})
        made = self.admin.create_topics([NewTopic(self.topic, PARTITIONS, 1)])
        made[self.topic].result(60)

    def send(self, count: int, value: bytes = b"x", partitions: int = PARTITIONS) -> None:
        """Write so many messages into each of the first partitions."""
        for number in range(count * partitions):
            self.producer.produce(self.topic, value, partition=number % partitions)
            self.producer.poll(0)
        assert self.producer.flush(60) == 0

    def ends(self) -> dict[TP, int]:
        look = self.consumer.get_watermark_offsets
        return {tp: look(TopicPartition(*tp), 30)[1] for tp in self.tps}

    def committed(self) -> dict[TP, int]:
        """What the group has committed; -1001 is nothing."""
        partitions = [TopicPartition(*tp) for tp in self.tps]
        return dict(zip(self.tps, committed(self.consumer, partitions), strict=True))

    def delete_before(self, offset: int) -> None:
        places = [TopicPartition(*tp, offset) for tp in self.tps]
        for done in self.admin.delete_records(places).values():
            done.result(60)


class Worker:
    """A worker of the group, in this process, and what its agent was handed."""

    def __init__(self, feed: Feed, folder: Path, *, poll: int = 500) -> None:
        self.handed: dict[TP, list[Batch]] = defaultdict(list)
        self.assigned = 0
        self.on_batch: Callable[[TP, Batch], Awaitable[None]] = self.acknowledge
        app = faust.App(
            feed.group,
            broker=f"kafka://{feed.kafka}",
            broker_max_poll_records=poll,
            broker_session_timeout=6.0,
            broker_heartbeat_interval=0.2,
            broker_commit_interval=0.1,
            consumer_auto_offset_reset="earliest",
            datadir=folder / uuid4().hex,
            topic_allow_declare=False,
            topic_disable_leader=True,
            web_enabled=False,
        )
        app.transport = BatchTransport([feed.kafka], app)
        self.app: Any = app

        async def agent(stream: Any) -> None:
            async with aclosing(batches(stream)) as taken:
                async for batch in taken:
                    tp = TP(batch.topic, batch.partition)
                    self.handed[tp].append(batch)
                    await self.on_batch(tp, batch)

        topic = app.topic(feed.topic, key_type=bytes, value_type=bytes, value_serializer="raw")
        app.agent(topic, name="agent")(agent)
        self.app.on_partitions_assigned.connect(self._on_assigned, weak=False)
        app.finalize()

    @property
    def consumer(self) -> BatchConsumer:
        consumer: BatchConsumer = self.app.consumer
        return consumer

    async def _on_assigned(self, *_: Any, **__: Any) -> None:
        self.assigned += 1

    async def acknowledge(self, tp: TP, batch: Batch) -> None:
        self.consumer.acknowledge(tp, batch.next_offset)

    async def takes(self, batches: int) -> None:
        """Wait until the agent has taken so many of each partition."""
        await until(
            lambda: [len(each) >= batches for each in self.handed.values()] == [True] * PARTITIONS,
            f"{batches} batches of each partition are taken",
        )

    def offsets(self, tp: TP) -> list[int]:
        return [offset for batch in self.handed[tp] for offset in batch.offsets]


async def until(condition: Callable[[], bool], what: str) -> None:
    for _ in range(int(WITHIN_S / 0.02)):
        if await asyncio.to_thread(condition):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"not within {WITHIN_S} s: {what}")


async def nothing(tp: TP, batch: Batch) -> None:
    """Acknowledge nothing."""
