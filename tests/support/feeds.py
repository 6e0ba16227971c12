"""Feeds that break: readings that are none."""

from datetime import UTC, datetime, timedelta

from confluent_kafka import Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it has no __all__
    AdminClient,
    NewTopic,
)

from gridcast.schemas.topics import READINGS
from gridcast.stream.kafka.config import librdkafka_options, producer_options
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.settings import Settings


def make_topics(settings: Settings) -> None:
    """Make the topics of a deployment, where readings bear the stamps that they are sent with.

    Feeds are judged by the minutes of Kafka's stamps, and a test has none to wait for.
    """
    topic = settings.topic_prefix + READINGS.name
    stamps = {"message.timestamp.type": "CreateTime"}
    admin = AdminClient(librdkafka_options(settings))
    made = admin.create_topics([NewTopic(topic, settings.partitions, 1, config=stamps)])
    made[topic].result()
    topics = TopicAdmin(settings)
    topics.create(topics.look().missing)


def break_feed(settings: Settings, partition: int) -> None:
    """Send what is no reading, for two minutes."""
    producer = Producer(producer_options(settings))
    start = datetime.now(UTC) - timedelta(minutes=10)
    for minute in range(3):
        stamp = round((start + timedelta(minutes=minute)).timestamp() * 1000)
        for _ in range(5):
            producer.produce(
                settings.topic_prefix + READINGS.name, b"{", b"m", partition, timestamp=stamp
            )
    assert producer.flush(60) == 0
