"""The feeds of the latest state: reads whole topics without a consumer group.

Every gateway gets all messages. The backlog comes first: only the newest message of each key is
parsed (of alarms, all), so a gateway that starts reads as fast as Kafka delivers.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from gridcast.agents.batch import Batch
from gridcast.gateway.entries import TOPIC_OF, Entry, message_at, read_entry
from gridcast.gateway.forecast_history import ForecastHistory
from gridcast.gateway.latest_state import LatestState
from gridcast.gateway.metrics import GatewayMetrics
from gridcast.schemas import Refusal
from gridcast.schemas.gateway import What
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.broadcast_consumer import WITHIN_S, BroadcastConsumer, partitions_of
from gridcast.stream.kafka.config import librdkafka_options
from gridcast.stream.kafka.end_offsets import connect_offset_client
from gridcast.stream.kafka.reachable import reachable
from gridcast.stream.kafka.retry import retry_async
from gridcast.stream.process.gc_tuning import collect_and_freeze
from gridcast.stream.settings import Settings

LOG = logging.getLogger("gridcast.gateway")
READ_WHOLE = (What.SERIES, What.FORECAST, What.ALARM, What.SCORE)
"""The kinds that are read from the beginning. Of readings, only the last hours are needed."""
ASK_EVERY_S = 2.0
ANSWER_WITHIN_MS = 5_000
STALE_AFTER_S = 6.0
AT_ONCE = 500
"""Entries that are taken before other tasks have their turn."""

Take = Callable[[Iterable[Entry]], None]


class Feeds:
    """Reads the topics of the latest state.

    Parameters
    ----------
    settings
        The deployment's settings.
    state
        Gets the offset up to which each partition was read.
    take
        Takes new entries.
    metrics
        Count messages.
    """

    def __init__(
        self, settings: Settings, state: LatestState, take: Take, metrics: GatewayMetrics
    ) -> None:
        self._settings = settings
        self._state = state
        self._take = take
        self._metrics = metrics
        step_ms = settings.step_minutes * 60_000
        self.forecast_history = ForecastHistory(
            step_ms, max(round(settings.gateway_past_hours * 3_600_000) // step_ms, 1)
        )
        self._topics = {
            what: BroadcastConsumer(settings, TOPIC_OF[what], remembers=False)
            for what in READ_WHOLE
        }
        # Messages of the backlog, until all of it has been read.
        self._buffered: dict[What, dict[tuple[int, bytes | None, int], tuple[Batch, int]]] = {
            what: {} for what in READ_WHOLE
        }
        self._since_yield = 0
        self._caught_up: set[What] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._end_offsets: dict[TopicPartition, int] = {}
        self._answered_at = time.monotonic()
        self._offset_client: Any = None

    @property
    def stale_s(self) -> float:
        """Seconds since Kafka last answered; 0 if it answers."""
        silent = time.monotonic() - self._answered_at
        return silent if silent > STALE_AFTER_S else 0.0

    def why_not_ready(self) -> str:
        """Return which topics have not been read yet; empty if all have."""
        missing = [TOPIC_OF[what].name for what in READ_WHOLE if what not in self._caught_up]
        return f"being read: {', '.join(missing)}" if missing else ""

    async def run(self) -> None:
        """Read until cancelled. Errors that a retry cannot fix are raised."""
        try:
            await self._begin()
            self._offset_client = await retry_async("the gateway", self._connect)
            for topic in self._topics.values():
                await topic.start()
            self._end_offsets = await retry_async("the gateway", self._query_end_offsets)
            self._tasks = [asyncio.create_task(self._read(what)) for what in READ_WHOLE]
            catching_up = [asyncio.create_task(self._catch_up(what)) for what in READ_WHOLE]
            self._tasks += [*catching_up, asyncio.create_task(self._poll_kafka())]
            await asyncio.gather(*self._tasks)  # the first that fails
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for topic in self._topics.values():
                await topic.stop()
            if self._offset_client is not None:
                await self._offset_client.stop()

    async def _begin(self) -> None:
        """Find the topics, and keep trying until Kafka answers."""
        # This comes first because it can be cancelled at any time. The thread below cannot.
        await retry_async("the gateway", lambda: reachable(self._settings))
        names = [self._settings.topic_prefix + TOPIC_OF[what].name for what in What]
        partitions = {
            what: len(await partitions_of(self._settings, TOPIC_OF[what])) for what in What
        }
        epoch = await asyncio.to_thread(_epoch, self._settings, names)
        self._state.begin(epoch, partitions)

    async def _read(self, what: What) -> None:
        async for batch in self._topics[what].batches():
            if what in self._caught_up:
                await self._publish(what, batch, range(len(batch)))
                self._state.reached(what, batch.partition, batch.next_offset)
            else:
                self._buffer(what, batch)

    async def _catch_up(self, what: What) -> None:
        """Take the backlog once all of it has been read."""
        topic, began = self._topics[what], time.monotonic()
        await topic.reached({partition: self._end_offsets[partition] for partition in topic.done})
        while self._buffered[what]:
            buffered, self._buffered[what] = self._buffered[what], {}
            for batch, index in buffered.values():
                await self._publish(what, batch, [index])
        for partition, offset in topic.done.items():
            self._state.reached(what, partition.partition, offset)
        collect_and_freeze()
        self._caught_up.add(what)
        LOG.info(
            "%s: read up to its end: %d entries in %.1f s",
            topic.topic.name,
            len(self._state.newest[what]),
            time.monotonic() - began,
        )

    def _buffer(self, what: What, batch: Batch) -> None:
        """Buffer the newest message of each key; of alarms every change, for clients to resume."""
        buffered = self._buffered[what]
        for index, key in enumerate(batch.keys):
            if what is What.FORECAST:
                self.forecast_history.note(batch.values[index])
            name = (batch.partition, key, batch.offsets[index] if what is What.ALARM else 0)
            buffered.pop(name, None)
            buffered[name] = (batch, index)

    async def _publish(self, what: What, batch: Batch, indices: Iterable[int]) -> None:
        entries, unusable = [], 0
        for index in indices:
            if what is What.FORECAST:
                self.forecast_history.note(batch.values[index])
            entry = read_entry(what, message_at(batch, index), self._settings.message_bytes)
            if isinstance(entry, Refusal):
                unusable += 1
                LOG.debug(
                    "%s: skipping the message at offset %d of partition %d: %s",
                    batch.topic,
                    batch.offsets[index],
                    batch.partition,
                    entry.detail,
                )
            else:
                entries.append(entry)
        self._metrics.consumed(what, len(entries) + unusable, unusable)
        self._take(entries)
        self._since_yield += len(entries)
        if self._since_yield >= AT_ONCE:
            self._since_yield = 0
            await asyncio.sleep(0)

    async def _poll_kafka(self) -> None:
        """Query Kafka regularly, so that an outage is noticed."""
        while True:
            await asyncio.sleep(ASK_EVERY_S)
            try:
                await self._query_end_offsets()
            except (KafkaError, OSError) as error:
                LOG.debug("Kafka does not answer: %s", error)

    async def _query_end_offsets(self) -> dict[TopicPartition, int]:
        partitions = [partition for topic in self._topics.values() for partition in topic.done]
        ends: dict[TopicPartition, int] = await self._offset_client.end_offsets(partitions)
        self._answered_at = time.monotonic()
        return ends

    async def _connect(self) -> Any:
        return await connect_offset_client(self._settings, ANSWER_WITHIN_MS)


def _epoch(settings: Settings, names: list[str]) -> str:
    """Return a digest of the ids that Kafka gave the topics; a recreated topic has another id."""
    admin = AdminClient(librdkafka_options(settings))
    try:
        answers = admin.describe_topics(TopicCollection(names), request_timeout=WITHIN_S)
        ids = [f"{name} {answers[name].result().topic_id}" for name in names]
    except KafkaException as error:
        raise UserError(f"Kafka does not describe the topics: {error.args[0].str()}") from None
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()[:16]
