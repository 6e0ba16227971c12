"""The agent of `meter.readings`: what can be used is counted, what cannot becomes a dead letter."""

from collections import Counter
from collections.abc import AsyncIterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gridcast.agents.batch import Batch, Send
from gridcast.schemas import DeadLetter, Decoded, Reason, Refusal, TimeBounds, decode, within
from gridcast.schemas.bounds import NEVER
from gridcast.schemas.topics import DEAD_LETTERS


@dataclass(slots=True)
class Tally:
    """What has become of the readings since the worker started."""

    used: int = 0
    refused: Counter[Reason] = field(default_factory=Counter)
    newest_ms: dict[int, int] = field(default_factory=dict)
    """The newest reading of each partition (event time)."""

    def add(self, partition: int, decoded: Decoded, newest_ms: int) -> None:
        """Count one batch."""
        self.used += len(decoded.readings)
        self.refused.update(refusal.reason for _, refusal in decoded.refused)
        self.newest_ms[partition] = newest_ms


async def readings(
    batches: AsyncIterable[Batch],
    send: Send,
    tally: Tally,
    *,
    bounds: TimeBounds,
    message_bytes: int,
) -> None:
    """Take batches for as long as there are any."""
    async for batch in batches:
        newest_ms = tally.newest_ms.get(batch.partition, NEVER)
        decoded = decode(batch.keys, batch.values, limit=message_bytes)
        decoded, newest_ms = within(decoded, batch.sent_ms, newest_ms, bounds)
        letters = [_dead_letter(batch, place, refusal) for place, refusal in decoded.refused]
        if letters:
            await send(DEAD_LETTERS, letters)
        tally.add(batch.partition, decoded, newest_ms)


def _dead_letter(batch: Batch, place: int, refusal: Refusal) -> DeadLetter:
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
