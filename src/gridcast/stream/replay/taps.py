"""A stretch of the live topics, read again by Kafka's own stamps."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from gridcast.schemas.topics import READINGS, SERIES, WEATHER_FORECASTS, WEATHER_OBSERVATIONS, Topic
from gridcast.stream.errors import UserError
from gridcast.stream.history.times import DAY_MS
from gridcast.stream.kafka import librdkafka_options
from gridcast.stream.replay.feed import PLAYED, Played
from gridcast.stream.settings import Settings

ANSWER_S = 15.0
FROM_THE_BEGINNING = 0


class Tap:
    """One partition of a live topic, from a moment on and before another."""

    def __init__(
        self, settings: Settings, topic: Topic, number: int, from_ms: int, to_ms: int
    ) -> None:
        self._topic, self._number, self._to_ms = topic, number, to_ms
        options: dict[str, Any] = librdkafka_options(settings) | {
            "group.id": f"gridcast-replay-{uuid4().hex}",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
        }
        self._consumer = Consumer(options)
        place = TopicPartition(settings.topic_prefix + topic.name, number)
        low, self._end = self._consumer.get_watermark_offsets(place, ANSWER_S)
        place.offset = from_ms
        first = (
            low if not from_ms else self._consumer.offsets_for_times([place], ANSWER_S)[0].offset
        )
        place.offset = self._end if first < 0 else max(first, low)
        self._at = place.offset
        self._consumer.assign([place])
        self._next: Message | None = None
        self._step()

    def next_ms(self) -> int | None:
        """Say when the next message came; None: there is none left."""
        return None if self._next is None else self._next.timestamp()[1]

    def before(self, due_ms: int) -> Iterator[Played]:
        """Give what came before a moment."""
        while self._next is not None and (stamp_ms := self._next.timestamp()[1]) < due_ms:
            message = self._next
            self._step()
            key = message.key() or b""
            yield Played(self._topic, self._number, key, message.value(), stamp_ms)

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()

    def _step(self) -> None:
        """Fetch one more message of the stretch, or find that there is none."""
        self._next = None
        while self._at < self._end:
            found = self._consumer.poll(ANSWER_S)
            if found is None:
                raise UserError(f"Kafka gave no more of {self._topic.name} for {ANSWER_S:.0f} s")
            error = found.error()
            if error is not None:
                if error.code() == KafkaError._PARTITION_EOF:
                    return
                raise UserError(f"{self._topic.name} cannot be read: {error.str()}")
            self._at = (found.offset() or 0) + 1
            if found.timestamp()[1] < self._to_ms:
                self._next = found
            return


class TappedFeed:
    """Plays what the live topics hold of a stretch: the same bytes, into the same partitions.

    What is known of the series is what the topic says now; weather is taken from as far back as a
    tick may look.
    """

    def __init__(self, settings: Settings, from_ms: int, to_ms: int) -> None:
        back_ms = (settings.window_days + 2) * DAY_MS
        since = {SERIES: FROM_THE_BEGINNING, READINGS: from_ms}
        since |= dict.fromkeys((WEATHER_OBSERVATIONS, WEATHER_FORECASTS), from_ms - back_ms)
        until = dict.fromkeys(PLAYED, to_ms) | {SERIES: 2**62}
        self.partitions = partitions_of_topic(settings, READINGS)
        self._taps = {
            topic: [
                Tap(settings, topic, number, since[topic], until[topic])
                for number in range(partitions_of_topic(settings, topic))
            ]
            for topic in PLAYED
        }

    def next_ms(self) -> int | None:
        """Say when the next reading came."""
        times = [tap.next_ms() for tap in self._taps[READINGS]]
        return min((one for one in times if one is not None), default=None)

    def before(self, due_ms: int) -> Iterator[Played]:
        """Give what came before a moment, topic by topic."""
        for topic in PLAYED:
            for tap in self._taps[topic]:
                yield from tap.before(2**62 if topic is SERIES else due_ms)

    def close(self) -> None:
        """Let go of all connections."""
        for taps in self._taps.values():
            for tap in taps:
                tap.close()


def partitions_of_topic(settings: Settings, topic: Topic) -> int:
    """Ask Kafka how many partitions a live topic has."""
    name = settings.topic_prefix + topic.name
    consumer = Consumer(librdkafka_options(settings) | {"group.id": f"gridcast-{uuid4().hex}"})
    try:
        found = consumer.list_topics(name, ANSWER_S).topics[name]
    except KafkaException as error:
        told = error.args[0].str()
        raise UserError(f"no Kafka answers at {settings.broker} ({told})") from None
    finally:
        consumer.close()
    if not found.partitions:
        raise UserError(f"Kafka at {settings.broker} has no topic {name} to replay")
    return len(found.partitions)
