"""All that is on a topic, as a consumer sees it, and what a group has committed."""

import time
from typing import Any
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from gridcast.stream.kafka.config import librdkafka_options
from gridcast.stream.settings import Settings

NOT_YET = (
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
)
"""A Kafka that has just started makes the place where it keeps offsets when first asked for it."""


def committed(
    consumer: Consumer, partitions: list[TopicPartition], *, within_s: float = 60
) -> list[int]:
    """Give what the consumer's group has committed, in the same order; -1001 is nothing."""
    end = time.monotonic() + within_s
    while True:
        try:
            return [each.offset for each in consumer.committed(partitions, 10)]
        except KafkaException as error:
            if error.args[0].code() not in NOT_YET or time.monotonic() > end:
                raise
        time.sleep(0.1)


def all_of(
    settings: Settings, topic: str, *, isolation: str = "read_committed", within_s: float = 120
) -> list[Any]:
    """Read a topic to its end; `topic` is without the prefix."""
    consumer = Consumer(
        librdkafka_options(settings)
        | {
            "group.id": f"test-{uuid4().hex}",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": isolation,
            "fetch.wait.max.ms": 10,  # the end of a partition is told with an empty answer
        }
    )
    name, found = settings.topic_prefix + topic, []
    try:
        left = set(consumer.list_topics(name, timeout=30).topics[name].partitions)
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
