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

from gridcast.schemas import Reason, ReplayedLetters
from gridcast.schemas.topics import DEAD_LETTERS
from gridcast.stream.dead_letters.letters import Stored, Which, each_record_once, was_replayed
from gridcast.stream.dead_letters.reader import Box, Tell
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.bulk_producer import BulkProducer
from gridcast.stream.settings import Settings


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
        producer = BulkProducer(settings, [DEAD_LETTERS])
        # A message for a topic that is gone would wait for it, or create it.
        if gone := sorted(set(plan.records) - producer.present):
            raise UserError(f"not there any more: {', '.join(gone)} (--topic chooses another)")
        sent = 0
        try:
            for stored in self._chosen(lambda _: None):
                letter = stored.letter
                producer.hand_over_to(letter.topic, letter.original_key, letter.original)
                sent += 1
                tell(1)
            producer.flush()
        except UserError as error:
            raise UserError(f"{error}; run it again: a record sent twice counts once") from None
        memory = ReplayedLetters(
            replayed_at=datetime.now(UTC),
            below=self._box.below,
            reasons=sorted(self._which.reasons),
            topic=self._which.topic,
            since=self._which.since,
        )
        producer.send(DEAD_LETTERS, [(memory.key, memory.to_bytes())])
        producer.flush()
        return sent

    def _chosen(self, tell: Tell) -> Iterator[Stored]:
        meant = (
            stored
            for stored in self._box.letters(tell)
            if self._which.means(stored) and not was_replayed(stored, self._replays)
        )
        return each_record_once(meant)
