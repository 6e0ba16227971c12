"""Reading spans of offsets, from a list instead of a Kafka."""

import time
from collections.abc import Iterable
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from gridcast.stream.kafka.compacted_topic import latest_by_key
from gridcast.stream.kafka.message_reader import read_spans, watermark_offsets
from gridcast.stream.settings import Settings

TOPIC = "load.alarms"


class FakeMessage:
    """A message or, without a value, the end of the partition."""

    def __init__(self, offset: int, value: bytes | None = None) -> None:
        self._offset = offset
        self._value = value

    def error(self) -> KafkaError | None:
        return KafkaError(KafkaError._PARTITION_EOF) if self._value is None else None

    def topic(self) -> str:
        return TOPIC

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self._offset

    def key(self) -> bytes:
        return b"%d" % self._offset

    def value(self) -> bytes | None:
        return self._value


class FakeConsumer:
    """Hands over what it was given, one at each poll; None is a poll that nothing comes of."""

    def __init__(self, polls: list[FakeMessage | None], answers: Iterable[Any] = ()) -> None:
        self.polls = polls
        self.answers = list(answers)

    def assign(self, _: object) -> None: ...

    def incremental_unassign(self, _: object) -> None: ...

    def poll(self, _: float) -> Any:
        return self.polls.pop(0)

    def consume(self, *_: object, **__: object) -> list[Any]:
        return []

    def close(self) -> None: ...

    def get_watermark_offsets(self, *_: object) -> Any:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def offsets(consumer: Any, end: int | None, within_s: float = 5) -> list[int | None]:
    spans = read_spans(consumer, TOPIC, {0: (0, end)}, within_s=within_s)
    return [message.offset() for messages in spans for message in messages]


EARLY_END = [FakeMessage(0, b"a"), FakeMessage(1), None, FakeMessage(1, b"b"), FakeMessage(3)]
"""Offset 2 is the marker of a transaction."""


def test_an_end_that_is_reported_too_early_does_not_end_a_span() -> None:
    assert offsets(FakeConsumer([*EARLY_END]), end=3) == [0, 1]


def test_a_compacted_topic_is_read_to_the_end_that_its_leader_is_sure_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    consumer = FakeConsumer([*EARLY_END], answers=[(0, 3)])
    monkeypatch.setattr("gridcast.stream.kafka.compacted_topic.Consumer", lambda _: consumer)
    assert latest_by_key(Settings(), TOPIC, 0) == {b"0": b"a", b"1": b"b"}


def test_without_an_end_of_its_own_a_span_ends_where_the_partition_does() -> None:
    assert offsets(FakeConsumer([FakeMessage(0, b"a"), FakeMessage(1)]), end=None) == [0]


def test_time_that_the_reader_takes_is_no_silence() -> None:
    consumer: Any = FakeConsumer([FakeMessage(0, b"a"), None, FakeMessage(1, b"b")])
    read = []
    for messages in read_spans(consumer, TOPIC, {0: (0, 2)}, within_s=0.2):
        time.sleep(0.3)
        read += messages
    assert len(read) == 2


def test_silence_is_an_error() -> None:
    consumer = FakeConsumer([FakeMessage(0, b"a"), *[None] * 1_000_000])
    with pytest.raises(KafkaException, match=r"no message within 0\.05 s"):
        offsets(consumer, end=2, within_s=0.05)


def test_the_end_is_asked_again_while_the_leader_changes() -> None:
    changing = KafkaException(KafkaError(KafkaError.NOT_LEADER_FOR_PARTITION))
    consumer: Any = FakeConsumer([], answers=[changing, (2, 7)])
    assert watermark_offsets(consumer, TopicPartition(TOPIC, 0), within_s=5) == (2, 7)


def test_no_access_is_an_error_at_once() -> None:
    denied = KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))
    consumer: Any = FakeConsumer([], answers=[denied])
    with pytest.raises(KafkaException):
        watermark_offsets(consumer, TopicPartition(TOPIC, 0), within_s=5)
