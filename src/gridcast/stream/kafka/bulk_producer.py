"""A librdkafka producer for bulk sending, whose errors are one clear line each."""

from collections.abc import Iterable
from typing import Any

from confluent_kafka import KafkaException, Producer

from gridcast.schemas.topics import Topic
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.access import list_topics
from gridcast.stream.kafka.config import producer_options
from gridcast.stream.settings import Settings

_ANSWER_S = 10.0
_FLUSH_S = 120.0
_ANY_PARTITION = -1
_STAMPED_NOW = 0


class BulkProducer:
    """A producer of a deployment's topics. It raises what Kafka rejects.

    Parameters
    ----------
    settings
        The deployment's settings.
    topics
        The topics that it sends to; they must exist.
    """

    def __init__(self, settings: Settings, topics: Iterable[Topic]) -> None:
        self._settings = settings
        self._refused: str | None = None
        options: dict[str, Any] = producer_options(settings) | {
            "queue.buffering.max.messages": 500_000,
            "delivery.report.only.error": True,
            "on_delivery": self._note,
        }
        self._producer = Producer(options)
        try:
            topics_now = list_topics(settings, self._producer, _ANSWER_S).topics
        except KafkaException as error:
            raise UserError(
                f"no Kafka answers at {settings.broker} ({error.args[0].str()});"
                " `gridcast broker` runs one"
            ) from None
        self.present = frozenset(topics_now)
        """Names of the topics that exist."""
        for topic in topics:
            if self._name(topic) not in self.present:
                raise UserError(
                    f"Kafka at {settings.broker} has no topic {self._name(topic)};"
                    " `gridcast topics create` makes it"
                )

    def send(self, topic: Topic, messages: Iterable[tuple[bytes | None, bytes | None]]) -> None:
        """Send keys and values. It waits if more is under way than librdkafka may hold."""
        for key, value in messages:
            self.hand_over(topic, key, value)
        self.look()

    def hand_over(
        self,
        topic: Topic,
        key: bytes | None,
        value: bytes | None,
        partition: int = _ANY_PARTITION,
        stamp_ms: int = _STAMPED_NOW,
    ) -> None:
        """Hand over one message. It waits if more is under way than librdkafka may hold."""
        self.hand_over_to(self._name(topic), key, value, partition, stamp_ms)

    def hand_over_to(
        self,
        name: str,
        key: bytes | None,
        value: bytes | None,
        partition: int = _ANY_PARTITION,
        stamp_ms: int = _STAMPED_NOW,
    ) -> None:
        """Hand over one message for any topic, named with its prefix."""
        while True:
            try:
                self._producer.produce(name, value, key, partition, timestamp=stamp_ms)
                break
            except BufferError:
                self._producer.poll(0.1)
                self._check()

    def look(self) -> None:
        """Handle delivery reports; raise a :class:`UserError` if Kafka rejected a message."""
        self._producer.poll(0)
        self._check()

    def flush(self) -> None:
        """Wait until Kafka has confirmed all messages."""
        left = self._producer.flush(_FLUSH_S)
        self._check()
        if left:
            raise UserError(f"Kafka at {self._settings.broker} did not confirm {left:,} messages")

    def _name(self, topic: Topic) -> str:
        return self._settings.topic_prefix + topic.name

    def _note(self, error: Any, message: Any) -> None:
        if error is not None and self._refused is None:
            self._refused = f"{message.topic()}: {error.str()}"

    def _check(self) -> None:
        if self._refused is not None:
            raise UserError(f"Kafka at {self._settings.broker} took no more: {self._refused}")
