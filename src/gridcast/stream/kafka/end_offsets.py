"""End offsets and partition counts of topics, asked on connections of their own.

Kafka answers the requests of a connection one after the other: a question behind a fetch that waits
for messages waits as long as the fetch.
"""

import asyncio
import logging
import time
from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from gridcast.stream.kafka.access import check_access
from gridcast.stream.kafka.config import aiokafka_options, librdkafka_options
from gridcast.stream.settings import Settings

LOG = logging.getLogger("gridcast.kafka")
WITHIN_S = 5.0


async def connect_offset_client(settings: Settings, answer_within_ms: int) -> Any:
    """Connect an aiokafka consumer that is only asked for committed end offsets.

    Kafka must answer each request within `answer_within_ms`.
    """
    client = AIOKafkaConsumer(
        **aiokafka_options(settings),
        isolation_level="read_committed",
        request_timeout_ms=answer_within_ms,
    )
    try:
        await client.start()
    except BaseException:
        await client.stop()
        raise
    return client


class EndOffsets:
    """Asks for the end offsets of one topic, and logs when Kafka is away and back.

    A consumer that hangs knows only how far it has read itself. It does not notice that Kafka is
    away or denies access either.
    """

    def __init__(self, settings: Settings, topic: str) -> None:
        self._settings = settings
        self._client = AdminClient(librdkafka_options(settings))
        self._topic = topic
        self._away_since: float | None = None

    async def ask(self, numbers: Iterable[int]) -> dict[int, int]:
        """Return the end offset of each partition; an empty dict while Kafka is away."""
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        wanted = {TopicPartition(self._topic, number): latest for number in numbers}
        return await asyncio.to_thread(self._ask, wanted) if wanted else {}

    async def count(self) -> int:
        """Return the number of partitions; 0 while Kafka is away."""
        return await asyncio.to_thread(self._count)

    def _count(self) -> int:
        try:
            topics = self._client.list_topics(self._topic, WITHIN_S).topics
            return len(topics[self._topic].partitions)
        except KafkaException:
            check_access(self._settings)
            return 0

    def _ask(self, wanted: dict[TopicPartition, OffsetSpec]) -> dict[int, int]:
        try:
            answers = self._client.list_offsets(wanted, request_timeout=WITHIN_S)
            ends = {tp.partition: answer.result().offset for tp, answer in answers.items()}
        except KafkaException as error:
            check_access(self._settings)
            if self._away_since is None:
                self._away_since = time.monotonic()
                LOG.warning("Kafka is away (%s); the worker waits for it", error.args[0].str())
            return {}
        if self._away_since is not None:
            LOG.warning("Kafka is back, after %.0f s", time.monotonic() - self._away_since)
            self._away_since = None
        return ends
