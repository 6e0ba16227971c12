"""The agent of `grid.series`. The newest declaration of each series counts."""

from collections.abc import AsyncIterable

from gridcast.agents.batch import Batch
from gridcast.agents.dead_letter import ReportRefusals
from gridcast.models.grid import Grid
from gridcast.schemas import GridSeries, Message, Reason, Refusal, read
from gridcast.schemas.topics import SERIES

MOST_CIRCLES = 1_000
"""Number of refusals of this kind to remember: more than occur within minutes."""


async def series(
    batches: AsyncIterable[Batch], grid: Grid, tell: ReportRefusals, *, message_bytes: int
) -> None:
    """Process batches until the stream ends.

    A message that is read again for its dead letter gets the same verdict as before and declares
    nothing, because newer declarations have replaced it.
    """
    declared: dict[int, int] = {}  # up to which offset, by partition
    circles: dict[tuple[int, int], Refusal] = {}
    async for batch in batches:
        refused = []
        new_from = declared.get(batch.partition, 0)
        for place, (key, value) in enumerate(zip(batch.keys, batch.values, strict=True)):
            record = (batch.partition, batch.offsets[place])
            message = read(SERIES, key, value, limit=message_bytes)
            if not isinstance(message, Refusal) and batch.offsets[place] >= new_from:
                message = _declare(grid, key or b"", message)
                if isinstance(message, Refusal):
                    circles[record] = message
            elif record in circles:
                message = circles[record]
            if isinstance(message, Refusal):
                refused.append((place, message))
        declared[batch.partition] = max(new_from, batch.next_offset)
        while len(circles) > MOST_CIRCLES:
            del circles[next(iter(circles))]
        await tell(batch, refused)


def _declare(grid: Grid, key: bytes, message: Message | None) -> Refusal | None:
    """Declare a series. A parent that would close a circle is refused, the rest counts."""
    if isinstance(message, GridSeries):
        if circle := grid.declare(message):
            return Refusal(Reason.OUT_OF_RANGE, f"parent: a circle: {' → '.join(circle)}"[:300])
    else:
        grid.remove(key.decode(errors="replace"))
    return None
