"""The consumer: Faust's group and rebalance, with our delivery and acknowledgement.

`docs/decisions/batch-transport.md` tells the defects (R1 to R5) that are named here.
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
from gridcast.stream.kafka.transport.partition_position import (
    FetchBuffer,
    FetchedChunk,
    PartitionPosition,
)

LOG = logging.getLogger("gridcast.transport")
STOP_WITHIN_S = 15.0
"""A worker that stops waits no longer for its agents and for Kafka: whoever asked it to stop waits
30 s as a rule, and then kills it."""


class PartitionOffsets(NamedTuple):
    """How far a partition is. Every offset is of the next message."""

    handed: int
    """Up to where agents were given batches."""
    done: int
    """Up to where they were acknowledged."""
    end: int | None
    """Up to where there are messages, as last heard. It stands still when nothing is fetched: while
    the agents have enough to do. None before the first answer."""


class ChunkMessage(ConsumerMessage):
    """A chunk, as Faust sees it: one message, at the chunk's first offset."""

    def __init__(self, chunk: FetchedChunk, generation: int) -> None:
        batch = chunk.batch
        super().__init__(
            batch.topic,
            batch.partition,
            batch.begin,
            timestamp=float(batch.sent_ms[-1]) / 1000 if len(batch) else 0.0,
            timestamp_type=1,
            headers=None,
            key=None,
            value=None,
            checksum=None,
            generation_id=generation,
        )
        self.chunk = chunk

    def on_final_ack(self, consumer: Any) -> bool:  # noqa: ARG002 - the signature is Faust's
        """Do nothing: Faust acknowledges also what failed (R5)."""
        return False


class NullOffsets(dict[TP, int | None]):
    """What Faust notes as read, kept empty.

    By it Faust drops what comes again after a seek, and notes gaps for R4's tree. Ours is in the
    places.
    """

    def __getitem__(self, tp: TP) -> int | None:
        """Know of nothing."""
        return None

    def __setitem__(self, tp: TP, offset: int | None) -> None:
        """Forget it."""


