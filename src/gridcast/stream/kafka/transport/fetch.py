"""The thread of the Kafka client: it fetches records, with the positions before and after.

It also turns records into columns, by one list comprehension per column and without Faust's
objects.
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

import aiokafka
import numpy as np
from aiokafka.errors import ConsumerStoppedError
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP
from mode import Service
from mode.threads import WorkerThread

from gridcast.agents.batch import Batch
from gridcast.stream.kafka.retry import retry_async
from gridcast.stream.kafka.transport.partition_position import PartitionPosition

LOG = logging.getLogger("gridcast.transport")
FETCH_WAIT_MS = 100
"""How long a broker holds back an empty answer. aiokafka has one fetch per broker in flight: with
Faust's 1.5 s, a partition with messages waits that long for one without."""

LEAVE_WITHIN_S = 10.0
"""Longest wait to leave the group. A rebalance under way may wait for an app that has crashed."""
END_WITHIN_S = 15.0
"""A thread that takes longer to stop is abandoned: the process ends without it."""

LOOK_EVERY_S = 0.5
"""How often a slow commit checks whether it is still wanted."""


class Fetched(list[Any]):
    """Records of one partition, with the fetch position before and after them."""

    def __init__(self, begin: int, next_offset: int, records: Iterable[Any]) -> None:
        super().__init__(records)
        self.begin = begin
        self.next_offset = next_offset

    def batch(self, tp: TP, *, with_headers: bool = False) -> Batch:
        """Return the records in columns."""
        offsets: Sequence[int] = [record.offset for record in self]
        if offsets and offsets[-1] - offsets[0] == len(self) - 1:
            offsets = range(offsets[0], offsets[-1] + 1)
        return Batch(
            tp.topic,
            tp.partition,
            self.begin,
            self.next_offset,
            offsets,
            [record.key for record in self],
            [record.value for record in self],
            np.array([record.timestamp for record in self], np.int64),
            [record.headers for record in self] if with_headers else (),
        )


class DaemonWorkerThread(WorkerThread):
    """A daemon worker thread: the process does not wait for it."""

    def __init__(self, service: "FetchThread", **kwargs: Any) -> None:
        super().__init__(service, **kwargs)
        self.daemon = True


class PositionKeeper(Protocol):
    """The part of the consumer that the fetch thread needs."""

    has_given_up: bool

    def is_at(self, tp: TP, position: PartitionPosition) -> bool:
        """Return whether this is still a partition's position."""


