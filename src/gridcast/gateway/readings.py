"""The thinned feed of readings: from Kafka to the past, and the newest of each now and then."""

import asyncio
import logging
import time
from datetime import UTC, datetime
from typing import Any

import numpy as np
from aiokafka import AIOKafkaConsumer, TopicPartition

from gridcast.gateway.entries import Entry, KafkaMessage, read_entry
from gridcast.gateway.feeds import Take
from gridcast.gateway.latest_state import LatestState
from gridcast.gateway.metrics import GatewayMetrics
from gridcast.gateway.past_loads import PastLoads
from gridcast.schemas import Quality, Reading, TimeBounds, decode, within
from gridcast.schemas.bounds import NEVER
from gridcast.schemas.gateway import What
from gridcast.schemas.topics import READINGS
from gridcast.stream.kafka.broadcast_consumer import partitions_of
from gridcast.stream.kafka.config import aiokafka_options
from gridcast.stream.kafka.keep_trying import keep_trying
from gridcast.stream.kafka.reachable import reachable
from gridcast.stream.settings import Settings
from gridcast.units import HOUR_MS

LOG = logging.getLogger("gridcast.gateway")
AT_ONCE = 2_000
WAIT_MS = 250


class ReadingFeed:
    """Reads the last hours of readings, and on as they come.

    It begins at what Kafka got so many hours ago, and is never waited for: a gateway is ready
    without it.
    """

    def __init__(
        self, settings: Settings, state: LatestState, take: Take, metrics: GatewayMetrics
    ) -> None:
        step_ms = settings.step_minutes * 60_000
        self._hours_ms = round(settings.gateway_past_hours * HOUR_MS)
        self.past_loads = PastLoads(step_ms, max(self._hours_ms // step_ms, 1))
        self._settings = settings
        self._state = state
        self._take = take
        self._metrics = metrics
        self._bounds = TimeBounds(round(settings.future_bound_s * 1000), self._hours_ms)
        self._next_offset: dict[int, int] = {}
        self._newest_ms: dict[int, int] = {}

    async def run(self) -> None:
        """Read for ever."""
        await keep_trying("reading readings", lambda: reachable(self._settings))
        name = self._settings.topic_prefix + READINGS.name
        numbers = await partitions_of(self._settings, READINGS)
        partitions = [TopicPartition(name, number) for number in numbers]
        consumer = await keep_trying("reading readings", self._connect)
        try:
            consumer.assign(partitions)
            await keep_trying("reading readings", lambda: self._seek(consumer, partitions))
            shown = time.monotonic()
            while True:
                fetched = await consumer.getmany(timeout_ms=WAIT_MS, max_records=AT_ONCE)
                for partition, messages in fetched.items():
                    self._fold(partition.partition, messages)
                    await asyncio.sleep(0)
                now = time.monotonic()
                if now - shown >= self._settings.gateway_readings_every_s:
                    shown = now
                    await self._publish()
        finally:
            await consumer.stop()

    def _fold(self, partition: int, messages: list[Any]) -> None:
        decoded = decode(
            [message.key for message in messages],
            [message.value for message in messages],
            limit=self._settings.message_bytes,
        )
        sent_ms = np.array([message.timestamp for message in messages], np.int64)
        found, self._newest_ms[partition] = within(
            decoded, sent_ms, self._newest_ms.get(partition, NEVER), self._bounds
        )
        offsets = np.array([message.offset for message in messages], np.int64)
        self.past_loads.fold(found.readings, partition, offsets[found.message])
        self._next_offset[partition] = messages[-1].offset + 1
        unusable = len({place for place, _ in found.refused})
        self._metrics.consumed(What.READING, len(messages), unusable)

    async def _publish(self) -> None:
        """Let the newest of each series be known."""
        entries: list[Entry] = []
        read, self._next_offset = self._next_offset, {}
        now_ms = round(time.time() * 1000)
        for one in self.past_loads.drain_newest():
            reading = Reading(
                series=one.series,
                time=datetime.fromtimestamp(one.time_ms / 1000, UTC),
                value=one.value,
                quality=Quality(one.quality),
                revision=one.revision,
            )
            taken = KafkaMessage(one.partition, one.offset, now_ms, reading.key, reading.to_bytes())
            made = read_entry(What.READING, taken, self._settings.message_bytes)
            if isinstance(made, Entry):
                entries.append(made)
            if len(entries) >= AT_ONCE:
                self._take(entries)
                entries = []
                await asyncio.sleep(0)
        self._take(entries)
        for partition, offset in read.items():
            self._state.reached(What.READING, partition, offset)

    async def _seek(self, consumer: Any, partitions: list[TopicPartition]) -> None:
        since_ms = round(time.time() * 1000) - self._hours_ms
        ends = await consumer.end_offsets(partitions)
        found = await consumer.offsets_for_times(dict.fromkeys(partitions, since_ms))
        for partition in partitions:
            # None: nothing has come since then, and what comes from now on comes after the end.
            at = found[partition]
            consumer.seek(partition, ends[partition] if at is None else at.offset)

    async def _connect(self) -> Any:
        consumer = AIOKafkaConsumer(
            **aiokafka_options(self._settings), auto_offset_reset="earliest"
        )
        try:
            await consumer.start()
        except BaseException:
            await consumer.stop()
            raise
        return consumer
