"""What came to a topic within a span of Kafka's own time, read by a thread of the reader's own.

librdkafka fetches and unpacks beside Python, so whoever shares the process with it goes on.
"""

import time
from collections.abc import Iterator
from threading import Event
from typing import Any, Self

from confluent_kafka import OFFSET_END, Consumer, KafkaError, KafkaException, TopicPartition

from gridcast.gateway.entries import KafkaMessage
from gridcast.stream.kafka.config import looking_options
from gridcast.stream.settings import Settings

AT_ONCE = 500
FETCHED_KB = 8_192
"""What librdkafka may hold of a partition that was not asked for yet."""
LOOK_EVERY_S = 0.2
ANSWER_S = 10.0


class OverError(Exception):
    """Nobody waits for it any more, or it took too long."""


class TopicSpan:
    """Reads spans of topics, of all their partitions; it is of no group.

    Parameters
    ----------
    settings
        Of the deployment.
    over
        Set by whoever does not wait any longer.
    within_s
        It gives up after so long.
    """

    def __init__(self, settings: Settings, over: Event, within_s: float) -> None:
        self._prefix = settings.topic_prefix
        self._over = over
        self._end = time.monotonic() + within_s
        self._consumer = Consumer(
            looking_options(settings)
            | {
                "queued.max.messages.kbytes": FETCHED_KB,
                "fetch.wait.max.ms": 20,
            }
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def read(
        self, topic: str, partitions: int, since_ms: int, until_ms: int
    ) -> Iterator[list[KafkaMessage]]:
        """Give what came from one moment until before another, some at a time."""
        begin = self._offsets(topic, partitions, since_ms)
        stop = self._offsets(topic, partitions, until_ms)
        left = {
            number
            for number, first in begin.items()
            if first != OFFSET_END and first != stop[number]
        }
        name = self._prefix + topic
        self._consumer.assign([TopicPartition(name, number, begin[number]) for number in left])
        while left:
            if self._over.is_set() or time.monotonic() > self._end:
                raise OverError
            messages: list[Any] = self._consumer.consume(AT_ONCE, timeout=LOOK_EVERY_S)
            found = []
            for message in messages:
                number = message.partition()
                # The end of a transaction is an offset of its own, which is no message.
                if _is_end(message) or 0 <= stop[number] <= message.offset():
                    if number in left:
                        left.discard(number)
                        self._consumer.incremental_unassign([TopicPartition(name, number)])
                elif number in left:
                    found.append(_record(message))
            if found:
                yield found

    def _offsets(self, topic: str, partitions: int, time_ms: int) -> dict[int, int]:
        """Give the first offset of each partition that came then or later; OFFSET_END: none."""
        name = self._prefix + topic
        asked = [TopicPartition(name, number, max(time_ms, 0)) for number in range(partitions)]
        answers = self._consumer.offsets_for_times(asked, ANSWER_S)
        for answer in answers:
            if answer.error is not None:
                raise KafkaException(answer.error)
        return {answer.partition: answer.offset for answer in answers}


def _is_end(message: Any) -> bool:
    error = message.error()
    if error is None:
        return False
    if error.code() == KafkaError._PARTITION_EOF:
        return True
    raise KafkaException(error)


def _record(message: Any) -> KafkaMessage:
    return KafkaMessage(
        message.partition(),
        message.offset(),
        message.timestamp()[1],
        message.key(),
        message.value(),
    )
