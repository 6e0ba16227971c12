"""Readers of a topic whose beginning Kafka has deleted: what is left is read, or the loss is told.

A consumer that asks for a deleted offset is sent to the end of the partition unless it says
otherwise (`auto.offset.reset`), and so finds nothing.
"""

from collections.abc import Callable
from functools import partial
from threading import Event
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from gridcast.gateway.topic_span import TopicSpan
from gridcast.schemas.topics import ALARMS, READINGS
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.compacted_topic import latest_by_key
from gridcast.stream.kafka.config import librdkafka_options, producer_options
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.recording.taps import TO_THE_END, Tap
from gridcast.stream.settings import Settings

MESSAGES = 9
DELETED = 5


@pytest.fixture
def settings(kafka: str) -> Settings:
    """A deployment with some messages of alarms and of readings, nothing of them deleted yet."""
    own = Settings(broker=kafka, topic_prefix=f"{uuid4().hex[:8]}.", partitions=1)
    admin = TopicAdmin(own)
    admin.create(admin.look().missing)
    producer = Producer(producer_options(own))
    for topic in (ALARMS, READINGS):
        for number in range(MESSAGES):
            producer.produce(own.topic_prefix + topic.name, b"value", b"%d" % number)
    assert producer.flush(60) == 0
    return own


def delete_beginning(settings: Settings, topic: str) -> None:
    """Delete the first messages as Kafka itself does when they are too old."""
    place = TopicPartition(settings.topic_prefix + topic, 0, DELETED)
    admin = AdminClient(librdkafka_options(settings))
    for deletion in admin.delete_records([place]).values():
        deletion.result(30)


def and_then(function: Callable[..., Any], act: Callable[[], None]) -> Callable[..., Any]:
    """Act right after each call of a function."""

    def wrapper(*args: object, **kwargs: object) -> object:
        result = function(*args, **kwargs)
        act()
        return result

    return wrapper


def test_alarms_are_found_when_the_first_of_them_are_too_old(settings: Settings) -> None:
    delete_beginning(settings, ALARMS.name)
    alarms = latest_by_key(settings, settings.topic_prefix + ALARMS.name, 0)
    assert alarms == {b"%d" % number: b"value" for number in range(DELETED, MESSAGES)}


def test_a_span_goes_on_where_kafka_has_deleted_its_beginning_meanwhile(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete = partial(delete_beginning, settings, READINGS.name)
    monkeypatch.setattr(TopicSpan, "_offsets", and_then(TopicSpan._offsets, delete))
    with TopicSpan(settings, Event(), within_s=30) as topics:
        records = [one for some in topics.read(READINGS.name, 1, 0, TO_THE_END) for one in some]
    assert [record.offset for record in records] == list(range(DELETED, MESSAGES))


def test_a_recording_fails_when_kafka_deletes_what_it_was_to_hold(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete = partial(delete_beginning, settings, READINGS.name)
    monkeypatch.setattr(Tap, "_first", and_then(Tap._first, delete))
    with pytest.raises(UserError, match=r"meter.readings cannot be read: .*out of range"):
        Tap(settings, READINGS, 0, from_ms=1, to_ms=TO_THE_END)
