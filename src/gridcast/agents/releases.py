"""The agent of `model.releases`. The newest message of each release counts."""

from collections.abc import AsyncIterable, Callable

from gridcast.agents.batch import Batch
from gridcast.agents.dead_letter import ReportRefusals
from gridcast.models.serving.release_registry import ReleaseRegistry
from gridcast.schemas import Refusal, Release, ReleaseRefused, read
from gridcast.schemas.topics import RELEASES


async def releases(
    batches: AsyncIterable[Batch],
    known: ReleaseRegistry,
    tell: ReportRefusals,
    changed: Callable[[], None],
    *,
    message_bytes: int,
) -> None:
    """Process batches until the stream ends. `changed` is called after each batch."""
    taken: dict[int, int] = {}  # up to which offset, by partition
    async for batch in batches:
        refused = []
        new_from = taken.get(batch.partition, 0)
        for place, (key, value) in enumerate(zip(batch.keys, batch.values, strict=True)):
            message = read(RELEASES, key, value, limit=message_bytes)
            if isinstance(message, Refusal):
                refused.append((place, message))
            # A message that is read again for its dead letter is no longer the newest.
            elif batch.offsets[place] >= new_from:
                if isinstance(message, Release):
                    known.take(message)
                elif isinstance(message, ReleaseRefused):
                    known.refuse(message)
                elif key is not None:
                    known.remove(key)
        taken[batch.partition] = max(new_from, batch.next_offset)
        changed()
        await tell(batch, refused)
