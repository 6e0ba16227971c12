"""The feed of readings: from Kafka into the recent past, and the newest ones to the clients."""

import asyncio
import logging
import time
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
from gridcast.stream.kafka.reachable import reachable
from gridcast.stream.kafka.retry import retry_async
from gridcast.stream.settings import Settings
from gridcast.units import HOUR_MS, utc_time

LOG = logging.getLogger("gridcast.gateway")
AT_ONCE = 2_000
WAIT_MS = 250


class ReadingFeed:
    """Reads the readings of the last hours, and then new ones.

    It begins with what Kafka received `gateway_past_hours` ago. A gateway is ready without it.
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
        """Read until cancelled."""
        await retry_async("reading readings", lambda: reachable(self._settings))
        name = self._settings.topic_prefix + READINGS.name
        numbers = await partitions_of(self._settings, READINGS)
        partitions = [TopicPartition(name, number) for number in numbers]
        consumer = await retry_async("reading readings", self._connect)
        try:
            consumer.assign(partitions)
            await retry_async("reading readings", lambda: self._seek(consumer, partitions))
            published_at = time.monotonic()
            while True:
                fetched = await consumer.getmany(timeout_ms=WAIT_MS, max_records=AT_ONCE)
                for partition, messages in fetched.items():
                    self._fold(partition.partition, messages)
                    await asyncio.sleep(0)
                now = time.monotonic()
                if now - published_at >= self._settings.gateway_readings_every_s:
                    published_at = now
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
        accepted, self._newest_ms[partition] = within(
            decoded, sent_ms, self._newest_ms.get(partition, NEVER), self._bounds
        )
        offsets = np.array([message.offset for message in messages], np.int64)
        self.past_loads.fold(accepted.readings, partition, offsets[accepted.message])
        self._next_offset[partition] = messages[-1].offset + 1
        unusable = len({index for index, _ in accepted.refused})
        self._metrics.consumed(What.READING, len(messages), unusable)

    async def _publish(self) -> None:
        """Publish the newest reading of each series that has a new one."""
        entries: list[Entry] = []
        next_offset, self._next_offset = self._next_offset, {}
        now_ms = round(time.time() * 1000)
        for newest in self.past_loads.drain_newest():
            reading = Reading(
                series=newest.series,
                time=utc_time(newest.time_ms),
                value=newest.value,
                quality=Quality(newest.quality),
                revision=newest.revision,
            )
            message = KafkaMessage(
                newest.partition, newest.offset, now_ms, reading.key, reading.to_bytes()
            )
            built = read_entry(What.READING, message, self._settings.message_bytes)
            if isinstance(built, Entry):
                entries.append(built)
            if len(entries) >= AT_ONCE:
                self._take(entries)
                entries = []
                await asyncio.sleep(0)
        self._take(entries)
        for partition, offset in next_offset.items():
            self._state.reached(What.READING, partition, offset)

    async def _seek(self, consumer: Any, partitions: list[TopicPartition]) -> None:
        since_ms = round(time.time() * 1000) - self._hours_ms
        ends = await consumer.end_offsets(partitions)
        first_offsets = await consumer.offsets_for_times(dict.fromkeys(partitions, since_ms))
        for partition in partitions:
            # None: there are no messages since then, so new ones come after the end.
            first = first_offsets[partition]
            consumer.seek(partition, ends[partition] if first is None else first.offset)

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
