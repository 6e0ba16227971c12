"""Dead letters: what is written about a record that could not be used."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from gridcast.agents.batch import Batch
from gridcast.schemas import DeadLetter, Refusal

Refused = Sequence[tuple[int, Refusal]]
"""The place of each record in its batch, and why it was not used."""
ReportRefusals = Callable[[Batch, Refused], Awaitable[None]]
"""Told of every batch what of it was refused, be it nothing; done when that is sure to be known."""


def dead_letter(batch: Batch, place: int, refusal: Refusal) -> DeadLetter:
    """Write the letter about one record of a batch."""
    return DeadLetter(
        topic=batch.topic,
        partition=batch.partition,
        offset=batch.offsets[place],
        entry=refusal.entry,
        sent_at=datetime.fromtimestamp(int(batch.sent_ms[place]) / 1000, UTC),
        reason=refusal.reason,
        detail=refusal.detail,
        original_key=batch.keys[place],
        original=batch.values[place],
    )
