"""Dead letters: reports about records that could not be used."""

from collections.abc import Awaitable, Callable, Sequence

from gridcast.agents.batch import Batch
from gridcast.schemas import DeadLetter, Refusal
from gridcast.units import utc_time

Refused = Sequence[tuple[int, Refusal]]
"""Index of each refused record in its batch, and why it was refused."""
ReportRefusals = Callable[[Batch, Refused], Awaitable[None]]
"""Called with the refusals of every batch, even if there are none. Returns when they are saved."""


def dead_letter(batch: Batch, place: int, refusal: Refusal) -> DeadLetter:
    """Return the dead letter about one record of a batch."""
    return DeadLetter(
        topic=batch.topic,
        partition=batch.partition,
        offset=batch.offsets[place],
        entry=refusal.entry,
        sent_at=utc_time(int(batch.sent_ms[place])),
        reason=refusal.reason,
        detail=refusal.detail,
        original_key=batch.keys[place],
        original=batch.values[place],
    )
