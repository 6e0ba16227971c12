"""Reads the messages of a topic within a span of Kafka's timestamps, in a thread of the caller.

librdkafka fetches and decompresses outside of Python, so the rest of the process keeps running.
"""

import time
from collections.abc import Iterator
from threading import Event
from typing import Self

from confluent_kafka import OFFSET_END, Consumer, KafkaException, Message, TopicPartition

from gridcast.gateway.entries import KafkaMessage
from gridcast.stream.kafka.config import looking_options
from gridcast.stream.kafka.message_reader import read_spans
from gridcast.stream.settings import Settings

AT_ONCE = 500
FETCHED_KB = 8_192
"""Maximum data per partition that librdkafka may fetch ahead, KB."""
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
        self._within_s = within_s
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
        spans = {
            number: (first, None if stop[number] == OFFSET_END else stop[number])
            for number, first in begin.items()
            if first != OFFSET_END
        }
        for messages in read_spans(
            self._consumer,
            self._prefix + topic,
            spans,
            within_s=self._within_s,
            most=AT_ONCE,
            check=self._check,
        ):
            yield [_kafka_message(message) for message in messages]

    def _check(self) -> None:
        if self._over.is_set() or time.monotonic() > self._end:
            raise OverError

    def _offsets(self, topic: str, partitions: int, time_ms: int) -> dict[int, int]:
        """Return each partition's first offset at or after a time; OFFSET_END if there is none."""
        name = self._prefix + topic
        times = [TopicPartition(name, number, max(time_ms, 0)) for number in range(partitions)]
        answers = self._consumer.offsets_for_times(times, ANSWER_S)
        for answer in answers:
            if answer.error is not None:
                raise KafkaException(answer.error)
        return {answer.partition: answer.offset for answer in answers}


def _kafka_message(message: Message) -> KafkaMessage:
    return KafkaMessage(
        message.partition() or 0,
        message.offset() or 0,
        message.timestamp()[1],
        message.key(),
        message.value(),
    )