class BatchConsumer(driver.Consumer):
    """Faust's consumer, delivering one event a chunk."""

    before_revoke: Callable[[], Awaitable[None]] | None = None
    """Awaited when the partitions are about to be given up, in a rebalance or a stop: agents have
    left their batches, and what is acknowledged here is still committed."""

    _thread: FetchThread

    def __init__(self, transport: "BatchTransport", *args: Any, **kwargs: Any) -> None:
        super().__init__(transport, *args, **kwargs)
        self._with_headers = transport.with_headers
        self._read_offset = NullOffsets()
        self._places: dict[TP, PartitionPosition] = {}
        self._room = FetchBuffer()
        self._to_resume: set[TP] = set()
        self._look_again = asyncio.Event()
        self.has_given_up = False
        """It stops, and neither waits for agents nor commits any more."""

    def _new_consumer_thread(self) -> FetchThread:
        return FetchThread(self, loop=self.loop, beacon=self.beacon)

    # For the app.

    def acknowledge(self, tp: TP, offset: int) -> None:
        """Let the group be told that all before an offset is done with.

        No more than was handed over, and never less than before. Of a partition that we no longer
        have it is for others to say.
        """
        place = self._places.get(tp)
        if place is not None:
            place.acknowledge(offset)

    async def rewind(self, tp: TP, offset: int) -> int:
        """Hand over a partition's messages again from an offset on; gives where it goes on.

        That is a later one where Kafka has deleted messages, and nowhere if the partition is no
        longer ours. What was fetched and not handed over is fetched again.
        """
        room = self._room
        start = (await self._first_left({tp: offset}))[tp]
        place = self._places.pop(tp, None)
        if place is None or room is not self._room:
            return start
        with suppress(IllegalStateError):  # not ours any more
            await self.seek_wait({tp: start})
            if room is self._room:
                self._places[tp] = place.rewound(start)
        self._look_again.set()
        return start

    def rejoin(self) -> None:
        """Ask the group who is to have what: partitions are revoked and assigned anew.

        If the group is of the same mind, the generation may be the same.
        """
        self._thread.request_rejoin()

    def standing(self) -> dict[TP, PartitionOffsets]:
        """Give how far each of our partitions is."""
        ends = self._thread.ends(self._places) if self._places else {}
        return {
            tp: PartitionOffsets(place.handed, place.done, ends.get(tp))
            for tp, place in self._places.items()
        }

    # Delivery.

    def is_at(self, tp: TP, place: PartitionPosition) -> bool:
        """Tell whether a partition still has this place; asked from the thread that fetches."""
        return self._places.get(tp) is place

    async def _getmany(self, active_partitions: Any, timeout: float) -> Any:  # noqa: ASYNC109
        """Fetch from partitions that were sought, if there is room.

        R3: the set is our own. Faust passes the one it goes on changing, and to aiokafka an empty
        set means every partition.
        """
        active = frozenset(active_partitions or ()) - self._paused_partitions
        wanted = {tp: place for tp, place in self._places.items() if tp in active}
        room = self._room
        if not wanted or room.is_full:
            await self._wait(timeout)
            return {}
        generation = self.app.consumer_generation_id
        fetched = await self._thread.getmany(wanted, timeout)
        return {
            tp: [ChunkMessage(self._chunk(tp, wanted[tp], room, records), generation)]
            for tp, records in fetched.items()
        }

    def _chunk(
        self, tp: TP, place: PartitionPosition, room: FetchBuffer, fetched: Fetched
    ) -> FetchedChunk:
        batch = fetched.batch(tp, with_headers=self._with_headers)
        size = sum(map(len, filter(None, batch.keys))) + sum(map(len, filter(None, batch.values)))
        chunk = FetchedChunk(place, room, batch, size)
        chunk.enter()
        return chunk

    def _to_message(self, tp: TP, record: Any) -> Any:  # noqa: ARG002 - the signature is Faust's
        return record

    async def _wait(self, timeout: float) -> None:  # noqa: ASYNC109
        self._look_again.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._look_again.wait(), timeout)

    def hand_over(self, message: ChunkMessage) -> bool:
        """Tell whether an agent is to have this chunk; a hole raises.

        What was fetched before a seek is fetched again after it, so it is left out.
        """
        chunk = message.chunk
        return self.is_at(message.tp, chunk.place) and chunk.hand_over()

    def release(self, message: ChunkMessage) -> None:
        """Take note that the agent has left this chunk."""
        message.chunk.leave()
        self._unacked_messages.discard(message)
        notify(self._waiting_for_ack)
        self._look_again.set()

    # Committing.

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        return (tp for tp in self._places if topics is None or tp in topics or tp.topic in topics)

    def _new_offset(self, tp: TP) -> int | None:
        """Give what may be committed: what the app acknowledged, not what Faust thinks (R4)."""
        place = self._places.get(tp)
        return None if place is None else place.committable

    async def wait_empty(self) -> None:
        """Let agents finish, and commit; when the worker stops, not for ever.

        Faust would wait for a Kafka that is away. Nothing is lost: what is not kept is read again.
        """
        if self.has_given_up:
            return
        try:
            async with asyncio.timeout(STOP_WITHIN_S if self.app.should_stop else None):
                await super().wait_empty()
        except TimeoutError:
            LOG.warning(
                "stopping, though not all is kept after %.0f s: the next worker goes on from what "
                "was kept last",
                STOP_WITHIN_S,
            )
            self.has_given_up = True
            self._let_go()

    async def commit_and_end_transactions(self) -> None:
        """Commit for the last time before the partitions are given up.

        After a crash nothing more is kept: an agent may have left half of its work behind, and
        Faust would wait for ever for an answer from the thread.
        """
        if self._places and not self.crashed:
            if self.before_revoke is not None:
                try:
                    await self.before_revoke()
                except Exception:
                    LOG.exception("not everything was kept before the partitions were given up")
            await self.maybe_wait_for_commit_to_finish()  # Faust would be content with that one
            await super().commit_and_end_transactions()
        self._let_go()

    async def verify_all_partitions_active(self) -> None:
        """Do nothing: `stream/worker/watchdog.py` does it without a consumer."""

    # Seeking.

    async def perform_seek(self) -> None:
        """Go to where the group stands, in every partition.

        Faust goes only to committed offsets greater than 0, and so leaves a partition of which
        nothing is committed wherever a fetch before the seek had moved it (R1).
        """
        self._places.clear()
        room = self._room
        await super().perform_seek()
        starts = await self._first_left(
            {tp: self._committed_offset[tp] for tp in self.assignment()}
        )
        await self.seek_wait(starts)
        if room is self._room:
            self._places |= {tp: PartitionPosition.at(start) for tp, start in starts.items()}

    async def _first_left(self, offsets: Mapping[TP, int | None]) -> dict[TP, int]:
        """Give the first offsets from these on that Kafka still has; a loss is told."""
        first = await self.earliest_offsets(*offsets)
        for tp, offset in offsets.items():
            if offset is not None and offset < first[tp]:
                LOG.error(
                    "%s/%s: %s messages were deleted before they were read (offsets %s to %s); "
                    "the topic keeps less than this worker was away",
                    tp.topic,
                    tp.partition,
                    first[tp] - offset,
                    offset,
                    first[tp] - 1,
                )
        return {tp: max(offset or 0, first[tp]) for tp, offset in offsets.items()}

    def _let_go(self) -> None:
        self._places.clear()
        self._room = FetchBuffer()
        self._to_resume.clear()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Let agents finish and commit (which Faust does here), then forget the partitions."""
        self._to_resume.clear()
        await super().on_partitions_revoked(revoked)
        self._let_go()

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        """Resume them when the flow is resumed, and not before (R1).

        Faust resumes, then seeks, then clears the agents' queues: what was fetched in between is
        lost, and nothing after it is ever committed.
        """
        self._to_resume |= set(tps)

    def resume_flow(self) -> None:
        """Resume what was to be resumed: by now it has been sought, and the queues are clear."""
        super().resume_partitions(self._to_resume)
        self._to_resume.clear()
        super().resume_flow()
        self._look_again.set()

    async def _wait_next_records(self, timeout: float) -> Any:  # noqa: ASYNC109
        """Drop what was fetched while the flow stopped: it is sought before it is resumed.

        Faust seeks here as well, at the same time as a rebalance does. And it drops what is not
        active any more (None: all is), which would be a hole (R3).
        """
        records, _ = await super()._wait_next_records(timeout)
        return (records, None) if self.flow_active else (None, None)


class NoProducer(driver.Producer):
    """What we send goes past Faust, in transactions: nothing is to be connected for it."""

    async def on_start(self) -> None:
        """Connect to nothing."""


class BatchTransport(driver.Transport):
    """Faust's Kafka transport for apps whose agents take whole chunks."""

    Consumer = BatchConsumer
    Producer = NoProducer

    with_headers = False
    """Whether batches are to have the headers of their messages."""

    def __init__(self, brokers: Iterable[str], app: faust.App) -> None:
        super().__init__([URL(f"kafka://{address}") for address in brokers], app)
