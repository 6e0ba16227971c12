"""Which partitions there are, and up to where there are messages, as Kafka itself tells."""

import asyncio
import logging
import time
from collections.abc import Iterable

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from gridcast.stream.kafka.access import check_access
from gridcast.stream.kafka.config import librdkafka_options
from gridcast.stream.settings import Settings

LOG = logging.getLogger("gridcast.kafka")
WITHIN_S = 5.0


class Ends:
    """Asks for the ends of a topic's partitions, through a connection of its own.

    A consumer that hangs knows only how far it had come itself. Nor does it know whether Kafka is
    away, or does not let us in any more: that is looked at here.
    """

    def __init__(self, settings: Settings, topic: str) -> None:
        self._settings = settings
        self._client = AdminClient(librdkafka_options(settings))
        self._topic = topic
        self._away_since: float | None = None

    async def ask(self, numbers: Iterable[int]) -> dict[int, int]:
        """Give the end of each partition; of none while Kafka is away."""
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        wanted = {TopicPartition(self._topic, number): latest for number in numbers}
        return await asyncio.to_thread(self._ask, wanted) if wanted else {}

    async def count(self) -> int:
        """Give how many partitions there are; none while Kafka is away."""
        return await asyncio.to_thread(self._count)

    def _count(self) -> int:
        try:
            return len(
                self._client.list_topics(self._topic, WITHIN_S).topics[self._topic].partitions
            )
        except KafkaException:
            check_access(self._settings)
            return 0

    def _ask(self, wanted: dict[TopicPartition, OffsetSpec]) -> dict[int, int]:
        try:
            answers = self._client.list_offsets(wanted, request_timeout=WITHIN_S)
            ends = {one.partition: answer.result().offset for one, answer in answers.items()}
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
