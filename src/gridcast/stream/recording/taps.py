"""Reading a time span of one partition of a live topic, by Kafka's timestamps."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from gridcast.schemas.topics import Topic
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.config import looking_options
from gridcast.stream.kafka.message_reader import read_spans
from gridcast.stream.settings import Settings
from gridcast.units import utc_time

ANSWER_S = 15.0
LOOK_S = 0.1
AT_ONCE = 10_000
"""Messages fetched at once."""
FROM_THE_BEGINNING = 0
TO_THE_END = 2**62


class Tap:
    """The messages of one partition in a time span, in order.

    Parameters
    ----------
    settings, topic, number
        The deployment, the topic and the partition.
    from_ms, to_ms
        The span: timestamps from the first moment on, and before the second.
    """

    def __init__(
        self, settings: Settings, topic: Topic, number: int, from_ms: int, to_ms: int
    ) -> None:
        self.name, self.number = settings.topic_prefix + topic.name, number
        self._to_ms = to_ms
        # What Kafka deletes while it is read must not be missing unnoticed.
        self._consumer = Consumer(looking_options(settings) | {"auto.offset.reset": "error"})
        place = TopicPartition(self.name, number)
        low, end = _ask(lambda: self._consumer.get_watermark_offsets(place, ANSWER_S))
        begin = low if from_ms <= 0 else max(low, self._first(place, from_ms, end))
        self.is_cut = 0 < low == begin
        """Whether Kafka has deleted the messages right before the first."""
        self.begins_ms: int | None = None
        """Timestamp of the first message from `from_ms` on, even if it is behind the span."""
        self._fetched = read_spans(
            self._consumer, self.name, {number: (begin, end)}, within_s=ANSWER_S, most=AT_ONCE
        )
        self._waiting: deque[Message] = deque()
        self._fill()

    def next_ms(self) -> int | None:
        """Return the timestamp of the next message; None if there is none left."""
        return self._waiting[0].timestamp()[1] if self._waiting else None

    def before(self, due_ms: int) -> Iterator[Message]:
        """Yield the messages before a moment."""
        waiting = self._waiting
        while waiting and waiting[0].timestamp()[1] < due_ms:
            yield waiting.popleft()
            if not waiting:
                self._fill()

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close()

    def _first(self, place: TopicPartition, from_ms: int, end: int) -> int:
        """Return the offset of the first message from a moment on."""
        place.offset = from_ms
        offset: int = _ask(lambda: self._consumer.offsets_for_times([place], ANSWER_S)[0].offset)
        return end if offset < 0 else offset

    def _fill(self) -> None:
        """Fetch more messages of the span, if there are any."""
        try:
            messages = next(self._fetched, [])
        except KafkaException as error:
            raise UserError(f"{self.name} cannot be read: {error.args[0].str()}") from None
        for message in messages:
            stamp_ms = message.timestamp()[1]
            self.begins_ms = stamp_ms if self.begins_ms is None else self.begins_ms
            if stamp_ms >= self._to_ms:
                self._fetched = iter(())
                break
            self._waiting.append(message)


def _ask(call: Callable[[], Any]) -> Any:
    """Return the answer of a call, retrying while a partition has no leader."""
    until_s = time.monotonic() + ANSWER_S
    while True:
        try:
            return call()
        except KafkaException as error:
            if time.monotonic() > until_s:
                raise UserError(f"the topics cannot be read: {error.args[0].str()}") from None
            time.sleep(LOOK_S)


def partitions_of_topic(settings: Settings, topic: Topic) -> int:
    """Return the number of partitions of a live topic."""
    name = settings.topic_prefix + topic.name
    consumer = Consumer(looking_options(settings))
    try:
        metadata = consumer.list_topics(name, ANSWER_S).topics[name]
    except KafkaException as error:
        reason = error.args[0].str()
        raise UserError(f"no Kafka answers at {settings.broker} ({reason})") from None
    finally:
        consumer.close()
    if not metadata.partitions:
        raise UserError(f"Kafka at {settings.broker} has no topic {name}")
    return len(metadata.partitions)


def whole_from_ms(taps: Sequence[Tap], from_ms: int) -> int:
    """Return from when on the messages are complete: from a moment on, or later."""
    kept = [tap.begins_ms for tap in taps if tap.is_cut and tap.begins_ms is not None]
    return max([from_ms, *kept])


def cut_window(whole_from_ms: int) -> str:
    """Return the warning that the first ticks have less than a window of readings."""
    return (
        "Kafka has deleted the beginning of the window before --from: forecasts know nothing from"
        f" before {utc_time(whole_from_ms):%Y-%m-%dT%H:%M:%SZ}"
    )


def check_stretch(taps: Sequence[Tap], from_ms: int) -> None:
    """Raise a :class:`UserError` if the span is incomplete or has no messages."""
    name = taps[0].name
    kept_ms = whole_from_ms(taps, from_ms)
    if kept_ms > from_ms:
        raise UserError(
            f"--from: of {name} Kafka has deleted what came before"
            f" {utc_time(kept_ms):%Y-%m-%dT%H:%M:%SZ}: from then on, or later"
        )
    if all(tap.next_ms() is None for tap in taps):
        later = [tap.begins_ms for tap in taps if tap.begins_ms is not None]
        hint = f"; the next came at {utc_time(min(later)):%Y-%m-%dT%H:%M:%SZ}" if later else ""
        raise UserError(f"{name} holds no readings from --from to --to{hint}")
