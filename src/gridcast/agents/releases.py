"""The agent of `model.releases`: the newest message of each release counts."""

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
    """Take batches for as long as there are any; `changed` is called after each."""
    taken: dict[int, int] = {}  # up to which offset, by partition
    async for batch in batches:
        refused = []
        new_from = taken.get(batch.partition, 0)
        for place, (key, value) in enumerate(zip(batch.keys, batch.values, strict=True)):
            found = read(RELEASES, key, value, limit=message_bytes)
            if isinstance(found, Refusal):
                refused.append((place, found))
            # What comes again, for letters about it to be written, is not the newest any more.
            elif batch.offsets[place] >= new_from:
                if isinstance(found, Release):
                    known.take(found)
                elif isinstance(found, ReleaseRefused):
                    known.refuse(found)
                elif key is not None:
                    known.remove(key)
        taken[batch.partition] = max(new_from, batch.next_offset)
        changed()
        await tell(batch, refused)
