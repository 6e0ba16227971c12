"""The agent of `meter.readings`, and the partitions that are assigned to this worker."""

import asyncio
import logging
from collections.abc import AsyncIterable, Awaitable, Callable, Container, Iterable

from gridcast.agents.batch import Batch
from gridcast.agents.partition_processor import PartitionProcessor
from gridcast.agents.state_table import TableLostError

LOG = logging.getLogger("gridcast.readings")
AT_ONCE = 2
"""Partitions processed at the same time. Encoding a tick's forecasts takes one core, and the next
partition's are computed meanwhile. More would only wait for each other."""


async def readings(batches: AsyncIterable[Batch], hands: "AssignedPartitions") -> None:
    """Process batches as they arrive: partitions side by side, each one's batches in order."""
    free = asyncio.Semaphore(AT_ONCE)
    newest: dict[int, asyncio.Task[None]] = {}
    try:
        async with asyncio.TaskGroup() as at_work:
            async for batch in batches:
                if batch.partition in newest:
                    # Raises if that one was cancelled: then no later batch may follow it.
                    await newest[batch.partition]
                await free.acquire()
                taking = at_work.create_task(hands.take(batch))
                taking.add_done_callback(lambda _: free.release())
                newest[batch.partition] = taking
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None


class AssignedPartitions:
    """The partitions that the group has assigned to this worker.

    Parameters
    ----------
    hold
        Returns a new :class:`PartitionProcessor` for a partition.
    rewind
        Seeks a partition back to an offset. Returns the offset it continues from, which is later if
        Kafka has deleted the messages in between.
    rejoin
        Rejoins the group, to learn who has which partition now.
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
        """Close partitions that others have now, and begin to take over the rest side by side."""
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
        """Return the partitions that are still being taken over."""
        return sorted(number for number, opening in self._opening.items() if not opening.done())

    def saved_offsets(self) -> dict[int, int]:
        """Return the first offset that each partition's saved state does not contain.

        Partitions for which that is uncertain are left out.
        """
        offsets = {number: held.saved_offset for number, held in self._held.items()}
        return {number: offset for number, offset in offsets.items() if offset is not None}

    def oldest_tick_ms(self) -> int | None:
        """Return the tick of the partition furthest behind; None if one has no tick yet."""
        ticks = [held.tick_ms for held in self._held.values()]
        known = [tick for tick in ticks if tick is not None]
        return min(known) if known and len(known) == len(ticks) else None

    async def take(self, batch: Batch) -> None:
        """Process a batch. A batch of a partition that was lost is left to its new worker."""
        number = batch.partition
        held = await self._ready(number)
        if held is None or held.next_offset is None:
            return
        # Later batches follow on each other: the transport guarantees it.
        if held.is_fresh and batch.begin > held.next_offset:
            await self._go_back(batch, held, held.next_offset)
            return
        try:
            await held.take(batch)
        except TableLostError as lost:
            await self._lose(number, lost)

    async def on_timer(self, idle: Container[int], clock_ms: int | None = None) -> None:
        """Do what is due even if no batch arrives.

        `idle` are the partitions without waiting messages. Their ticks are closed up to `clock_ms`;
        None: the clock closes no ticks.
        """
        # Side by side: a partition that waits for Kafka must not hold up the others.
        await asyncio.gather(*(self._on_timer(n, n in idle, clock_ms) for n in sorted(self.open())))

    async def save(self) -> None:
        """Save every partition: another worker may get it next."""
        await asyncio.gather(*(self._save(number) for number in list(self._held)))

    async def close(self) -> None:
        """Close all partitions."""
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
        """Read again what the group has committed but the saved state does not contain."""
        LOG.warning(
            "partition %s: committed offset %s is ahead of the state's offset %s; "
            "re-reading from the state's offset",
            batch.partition,
            batch.begin,
            offset,
            extra={"partition": batch.partition},
        )
        first = await self._rewind(batch.partition, offset)
        if first > offset:
            LOG.error(
                "partition %s: data loss: %s messages were deleted by retention before they were "
                "processed (offsets %s to %s)",
                batch.partition,
                first - offset,
                offset,
                first - 1,
                extra={"partition": batch.partition},
            )
        await held.skip_to(first)

    async def _lose(self, number: int, lost: TableLostError) -> None:
        LOG.warning(
            "partition %s: %s; rejoining the group to learn which partitions are assigned",
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
