"""What lies on the topics of a replay."""

from confluent_kafka import Consumer, KafkaException, TopicPartition
from support.consuming import all_of

from gridcast.schemas.topics import READINGS
from gridcast.stream.kafka.config import librdkafka_options
from gridcast.stream.replay.feed import PLAYED
from gridcast.stream.settings import Settings

Sent = dict[tuple[str, int], list[tuple[bytes, bytes, int]]]


def sent(settings: Settings) -> Sent:
    """All that was played, by topic and partition, in order."""
    found: Sent = {}
    for topic in PLAYED:
        for one in all_of(settings, topic.name):
            place = (topic.name, one.partition())
            found.setdefault(place, []).append((one.key(), one.value(), one.timestamp()[1]))
    return found


class Counter:
    """How many readings there are."""

    def __init__(self, settings: Settings) -> None:
        name = settings.topic_prefix + READINGS.name
        self._consumer = Consumer(librdkafka_options(settings) | {"group.id": "counter"})
        self._places = [TopicPartition(name, number) for number in range(settings.partitions)]

    def count(self) -> int:
        """Give how many there are now; 0 while there are no topics."""
        try:
            return sum(self._consumer.get_watermark_offsets(one, 10)[1] for one in self._places)
        except KafkaException:
            return 0

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()
