"""Messages sent to a deployment as feeds and workers send them: Kafka has them on return."""

from collections.abc import Iterable

from confluent_kafka import Producer

from gridcast.schemas import Message
from gridcast.schemas.topics import Topic
from gridcast.stream.kafka.config import producer_options
from gridcast.stream.settings import Settings

WITHIN_S = 60.0
# A producer that numbers its messages waits half a second for its number before it sends the first.
AT_ONCE = {"enable.idempotence": False, "linger.ms": 0}


def publish(settings: Settings, topic: Topic, *messages: Message) -> None:
    """Send messages."""
    send_records(settings, topic, ((one.key, one.to_bytes()) for one in messages))


def send_records(
    settings: Settings, topic: Topic, records: Iterable[tuple[bytes | None, bytes | None]]
) -> None:
    """Send keys and values as they stand."""
    producer = Producer(producer_options(settings) | AT_ONCE)
    for key, value in records:
        producer.produce(settings.topic_prefix + topic.name, value, key)
        producer.poll(0)
    assert producer.flush(WITHIN_S) == 0
