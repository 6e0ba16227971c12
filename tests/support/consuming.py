"""All that is on a topic, as a consumer sees it."""

import time
from typing import Any
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, TopicPartition

from gridcast.stream.kafka import librdkafka_options
from gridcast.stream.settings import Settings


def all_of(
    settings: Settings, topic: str, *, isolation: str = "read_committed", within_s: float = 60
) -> list[Any]:
    """Read a topic to its end; `topic` is without the prefix."""
    consumer = Consumer(
        librdkafka_options(settings)
        | {
            "group.id": f"test-{uuid4().hex}",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": isolation,
        }
    )
    name, found = settings.topic_prefix + topic, []
    try:
        left = set(consumer.list_topics(name, timeout=10).topics[name].partitions)
        consumer.assign([TopicPartition(name, number, 0) for number in left])
        end = time.monotonic() + within_s
        while left:
            assert time.monotonic() < end, f"{name}: not read within {within_s} s"
            message = consumer.poll(1.0)
            if message is None:
                continue
            error = message.error()
            if error is None:
                found.append(message)
            else:
                assert error.code() == KafkaError._PARTITION_EOF, error
                left.discard(message.partition())
    finally:
        consumer.close()
    return found