class FetchThread(AIOKafkaConsumerThread):
    """Faust's consumer thread, which also reports how the positions moved."""

    consumer: PositionKeeper  # type: ignore[assignment] # by type only: no import of the consumer
    shutdown_timeout = END_WITHIN_S
    Worker = DaemonWorkerThread

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        return consumer

    async def on_start(self) -> None:
        """Connect, retrying while Kafka is away. Faust would give up."""
        await retry_async("the worker", self._connect)
        self.time_started = time.monotonic()

    async def on_thread_stop(self) -> None:
        """Disconnect.

        While Kafka is away, aiokafka's fetcher raises its own cancellation. The thread would end
        without saying so, and the worker would wait for it forever.
        """
        try:
            async with asyncio.timeout(LEAVE_WITHIN_S):
                await super().on_thread_stop()
        except (asyncio.CancelledError, TimeoutError):
            await self._ensure_consumer()._client.close()

    async def stop(self) -> None:
        """Stop, or be abandoned."""
        try:
            await super().stop()
        except TimeoutError:
            LOG.warning(
                "the Kafka client thread did not stop within %.0f s; abandoning it", END_WITHIN_S
            )

    def _stopped_set(self) -> None:
        with suppress(RuntimeError):  # its loop is closed after a crash
            super()._stopped_set()

    async def _connect(self) -> None:
        consumer = self._create_consumer(loop=self.thread_loop)
        try:
            await consumer.start()
        except BaseException:
            await consumer.stop()
            raise
        self._consumer = consumer

    def request_rejoin(self) -> None:
        """Ask for a rebalance; callable from any thread."""
        coordinator = self._ensure_consumer()._coordinator
        self.thread_loop.call_soon_threadsafe(coordinator.request_rejoin)

    @Service.task
    async def _check_group(self) -> None:
        """Fail if the group rejects us: aiokafka raises that only in a fetch."""
        while not self.should_stop:
            await self.sleep(LOOK_EVERY_S)
            if self._consumer is not None:
                self._consumer._coordinator.check_errors()

    def ends(self, tps: Iterable[TP]) -> dict[TP, int | None]:
        """Return the end offsets that came with the last answers to fetches."""
        states = _states(self._ensure_consumer(), tps)
        return {tp: state.highwater for tp, state in states.items()}

    async def getmany(self, active_partitions: Any, timeout: float) -> Any:  # noqa: ASYNC109
        """Fetch for these positions; return a :class:`Fetched` for each partition that moved."""
        return await super().getmany(active_partitions, timeout)

    async def _fetch_records(
        self,
        consumer: aiokafka.AIOKafkaConsumer,
        active_partitions: Any,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is Faust's
        max_records: int | None = None,
    ) -> dict[TP, Fetched]:
        """Fetch for these positions.

        aiokafka is asked without a timeout, so that only this fetch can move a position between
        reading it before and after. Partitions that were sought meanwhile are left out, so that
        their new position does not move.
        """
        positions: Mapping[TP, PartitionPosition] = active_partitions
        for wait_s in (timeout, None):
            tps = {tp for tp, position in positions.items() if self.consumer.is_at(tp, position)}
            if not tps:
                break
            before = _positions(consumer, tps)
            records = await super()._fetch_records(consumer, tps, 0, max_records)
            after = _positions(consumer, tps)
            # Transaction markers move a position without a record.
            moved = {
                tp: Fetched(before[tp], after[tp], records.get(tp, []))
                for tp in after
                if tp in before and (after[tp] != before[tp] or records.get(tp))
            }
            if moved:
                return moved
            if wait_s:
                await self._wait_for_records(consumer, wait_s)
        return {}

    async def _wait_for_records(
        self,
        consumer: aiokafka.AIOKafkaConsumer,
        timeout: float,  # noqa: ASYNC109
    ) -> None:
        fetcher = consumer._fetcher
        waiter = fetcher._create_fetch_waiter()
        await asyncio.wait([waiter], timeout=timeout)
        if fetcher._closed:
            raise ConsumerStoppedError
        if waiter.done():
            waiter.result()  # raises fatal errors, such as a missing permission
        else:
            waiter.cancel()

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Commit, unless it stops meanwhile. aiokafka retries for as long as Kafka is away."""
        committing = asyncio.ensure_future(super()._commit(offsets))
        while not committing.done():
            if self.consumer.has_given_up:
                committing.cancel()
                return False
            await asyncio.wait([committing], timeout=LOOK_EVERY_S)
        return await committing

    async def _seek_wait(self, consumer: Any, partitions: Mapping[TP, int]) -> None:
        await super()._seek_wait(consumer, partitions)
        for waiter in list(consumer._fetcher._fetch_waiters):
            consumer._fetcher._notify(waiter)  # a waiting fetch does not notice the seek


def _states(consumer: aiokafka.AIOKafkaConsumer, tps: Iterable[TP]) -> dict[TP, Any]:
    subscription = consumer._subscription.subscription
    assignment = None if subscription is None else subscription.assignment
    if assignment is None:
        return {}
    states = ((tp, assignment.state_value(tp)) for tp in tps)
    return {tp: state for tp, state in states if state is not None}


def _positions(consumer: aiokafka.AIOKafkaConsumer, tps: Iterable[TP]) -> dict[TP, int]:
    states = _states(consumer, tps)
    return {tp: state.position for tp, state in states.items() if state.has_valid_position}
