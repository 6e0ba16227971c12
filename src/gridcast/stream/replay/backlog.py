"""How far the workers are behind what was played."""

from confluent_kafka import Consumer, KafkaException, TopicPartition

from gridcast.schemas.topics import READINGS
from gridcast.stream.kafka.config import group, librdkafka_options
from gridcast.stream.settings import Settings

WITHIN_S = 5.0


class Backlog:
    """Asks Kafka what the group of a deployment has worked off."""

    def __init__(self, settings: Settings, partitions: int) -> None:
        options = {"group.id": group(settings), "enable.auto.commit": False}
        self._asking = Consumer(librdkafka_options(settings) | options)
        name = settings.topic_prefix + READINGS.name
        self._partitions = [TopicPartition(name, number) for number in range(partitions)]
        self._known = 0

    def waiting(self) -> int:
        """Give how many readings are not worked off; what was last known while Kafka is busy."""
        try:
            done = self._asking.committed(self._partitions, timeout=WITHIN_S)
            ends = [self._asking.get_watermark_offsets(one, WITHIN_S)[1] for one in done]
        except KafkaException:
            return self._known
        self._known = sum(ends) - sum(max(one.offset, 0) for one in done)
        return self._known

    def close(self) -> None:
        """Let go of the connection."""
        self._asking.close()
