"""How many played readings the workers have not processed yet."""

from confluent_kafka import Consumer, KafkaException, TopicPartition

from gridcast.schemas.topics import READINGS
from gridcast.stream.kafka.config import group, librdkafka_options
from gridcast.stream.settings import Settings

WITHIN_S = 5.0


class Backlog:
    """Asks Kafka for the committed offsets of a deployment's group."""

    def __init__(self, settings: Settings, partitions: int) -> None:
        options = {"group.id": group(settings), "enable.auto.commit": False}
        self._client = Consumer(librdkafka_options(settings) | options)
        name = settings.topic_prefix + READINGS.name
        self._partitions = [TopicPartition(name, number) for number in range(partitions)]
        self._known = 0

    def waiting(self) -> int:
        """Return the number of unprocessed readings, or the last known one if Kafka is busy."""
        try:
            done = self._client.committed(self._partitions, timeout=WITHIN_S)
            ends = [
                self._client.get_watermark_offsets(partition, WITHIN_S)[1] for partition in done
            ]
        except KafkaException:
            return self._known
        self._known = sum(ends) - sum(max(tp.offset, 0) for tp in done)
        return self._known

    def close(self) -> None:
        """Close the connection."""
        self._client.close()
