"""Sends the records that letters are about again, to the topics they came from.

A record is sent as it came, key and bytes, once, however many letters there are about it. A frame
with one bad reading is sent whole: its good readings, used the first time, count once. What is
still wrong comes back as a new letter, which this replay does not see: it ends where the topic
ended when it began.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import KafkaException, Producer

from gridcast.schemas import Reason, ReplayedLetters
from gridcast.schemas.topics import DEAD_LETTERS
from gridcast.stream.dead_letters.letters import Stored, Which, each_record_once, was_replayed
from gridcast.stream.dead_letters.reader import Box, Tell
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.config import producer_options
from gridcast.stream.settings import Settings

WITHIN_S = 60.0


@dataclass(slots=True)
class ResendPlan:
    """What a replay would do."""

    records: Counter[str] = field(default_factory=Counter)
    """How many to each topic."""
    reasons: Counter[Reason] = field(default_factory=Counter)
    """Why they were not used; of a frame with several reasons, the first."""


class Replay:
    """One replay: looked at with `plan`, done with `send`."""

    def __init__(self, box: Box, which: Which, *, again: bool, tell: Tell) -> None:
        self._box = box
        self._which = which
        self._replays = [] if again else box.replays(tell)

    def plan(self, tell: Tell) -> ResendPlan:
        """Count what is to be sent."""
        plan = ResendPlan()
        for stored in self._chosen(tell):
            plan.records[stored.letter.topic] += 1
            plan.reasons[stored.letter.reason] += 1
        return plan

    def send(self, settings: Settings, plan: ResendPlan, tell: Callable[[int], None]) -> int:
        """Send all of it, wait until Kafka has confirmed every one, and remember it.

        Nothing is remembered of a replay that failed in part: it can be run again, and what is
        sent twice counts once.
        """
        sender = _Sender(settings)
        sender.check(plan.records)
        sent = 0
        for stored in self._chosen(lambda _: None):
            sender.send(stored.letter.topic, stored.letter.original_key, stored.letter.original)
            sent += 1
            tell(1)
        sender.finish(sent)
        memory = ReplayedLetters(
            replayed_at=datetime.now(UTC),
            below=self._box.below,
            reasons=sorted(self._which.reasons),
            topic=self._which.topic,
            since=self._which.since,
        )
        sender.send(settings.topic_prefix + DEAD_LETTERS.name, memory.key, memory.to_bytes())
        sender.finish(1)
        return sent

    def _chosen(self, tell: Tell) -> Iterator[Stored]:
        meant = (
            stored
            for stored in self._box.letters(tell)
            if self._which.means(stored) and not was_replayed(stored, self._replays)
        )
        return each_record_once(meant)


class _Sender:
    def __init__(self, settings: Settings) -> None:
        self._producer = Producer(producer_options(settings))
        self._failed: list[str] = []

    def check(self, topics: Counter[str]) -> None:
        """Refuse topics that are gone: a send would wait for them, or make them anew."""
        try:
            there = self._producer.list_topics(timeout=WITHIN_S).topics
        except KafkaException as error:
            raise UserError(f"Kafka does not answer: {error.args[0].str()}") from None
        if gone := sorted(set(topics) - set(there)):
            raise UserError(f"not there any more: {', '.join(gone)} (--topic chooses another)")

    def send(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        while True:
            try:
                self._producer.produce(topic, value, key, on_delivery=self._hear)
            except BufferError:
                self._producer.poll(0.1)  # as much is on its way as may be
            else:
                self._producer.poll(0)
                return

    def finish(self, count: int) -> None:
        left = self._producer.flush(WITHIN_S)
        if left or self._failed:
            why = self._failed[0] if self._failed else f"no answer within {WITHIN_S:.0f} s"
            missing = left + len(self._failed)
            raise UserError(f"{missing:,} of {count:,} were not confirmed: {why}; run it again")

    def _hear(self, error: Any, _: Any) -> None:
        if error is not None:
            self._failed.append(error.str())
