"""Sends the records of dead letters again, to the topics that they came from.

A record is sent unchanged, and once, however many letters are about it. A frame with one bad
reading is sent whole; its good readings, which were used the first time, count once. A record that
is still wrong becomes a new letter. This replay does not see it, because it reads to the end
offsets at its start.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gridcast.schemas import Reason, ReplayedLetters
from gridcast.schemas.topics import DEAD_LETTERS
from gridcast.stream.dead_letters.letters import (
    LetterFilter,
    StoredLetter,
    each_record_once,
    was_replayed,
)
from gridcast.stream.dead_letters.reader import DeadLetterReader, Tell
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.bulk_producer import BulkProducer
from gridcast.stream.settings import Settings


@dataclass(slots=True)
class ResendPlan:
    """The records that a replay is going to send."""

    records: Counter[str] = field(default_factory=Counter)
    """Number of records by topic."""
    reasons: Counter[Reason] = field(default_factory=Counter)
    """Number of records by reason; of a frame with several reasons, by the first."""


class Replay:
    """One replay: `plan` counts its records, `send` sends them."""

    def __init__(
        self, reader: DeadLetterReader, which: LetterFilter, *, again: bool, tell: Tell
    ) -> None:
        self._reader = reader
        self._which = which
        self._replays = [] if again else reader.replays(tell)

    def plan(self, tell: Tell) -> ResendPlan:
        """Return the counts of the records that are to be sent."""
        plan = ResendPlan()
        for stored in self._chosen(tell):
            plan.records[stored.letter.topic] += 1
            plan.reasons[stored.letter.reason] += 1
        return plan

    def send(self, settings: Settings, plan: ResendPlan, tell: Callable[[int], None]) -> int:
        """Send all records; when Kafka has confirmed them, record the replay.

        A replay that failed in part is not recorded. It can be run again: a record that is sent
        twice counts once.
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
        record = ReplayedLetters(
            replayed_at=datetime.now(UTC),
            below=self._reader.below,
            reasons=sorted(self._which.reasons),
            topic=self._which.topic,
            since=self._which.since,
        )
        producer.send(DEAD_LETTERS, [(record.key, record.to_bytes())])
        producer.flush()
        return sent

    def _chosen(self, tell: Tell) -> Iterator[StoredLetter]:
        meant = (
            stored
            for stored in self._reader.letters(tell)
            if self._which.means(stored) and not was_replayed(stored, self._replays)
        )
        return each_record_once(meant)
