"""A compacted topic as it stands: of each key the newest message. Read beside those who write."""

from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from gridcast.stream.errors import UserError
from gridcast.stream.kafka.config import looking_options
from gridcast.stream.settings import Settings

TAKE = 1_000
WITHIN_S = 15.0


def latest_by_key(settings: Settings, topic: str, partition: int) -> dict[bytes, bytes]:
    """Read one partition of a topic (with its prefix) up to its end; what was committed only.

    They are in the order in which they were sent.
    """
    consumer = Consumer(looking_options(settings))
    found: dict[bytes, bytes] = {}
    try:
        consumer.assign([TopicPartition(topic, partition, 0)])
        while True:
            for message in _take(consumer, topic):
                error = message.error()
                if error is not None and error.code() == KafkaError._PARTITION_EOF:
                    return found
                if error is not None:
                    raise UserError(f"{topic} cannot be read: {error.str()}")
                found.pop(message.key(), None)
                if message.value() is not None:
                    found[message.key()] = message.value()
    except KafkaException as error:
        raise UserError(f"{topic} cannot be read: {error.args[0].str()}") from None
    finally:
        consumer.close()


def _take(consumer: Consumer, topic: str) -> list[Any]:
    """Wait for a message, and take what came with it: `consume` would wait for TAKE of them."""
    first = consumer.poll(WITHIN_S)
    if first is None:
        raise UserError(f"no more of {topic} came for {WITHIN_S:.0f} s")
    return [first, *consumer.consume(TAKE, timeout=0)]
