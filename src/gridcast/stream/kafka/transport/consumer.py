"""A Faust consumer with batch delivery and acknowledgement of our own.

Group and rebalance are Faust's. `docs/decisions/batch-transport.md` describes the defects (R1 to
R5) that are named here.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import faust
from aiokafka.errors import IllegalStateError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage
from mode.utils.futures import notify
from yarl import URL

from gridcast.stream.kafka.transport.fetch import Fetched, FetchThread
from gridcast.stream.kafka.transport.message_fields import message_fields
from gridcast.stream.kafka.transport.partition_position import (
    FetchBuffer,
    FetchedChunk,
    PartitionPosition,
)

LOG = logging.getLogger("gridcast.transport")
STOP_WITHIN_S = 15.0
"""Longest wait for agents and for Kafka when a worker stops. Supervisors usually kill a process
after 30 s."""


class PartitionOffsets(NamedTuple):
    """How far a partition is. Every offset is that of the next message."""

    delivered: int
    """Up to here the agents were given batches."""
    acked: int
    """Up to here they were acknowledged."""
    end: int | None
    """The end offset of the last answer to a fetch. It does not change while nothing is fetched
    because the agents have enough to do. None before the first answer."""


class ChunkMessage(ConsumerMessage):
    """A chunk as Faust sees it: one message, at the chunk's first offset."""

    def __init__(self, chunk: FetchedChunk, generation: int) -> None:
        super().__init__(**message_fields(chunk.batch), generation_id=generation)
        self.chunk = chunk

    def on_final_ack(self, consumer: Any) -> bool:  # noqa: ARG002 - the signature is Faust's
        """Do nothing: Faust also acknowledges what failed (R5)."""
        return False


class NullOffsets(dict[TP, int | None]):
    """Faust's record of the offsets read, always empty.

    Faust uses it to drop what comes again after a seek, and to note gaps for R4's tree. Our
    positions do this instead.
    """

    def __getitem__(self, tp: TP) -> int | None:
        """Return None."""
        return None

    def __setitem__(self, tp: TP, offset: int | None) -> None:
        """Ignore the offset."""


