"""The agent of `grid.series`: the newest declaration of each series counts."""

from collections.abc import AsyncIterable

from gridcast.agents.batch import Batch
from gridcast.agents.dead_letter import ReportRefusals
from gridcast.models.grid import Grid
from gridcast.schemas import GridSeries, Message, Reason, Refusal, read
from gridcast.schemas.topics import SERIES

MOST_CIRCLES = 1_000
"""Refusals of this kind that are remembered: those of the last minutes, and plenty of them."""


async def series(
    batches: AsyncIterable[Batch], grid: Grid, tell: ReportRefusals, *, message_bytes: int
) -> None:
    """Take batches for as long as there are any.

    What comes again, because letters about it may not have been written, is judged as it was the
    first time and declares nothing: newer declarations have replaced it since.
    """
    declared: dict[int, int] = {}  # up to which offset, by partition
    circles: dict[tuple[int, int], Refusal] = {}
    async for batch in batches:
        refused = []
        new_from = declared.get(batch.partition, 0)
        for place, (key, value) in enumerate(zip(batch.keys, batch.values, strict=True)):
            record = (batch.partition, batch.offsets[place])
            found = read(SERIES, key, value, limit=message_bytes)
            if not isinstance(found, Refusal) and batch.offsets[place] >= new_from:
                found = _declare(grid, key or b"", found)
                if isinstance(found, Refusal):
                    circles[record] = found
            elif record in circles:
                found = circles[record]
            if isinstance(found, Refusal):
                refused.append((place, found))
        declared[batch.partition] = max(new_from, batch.next_offset)
        while len(circles) > MOST_CIRCLES:
            del circles[next(iter(circles))]
        await tell(batch, refused)


def _declare(grid: Grid, key: bytes, found: Message | None) -> Refusal | None:
    """Take a declaration; all of it counts but a parent that closes a circle, which is refused."""
    if isinstance(found, GridSeries):
        if circle := grid.declare(found):
            return Refusal(Reason.OUT_OF_RANGE, f"parent: a circle: {' → '.join(circle)}"[:300])
    else:
        grid.remove(key.decode(errors="replace"))
    return None
