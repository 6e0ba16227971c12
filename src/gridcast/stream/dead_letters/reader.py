"""Reading the topic of dead letters, up to the end offsets at the start."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import Consumer, KafkaException, TopicPartition

from gridcast.schemas import DeadLetter, ReplayedLetters, read
from gridcast.schemas.topics import DEAD_LETTERS
from gridcast.stream.dead_letters.letters import StoredLetter
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.config import looking_options
from gridcast.stream.kafka.message_reader import read_spans
from gridcast.stream.kafka.topic_admin import TopicAdmin, largest_message
from gridcast.stream.settings import Settings

WITHIN_S = 15.0

Tell = Callable[[int], None]


class DeadLetterReader:
    """The dead letters at one moment; it can be read several times, with the same result."""

    def __init__(self, settings: Settings, since: datetime | None = None) -> None:
        self.topic = settings.topic_prefix + DEAD_LETTERS.name
        self.unreadable = 0
        """Number of messages of the last reading that could not be read."""
        self._limit = largest_message(settings, DEAD_LETTERS)
        there = {topic.name: topic for topic in TopicAdmin(settings).look().present}
        if self.topic not in there:
            raise UserError(f"no topic {self.topic}; create it with `gridcast topics create`")
        self._consumer = Consumer(looking_options(settings))
        try:
            self._spans = self._look(there[self.topic].partitions, since)
        except KafkaException as error:
            raise UserError(f"{self.topic} cannot be read: {error.args[0].str()}") from None

    @property
    def messages(self) -> int:
        """Number of messages of one reading."""
        return sum(end - start for start, end in self._spans)

    @property
    def below(self) -> list[int]:
        """End offset of each partition."""
        return [end for _, end in self._spans]

    def close(self) -> None:
        """Close the consumer."""
        self._consumer.close()

    def letters(self, tell: Tell) -> Iterator[StoredLetter]:
        """Yield the letters; `tell` is called with the number of messages read."""
        return (message for message in self._read(tell) if isinstance(message, StoredLetter))

    def replays(self, tell: Tell) -> list[ReplayedLetters]:
        """Return the records of earlier replays."""
        return [message for message in self._read(tell) if isinstance(message, ReplayedLetters)]

    def _look(self, partitions: int, since: datetime | None) -> list[tuple[int, int]]:
        every = [TopicPartition(self.topic, number) for number in range(partitions)]
        spans = [self._consumer.get_watermark_offsets(partition, WITHIN_S) for partition in every]
        if since is None:
            return spans
        since_ms = round(since.timestamp() * 1000)
        times = [TopicPartition(self.topic, number, since_ms) for number in range(partitions)]
        begins = [first.offset for first in self._consumer.offsets_for_times(times, WITHIN_S)]
        return [
            (end if begin < 0 else max(start, begin), end)
            for (start, end), begin in zip(spans, begins, strict=True)
        ]

    def _read(self, tell: Tell) -> Iterator[StoredLetter | ReplayedLetters]:
        self.unreadable = 0
        spans = dict(enumerate(self._spans))
        try:
            for messages in read_spans(self._consumer, self.topic, spans, within_s=WITHIN_S):
                for message in messages:
                    tell(1)
                    if (decoded := self._decode(message)) is not None:
                        yield decoded
        except KafkaException as error:
            raise UserError(f"{self.topic} cannot be read: {error.args[0].str()}") from None

    def _decode(self, message: Any) -> StoredLetter | ReplayedLetters | None:
        decoded = read(DEAD_LETTERS, message.key(), message.value(), limit=self._limit)
        if isinstance(decoded, ReplayedLetters):
            return decoded
        if not isinstance(decoded, DeadLetter):
            self.unreadable += 1
            return None
        written = datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC)
        return StoredLetter(message.partition(), message.offset(), written, decoded)