class BatchConsumer(driver.Consumer):
    """Faust's consumer, delivering one event per fetched chunk."""

    before_revoke: Callable[[], Awaitable[None]] | None = None
    """Awaited before the partitions are given up, in a rebalance or a stop. The agents have left
    their batches, and what is acknowledged here is still committed."""

    _thread: FetchThread

    def __init__(self, transport: "BatchTransport", *args: Any, **kwargs: Any) -> None:
        super().__init__(transport, *args, **kwargs)
        self._with_headers = transport.with_headers
        self._read_offset = NullOffsets()
        self._positions: dict[TP, PartitionPosition] = {}
        self._buffer = FetchBuffer()
        self._to_resume: set[TP] = set()
        self._changed = asyncio.Event()
        self.has_given_up = False
        """Whether it stops without waiting for agents, and commits no more."""

    def _new_consumer_thread(self) -> FetchThread:
        return FetchThread(self, loop=self.loop, beacon=self.beacon)

    # For the app.

    def acknowledge(self, tp: TP, offset: int) -> None:
        """Allow committing up to an offset: not more than was delivered, and not less than before.

        For a partition that is no longer assigned it does nothing.
        """
        position = self._positions.get(tp)
        if position is not None:
            position.acknowledge(offset)

    async def rewind(self, tp: TP, offset: int) -> int:
        """Deliver a partition's messages again from an offset on; return where that begins.

        It is a higher offset if Kafka has deleted messages. What was fetched and not delivered is
        fetched again. For a partition that is no longer assigned nothing is delivered.
        """
        buffer = self._buffer
        start = (await self._first_available({tp: offset}))[tp]
        position = self._positions.pop(tp, None)
        if position is None or buffer is not self._buffer:
            return start
        with suppress(IllegalStateError):  # no longer assigned
            await self.seek_wait({tp: start})
            if buffer is self._buffer:
                self._positions[tp] = position.rewound(start)
        self._changed.set()
        return start

    def rejoin(self) -> None:
        """Ask for a rebalance: partitions are revoked and assigned anew.

        If the assignment does not change, the generation may stay the same.
        """
        self._thread.request_rejoin()

    def partition_offsets(self) -> dict[TP, PartitionOffsets]:
        """Return how far each assigned partition is."""
        ends = self._thread.ends(self._positions) if self._positions else {}
        return {
            tp: PartitionOffsets(position.delivered, position.acked, ends.get(tp))
            for tp, position in self._positions.items()
        }

    # Delivery.

    def is_at(self, tp: TP, position: PartitionPosition) -> bool:
        """Return whether this is still a partition's position; called by the fetch thread."""
        return self._positions.get(tp) is position

    async def _getmany(self, active_partitions: Any, timeout: float) -> Any:  # noqa: ASYNC109
        """Fetch from the partitions that have a position, if the buffer is not full.

        R3: the set is a copy. Faust passes one that it keeps changing, and to aiokafka an empty set
        means every partition.
        """
        active = frozenset(active_partitions or ()) - self._paused_partitions
        wanted = {tp: position for tp, position in self._positions.items() if tp in active}
        buffer = self._buffer
        if not wanted or buffer.is_full:
            await self._wait(timeout)
            return {}
        generation = self.app.consumer_generation_id
        fetched = await self._thread.getmany(wanted, timeout)
        return {
            tp: [ChunkMessage(self._chunk(tp, wanted[tp], buffer, records), generation)]
            for tp, records in fetched.items()
        }

    def _chunk(
        self, tp: TP, position: PartitionPosition, buffer: FetchBuffer, fetched: Fetched
    ) -> FetchedChunk:
        batch = fetched.batch(tp, with_headers=self._with_headers)
        size = sum(map(len, filter(None, batch.keys))) + sum(map(len, filter(None, batch.values)))
        chunk = FetchedChunk(position, buffer, batch, size)
        chunk.enter_buffer()
        return chunk

    def _to_message(self, tp: TP, record: Any) -> Any:  # noqa: ARG002 - the signature is Faust's
        return record

    async def _wait(self, timeout: float) -> None:  # noqa: ASYNC109
        self._changed.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), timeout)

    def deliver(self, message: ChunkMessage) -> bool:
        """Return whether the agent gets this chunk; a hole raises a HoleError.

        What was fetched before a seek is left out: it is fetched again.
        """
        chunk = message.chunk
        return self.is_at(message.tp, chunk.position) and chunk.deliver()

    def release(self, message: ChunkMessage) -> None:
        """Release a chunk that the agent has left."""
        message.chunk.leave_buffer()
        self._unacked_messages.discard(message)
        notify(self._waiting_for_ack)
        self._changed.set()

    # Committing.

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        held = self._positions
        return (tp for tp in held if topics is None or tp in topics or tp.topic in topics)

    def _new_offset(self, tp: TP) -> int | None:
        """Return what may be committed: what the app acknowledged, not Faust's record (R4)."""
        position = self._positions.get(tp)
        return None if position is None else position.committable

    async def wait_empty(self) -> None:
        """Wait for the agents, and commit. When the worker stops, the wait has a limit.

        Faust would wait for as long as Kafka is away. Nothing is lost: what was not saved is read
        again.
        """
        if self.has_given_up:
            return
        try:
            async with asyncio.timeout(STOP_WITHIN_S if self.app.should_stop else None):
                await super().wait_empty()
        except TimeoutError:
            LOG.warning(
                "stopping without saving everything: it took longer than %.0f s; the next worker "
                "continues from the last checkpoint",
                STOP_WITHIN_S,
            )
            self.has_given_up = True
            self._let_go()

    async def commit_and_end_transactions(self) -> None:
        """Commit for the last time before the partitions are given up.

        After a crash nothing more is saved: an agent may have done half of its work, and Faust
        would wait forever for an answer from the fetch thread.
        """
        if self._positions and not self.crashed:
            if self.before_revoke is not None:
                try:
                    await self.before_revoke()
                except Exception:
                    LOG.exception("not everything was saved before the partitions were given up")
            # Otherwise Faust would take a commit that is under way for the last one.
            await self.maybe_wait_for_commit_to_finish()
            await super().commit_and_end_transactions()
        self._let_go()

    async def verify_all_partitions_active(self) -> None:
        """Do nothing: `stream/worker/watchdog.py` checks this without the consumer."""

    # Seeking.

    async def perform_seek(self) -> None:
        """Seek every partition to its committed offset.

        Faust seeks only to committed offsets above 0. A partition without one stays where a fetch
        before the seek had moved it (R1).
        """
        self._positions.clear()
        buffer = self._buffer
        await super().perform_seek()
        starts = await self._first_available(
            {tp: self._committed_offset[tp] for tp in self.assignment()}
        )
        await self.seek_wait(starts)
        if buffer is self._buffer:
            self._positions |= {tp: PartitionPosition.at(start) for tp, start in starts.items()}

    async def _first_available(self, offsets: Mapping[TP, int | None]) -> dict[TP, int]:
        """Return the first offsets from these on that Kafka still has, and log any loss."""
        first = await self.earliest_offsets(*offsets)
        for tp, offset in offsets.items():
            if offset is not None and offset < first[tp]:
                LOG.error(
                    "%s/%s: data loss: %s messages were deleted by retention before they were read "
                    "(offsets %s to %s); the topic's retention is shorter than the time that no "
                    "worker read it",
                    tp.topic,
                    tp.partition,
                    first[tp] - offset,
                    offset,
                    first[tp] - 1,
                )
        return {tp: max(offset or 0, first[tp]) for tp, offset in offsets.items()}

    def _let_go(self) -> None:
        self._positions.clear()
        self._buffer = FetchBuffer()
        self._to_resume.clear()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Wait for the agents and commit, as Faust does here, then drop the partitions."""
        self._to_resume.clear()
        await super().on_partitions_revoked(revoked)
        self._let_go()

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        """Note partitions that are to be resumed with the flow, not before (R1).

        Faust resumes, then seeks, then clears the agents' queues. What was fetched in between is
        lost, and nothing behind it is ever committed.
        """
        self._to_resume |= set(tps)

    def resume_flow(self) -> None:
        """Resume the noted partitions: by now they are sought, and the queues are clear."""
        super().resume_partitions(self._to_resume)
        self._to_resume.clear()
        super().resume_flow()
        self._changed.set()

    async def _wait_next_records(self, timeout: float) -> Any:  # noqa: ASYNC109
        """Drop what was fetched while the flow was stopped: a seek precedes its resumption.

        Faust seeks here as well, concurrently with a rebalance. And it drops records of partitions
        that are not active any more, which would be a hole (R3); None stands for all.
        """
        records, _ = await super()._wait_next_records(timeout)
        return (records, None) if self.flow_active else (None, None)


class NoProducer(driver.Producer):
    """A producer that connects to nothing: outputs bypass Faust, in transactions."""

    async def on_start(self) -> None:
        """Do nothing."""


class BatchTransport(driver.Transport):
    """A Kafka transport for Faust apps whose agents take whole chunks."""

    Consumer = BatchConsumer
    Producer = NoProducer

    with_headers = False
    """Whether batches contain the headers of their messages."""

    def __init__(self, brokers: Iterable[str], app: faust.App) -> None:
        super().__init__([URL(f"kafka://{address}") for address in brokers], app)
