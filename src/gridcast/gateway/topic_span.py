"""Reads the messages of a topic within a span of Kafka's timestamps, in a thread of the caller.

librdkafka fetches and decompresses outside of Python, so the rest of the process keeps running.
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
"""Maximum data per partition that librdkafka may fetch ahead, KB."""
LOOK_EVERY_S = 0.2
ANSWER_S = 10.0


class OverError(Exception):
    """The caller no longer waits, or the time is up."""


class TopicSpan:
    """Reads spans of topics from all their partitions, without a consumer group.

    Parameters
    ----------
    settings
        The deployment's settings.
    over
        Set by the caller when it no longer waits.
    within_s
        Maximum duration, seconds.
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
        """Yield the messages from `since_ms` until before `until_ms`, in batches."""
        begin = self._offsets(topic, partitions, since_ms)
        stop = self._offsets(topic, partitions, until_ms)
        unfinished = {
            number
            for number, first in begin.items()
            if first != OFFSET_END and first != stop[number]
        }
        name = self._prefix + topic
        self._consumer.assign(
            [TopicPartition(name, number, begin[number]) for number in unfinished]
        )
        while unfinished:
            if self._over.is_set() or time.monotonic() > self._end:
                raise OverError
            messages: list[Any] = self._consumer.consume(AT_ONCE, timeout=LOOK_EVERY_S)
            batch = []
            for message in messages:
                number = message.partition()
                # The end of a transaction takes an offset too, but is no message.
                if _is_end(message) or 0 <= stop[number] <= message.offset():
                    if number in unfinished:
                        unfinished.discard(number)
                        self._consumer.incremental_unassign([TopicPartition(name, number)])
                elif number in unfinished:
                    batch.append(_kafka_message(message))
            if batch:
                yield batch

    def _offsets(self, topic: str, partitions: int, time_ms: int) -> dict[int, int]:
        """Return each partition's first offset at or after a time; OFFSET_END if there is none."""
        name = self._prefix + topic
        times = [TopicPartition(name, number, max(time_ms, 0)) for number in range(partitions)]
        answers = self._consumer.offsets_for_times(times, ANSWER_S)
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


def _kafka_message(message: Any) -> KafkaMessage:
    return KafkaMessage(
        message.partition(),
        message.offset(),
        message.timestamp()[1],
        message.key(),
        message.value(),
    )
