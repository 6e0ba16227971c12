"""The agent of `meter.readings`, and the partitions that it has in its hands."""

import asyncio
import logging
from collections.abc import AsyncIterable, Awaitable, Callable, Container, Iterable

from gridcast.agents.batch import Batch
from gridcast.agents.partition_processor import PartitionProcessor
from gridcast.agents.state_table import TableLostError

LOG = logging.getLogger("gridcast.readings")
AT_ONCE = 2
"""Partitions that are worked on at once. To write a tick's forecasts down takes one core; the next
partition's are computed meanwhile. More would only let all of them wait for each other."""


async def readings(batches: AsyncIterable[Batch], hands: "AssignedPartitions") -> None:
    """Take batches for as long as there are any: those of a partition one after the other."""
    free = asyncio.Semaphore(AT_ONCE)
    newest: dict[int, asyncio.Task[None]] = {}
    try:
        async with asyncio.TaskGroup() as at_work:
            async for batch in batches:
                if batch.partition in newest:
                    # Also to hear of it if that was given up: then nothing may follow it.
                    await newest[batch.partition]
                await free.acquire()
                taking = at_work.create_task(hands.take(batch))
                taking.add_done_callback(lambda _: free.release())
                newest[batch.partition] = taking
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None


class AssignedPartitions:
    """The partitions that this worker has.

    Parameters
    ----------
    hold
        Makes the :class:`PartitionProcessor` of a partition.
    rewind
        Lets a partition's messages come again from an offset on; gives the offset from which they
        do, which is a later one if Kafka has deleted what was asked for.
    rejoin
        Asks the group who is to have what. A worker that finds a table taken cannot know.
    """

    def __init__(
        self,
        hold: Callable[[int], PartitionProcessor],
        rewind: Callable[[int, int], Awaitable[int]],
        rejoin: Callable[[], None],
    ) -> None:
        self._hold = hold
        self._rewind = rewind
        self._rejoin = rejoin
        self._held: dict[int, PartitionProcessor] = {}
        self._opening: dict[int, asyncio.Task[None]] = {}

    async def assign(self, numbers: Iterable[int]) -> None:
        """Let go of what others have now, and begin to take over the rest, side by side."""
        wanted = set(numbers)
        for number in set(self._held) - wanted:
            await self._let_go(number)
        for number in wanted:
            if number in self._held:
                self._held[number].mark_ownership_uncertain()
            else:
                self._held[number] = self._hold(number)
            self._opening[number] = asyncio.create_task(self._open(number))

    def open(self) -> set[int]:
        """Return the partitions that have been taken over."""
        return set(self._held) - set(self.not_open())

    def not_open(self) -> list[int]:
        """Name those that are being taken over."""
        return sorted(number for number, opening in self._opening.items() if not opening.done())

    def saved_offsets(self) -> dict[int, int]:
        """Return the first offset that each partition's saved state does not contain.

        Partitions for which that is uncertain are left out.
        """
        offsets = {number: held.saved_offset for number, held in self._held.items()}
        return {number: offset for number, offset in offsets.items() if offset is not None}

    def oldest_tick_ms(self) -> int | None:
        """Give the tick of the partition that is furthest behind; None if one has none yet."""
        ticks = [held.tick_ms for held in self._held.values()]
        known = [tick for tick in ticks if tick is not None]
        return min(known) if known and len(known) == len(ticks) else None

    async def take(self, batch: Batch) -> None:
        """Take a batch; one of a partition that was lost is another worker's to take."""
        number = batch.partition
        held = await self._ready(number)
        if held is None or held.next_offset is None:
            return
        # Later, batches follow on each other: the transport sees to it.
        if held.is_fresh and batch.begin > held.next_offset:
            await self._go_back(batch, held, held.next_offset)
            return
        try:
            await held.take(batch)
        except TableLostError as lost:
            await self._lose(number, lost)

    async def on_timer(self, idle: Container[int], clock_ms: int | None = None) -> None:
        """Do what is due though no batch came.

        `idle` are the partitions of which no messages wait; `clock_ms` says up to where the clock
        closes their ticks, if it does.
        """
        open_ones = set(self._held) - set(self.not_open())
        # Side by side: one that waits for Kafka is not to hold up the others.
        await asyncio.gather(*(self._on_timer(n, n in idle, clock_ms) for n in sorted(open_ones)))

    async def save(self) -> None:
        """Keep all that is known: others may have it next."""
        await asyncio.gather(*(self._save(number) for number in list(self._held)))

    async def close(self) -> None:
        """Let all go."""
        for number in list(self._held):
            await self._let_go(number)

    async def _on_timer(self, number: int, is_idle: bool, clock_ms: int | None) -> None:
        held = await self._ready(number)
        if held is None:
            return
        try:
            await held.on_timer(is_idle=is_idle, clock_ms=clock_ms)
        except TableLostError as lost:
            await self._lose(number, lost)

    async def _save(self, number: int) -> None:
        try:
            await self._held[number].save()
        except TableLostError as lost:
            LOG.warning("partition %s: %s", number, lost, extra={"partition": number})

    async def _open(self, number: int) -> None:
        held = self._held[number]
        try:
            if await held.take_over():
                LOG.info(
                    "partition %s: taken over at offset %s",
                    number,
                    held.next_offset,
                    extra={"partition": number},
                )
        except TableLostError as lost:
            await self._lose(number, lost)

    async def _ready(self, number: int) -> PartitionProcessor | None:
        opening = self._opening.get(number)
        if opening is not None:
            await opening
        return self._held.get(number)

    async def _go_back(self, batch: Batch, held: PartitionProcessor, offset: int) -> None:
        """Fetch again what the group thinks is done, but the table does not contain."""
        LOG.warning(
            "partition %s: the group stands at %s, the table at %s; going on there",
            batch.partition,
            batch.begin,
            offset,
            extra={"partition": batch.partition},
        )
        first = await self._rewind(batch.partition, offset)
        if first > offset:
            LOG.error(
                "partition %s: %s messages are deleted that the table does not contain",
                batch.partition,
                first - offset,
                extra={"partition": batch.partition},
            )
        await held.skip_to(first)

    async def _lose(self, number: int, lost: TableLostError) -> None:
        LOG.warning(
            "partition %s: %s; asking the group who has it",
            number,
            lost,
            extra={"partition": number},
        )
        await self._let_go(number)
        self._rejoin()

    async def _let_go(self, number: int) -> None:
        held = self._held.pop(number, None)
        self._opening.pop(number, None)
        if held is not None:
            await held.close()
