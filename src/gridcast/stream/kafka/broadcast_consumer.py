"""A consumer of all partitions of a topic: from the beginning, and on as it grows, in no group."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import numpy as np
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaConnectionError
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from gridcast.agents.batch import Batch
from gridcast.schemas import Topic
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.config import aiokafka_options, group, librdkafka_options
from gridcast.stream.kafka.retry import retry_async
from gridcast.stream.settings import Settings

AT_ONCE = 200
"""Most messages of a batch: they are decoded in the event loop, which must not block for long."""
WITHIN_S = 15.0
LOOK_EVERY_MS = 100
"""How soon an offset without a message is noticed: the end of a transaction has one of its own."""

Offsets = Mapping[TopicPartition, int]


class BroadcastConsumer:
    """A consumer of all partitions of a topic, outside the workers' group.

    It has a group without members, whose committed offsets say up to where the messages were dealt
    with, by whichever worker.

    Parameters
    ----------
    settings
        The deployment's settings.
    topic
        The topic.
    remembers
        Whether there is such a group; `remember` and `remembered` need it.
    """

    def __init__(self, settings: Settings, topic: Topic, *, remembers: bool = True) -> None:
        self.topic = topic
        self.done: dict[TopicPartition, int] = {}
        """Up to where the messages of each partition were taken, and what came of them is known."""
        self._settings = settings
        self._name = settings.topic_prefix + topic.name
        self._group = f"{group(settings)}.{topic.name}" if remembers else None
        self._back: dict[TopicPartition, int] = {}
        self._moved = asyncio.Condition()
        self._consumer: Any = None

    async def start(self) -> None:
        """Connect, and find the partitions."""
        await retry_async(f"reading {self._name}", self._connect)
        try:
            self._assign(await partitions_of(self._settings, self.topic))
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close the connection."""
        if self._consumer is None:
            return
        try:
            await self._consumer.stop()
        except asyncio.CancelledError:
            # While Kafka is away, aiokafka 0.14 raises the cancellation of its own retry and leaves
            # the rest open.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            await self._consumer._client.close()

    async def batches(self) -> AsyncGenerator[Batch]:
        """Yield batches forever. Asking for the next one means that the last is done with."""
        while True:
            back, self._back = self._back, {}
            for partition, offset in back.items():
                self._consumer.seek(partition, offset)
            fetched = await self._consumer.getmany(timeout_ms=LOOK_EVERY_MS, max_records=AT_ONCE)
            for partition, messages in fetched.items():
                # Fetched before it was asked to go back: after the seek these messages come again,
                # behind those that they follow.
                if partition not in self._back:
                    yield _batch(partition, messages, self.done[partition])
            for partition in self.done:
                if partition not in self._back:
                    position = await self._consumer.position(partition)
                    if partition not in self._back:
                        self.done[partition] = position
            async with self._moved:
                self._moved.notify_all()

    def go_back(self, offsets: Offsets) -> None:
        """Read again from these offsets on, or from the first that Kafka still has.

        An offset that was not reached yet skips nothing: reading goes on where it is.
        """
        for partition, offset in offsets.items():
            self.done[partition] = self._back[partition] = min(self.done[partition], offset)

    def has(self, ends: Offsets) -> bool:
        """Return whether all messages before these offsets are done with."""
        return all(done >= ends[partition] for partition, done in self.done.items())

    async def reached(self, ends: Offsets) -> None:
        """Wait until all messages before these offsets are done with."""
        async with self._moved:
            await self._moved.wait_for(lambda: self.has(ends))

    async def remembered(self) -> dict[TopicPartition, int]:
        """Return the offset last remembered for each partition; 0 if there is none."""

        async def ask() -> dict[TopicPartition, int]:
            return {tp: await self._consumer.committed(tp) or 0 for tp in self.done}

        return await retry_async(f"reading {self._name}", ask)

    async def remember(self, offsets: Offsets) -> None:
        """Commit offsets to the group, for whichever worker comes next."""
        await retry_async(f"reading {self._name}", lambda: self._consumer.commit(dict(offsets)))

    def _assign(self, numbers: list[int]) -> None:
        self.done = {TopicPartition(self._name, number): 0 for number in numbers}
        self._consumer.assign(list(self.done))
        self.go_back(self.done)

    async def _connect(self) -> None:
        consumer = AIOKafkaConsumer(
            **aiokafka_options(self._settings),
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            # A message of an aborted transaction counts as not sent.
            isolation_level="read_committed",
        )
        try:
            await consumer.start()
        except BaseException:
            await consumer.stop()
            raise
        self._consumer = consumer


async def partitions_of(settings: Settings, topic: Topic) -> list[int]:
    """Return the partitions of a topic, retrying while Kafka is away."""
    name = settings.topic_prefix + topic.name

    def ask() -> list[int]:
        # It asks for all topics: asked for one by name, Kafka may create it.
        admin = AdminClient(librdkafka_options(settings))
        try:
            topics = admin.list_topics(timeout=WITHIN_S).topics
        except KafkaException as error:
            raise KafkaConnectionError(error.args[0].str()) from None
        return sorted(topics[name].partitions) if name in topics else []

    numbers = await retry_async(f"reading {name}", lambda: asyncio.to_thread(ask))
    if not numbers:
        raise UserError(f"there is no topic {name}: run `gridcast topics create`")
    return numbers


def _batch(partition: TopicPartition, messages: list[Any], begin: int) -> Batch:
    return Batch(
        partition.topic,
        partition.partition,
        begin=begin,
        next_offset=messages[-1].offset + 1,
        offsets=[message.offset for message in messages],
        keys=[message.key for message in messages],
        values=[message.value for message in messages],
        sent_ms=np.array([message.timestamp for message in messages], np.int64),
    )
