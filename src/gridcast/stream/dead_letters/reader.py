"""The topic of dead letters, read from one end to where the other was when reading began."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import Consumer, KafkaException, TopicPartition

from gridcast.schemas import DeadLetter, ReplayedLetters, read
from gridcast.schemas.topics import DEAD_LETTERS
from gridcast.stream.dead_letters.letters import Stored
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.config import looking_options
from gridcast.stream.kafka.message_reader import read_spans
from gridcast.stream.kafka.topic_admin import TopicAdmin, largest_message
from gridcast.stream.settings import Settings

WITHIN_S = 15.0

Tell = Callable[[int], None]


class Box:
    """All letters there are now; can be read as often as needed, and is the same each time."""

    def __init__(self, settings: Settings, since: datetime | None = None) -> None:
        self.topic = settings.topic_prefix + DEAD_LETTERS.name
        self.unreadable = 0
        """Messages, in the last reading, that are no dead letters."""
        self._limit = largest_message(settings, DEAD_LETTERS)
        there = {topic.name: topic for topic in TopicAdmin(settings).look().present}
        if self.topic not in there:
            raise UserError(f"not there: {self.topic}; make it with `gridcast topics create`")
        self._consumer = Consumer(looking_options(settings))
        try:
            self._spans = self._look(there[self.topic].partitions, since)
        except KafkaException as error:
            raise UserError(f"{self.topic} cannot be read: {error.args[0].str()}") from None

    @property
    def messages(self) -> int:
        """How many messages a reading goes through."""
        return sum(end - start for start, end in self._spans)

    @property
    def below(self) -> list[int]:
        """Where it ends in each partition."""
        return [end for _, end in self._spans]

    def close(self) -> None:
        """Say goodbye to Kafka."""
        self._consumer.close()

    def letters(self, tell: Tell) -> Iterator[Stored]:
        """Read the letters; `tell` hears of every message passed."""
        return (found for found in self._read(tell) if isinstance(found, Stored))

    def replays(self, tell: Tell) -> list[ReplayedLetters]:
        """Read what was remembered of replays."""
        return [found for found in self._read(tell) if isinstance(found, ReplayedLetters)]

    def _look(self, partitions: int, since: datetime | None) -> list[tuple[int, int]]:
        every = [TopicPartition(self.topic, number) for number in range(partitions)]
        spans = [self._consumer.get_watermark_offsets(one, WITHIN_S) for one in every]
        if since is None:
            return spans
        since_ms = round(since.timestamp() * 1000)
        asked = [TopicPartition(self.topic, one.partition, since_ms) for one in every]
        begins = [one.offset for one in self._consumer.offsets_for_times(asked, WITHIN_S)]
        return [
            (end if begin < 0 else max(start, begin), end)
            for (start, end), begin in zip(spans, begins, strict=True)
        ]

    def _read(self, tell: Tell) -> Iterator[Stored | ReplayedLetters]:
        self.unreadable = 0
        spans = dict(enumerate(self._spans))
        try:
            for messages in read_spans(self._consumer, self.topic, spans, within_s=WITHIN_S):
                for message in messages:
                    tell(1)
                    if (found := self._understood(message)) is not None:
                        yield found
        except KafkaException as error:
            raise UserError(f"{self.topic} cannot be read: {error.args[0].str()}") from None

    def _understood(self, message: Any) -> Stored | ReplayedLetters | None:
        found = read(DEAD_LETTERS, message.key(), message.value(), limit=self._limit)
        if isinstance(found, ReplayedLetters):
            return found
        if not isinstance(found, DeadLetter):
            self.unreadable += 1
            return None
        written = datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC)
        return Stored(message.partition(), message.offset(), written, found)
