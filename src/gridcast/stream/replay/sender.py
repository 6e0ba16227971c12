"""Sends played messages, except those that an earlier run has sent already."""

import time
from collections.abc import Iterable
from dataclasses import replace

from confluent_kafka import Consumer, KafkaException, TopicPartition

from gridcast.schemas.topics import Topic
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.bulk_producer import BulkProducer
from gridcast.stream.kafka.config import looking_options
from gridcast.stream.kafka.message_reader import read_spans
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.replay.feed import PLAYED, Played
from gridcast.stream.settings import Settings

ANSWER_S = 15.0
LOOK_S = 0.2
AS_IT_WAS = {"message.timestamp.type": "CreateTime", "retention.ms": "-1"}
"""Configuration of the target topics. Messages keep their timestamps, and by these retention would
delete them at once."""


def make_topics(settings: Settings) -> None:
    """Create the topics of a replay, the target topics with :data:`AS_IT_WAS`."""
    admin, played = TopicAdmin(settings), {settings.topic_prefix + topic.name for topic in PLAYED}
    plan = admin.look()
    admin.create(
        replace(topic, configuration={**topic.configuration, **AS_IT_WAS})
        if topic.name in played
        else topic
        for topic in plan.missing
    )
    for topic in admin.look().present:
        if topic.name in played and topic.configuration["message.timestamp.type"] != "CreateTime":
            raise UserError(
                f"{topic.name} is a live topic (its stamps are Kafka's own): choose another --into"
            )


class Sender:
    """Sends messages to given partitions, in order, without loss or duplicates.

    Parameters
    ----------
    settings
        Settings of the deployment that is played into.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer = BulkProducer(settings, PLAYED)
        self._there = {
            (topic, number): end for topic in PLAYED for number, end in self._ends(topic).items()
        }
        """Number of messages in each partition that an earlier run has sent."""
        self._last = {place: self._newest(*place) for place, end in self._there.items() if end}
        self._passed = dict.fromkeys(self._there, 0)
        self.sent = 0

    @property
    def resumes(self) -> int:
        """Number of messages that an earlier run has sent."""
        return sum(self._there.values())

    @property
    def is_passing(self) -> bool:
        """Whether it still skips what an earlier run has sent."""
        return any(self._passed[place] < there for place, there in self._there.items())

    def send(self, messages: Iterable[Played]) -> dict[Topic, int]:
        """Send messages; return their number by topic, including those that were skipped."""
        count: dict[Topic, int] = {}
        last: Topic | None = None
        for message in messages:
            count[message.topic] = count.get(message.topic, 0) + 1
            if last is not None and message.topic is not last:
                self.flush()  # a reading may close a tick that must see the messages before it
            last = message.topic
            place = (message.topic, message.partition)
            passed = self._passed[place]
            self._passed[place] = passed + 1
            if passed >= self._there[place]:
                self._producer.hand_over(
                    message.topic, message.key, message.value, message.partition, message.stamp_ms
                )
                self.sent += 1
            elif passed == self._there[place] - 1:
                self._check_same(message)
        self._producer.look()
        return count

    def flush(self) -> None:
        """Wait until Kafka has confirmed all messages."""
        self._producer.flush()

    def _check_same(self, message: Played) -> None:
        if self._last[message.topic, message.partition] != (
            message.key,
            message.value,
            message.stamp_ms,
        ):
            raise UserError(
                f"the topics under {self._settings.topic_prefix} hold another replay: choose"
                " another --into, or delete them"
            )

    def _ends(self, topic: Topic) -> dict[int, int]:
        """Return the end offsets, retrying while partitions were just created."""
        name = self._settings.topic_prefix + topic.name
        consumer = Consumer(looking_options(self._settings))
        end_s = time.monotonic() + ANSWER_S
        try:
            while True:
                try:
                    numbers = consumer.list_topics(name, ANSWER_S).topics[name].partitions
                    places = {number: TopicPartition(name, number) for number in sorted(numbers)}
                    return {
                        number: consumer.get_watermark_offsets(place, ANSWER_S)[1]
                        for number, place in places.items()
                    }
                except KafkaException as error:
                    if time.monotonic() > end_s:
                        reason = error.args[0].str()
                        raise UserError(f"{name} cannot be read: {reason}") from None
                    time.sleep(LOOK_S)
        finally:
            consumer.close()

    def _newest(self, topic: Topic, number: int) -> tuple[bytes, bytes | None, int]:
        name = self._settings.topic_prefix + topic.name
        consumer = Consumer(looking_options(self._settings))
        try:
            offset = self._there[topic, number] - 1
            span = {number: (offset, offset + 1)}
            newest = next(read_spans(consumer, name, span, within_s=ANSWER_S))[0]
            return newest.key() or b"", newest.value(), newest.timestamp()[1]
        except (KafkaException, StopIteration):
            raise UserError(f"the newest message of {name} cannot be read") from None
        finally:
            consumer.close()
