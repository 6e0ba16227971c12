"""Nothing that was fetched is lost, and no more is fetched than there is room for.

Why the transport is our own is told in docs/decisions/batch-transport.md: R1 to R5.
"""

import asyncio
import logging

import pytest
from faust.types import TP
from support.transport import PARTITIONS, Feed, Start, until

from gridcast.agents.batch import Batch
from gridcast.stream.kafka.transport import HoleError, partition_position


async def test_a_pause_while_a_fetch_waits_throws_nothing_away(feed: Feed, start: Start) -> None:
    """R3: Faust empties the set that the fetch waits with, and empty means every partition."""
    feed.send(10)
    worker = await start()
    await until(lambda: feed.committed() == feed.ends(), "all is acknowledged")
    await asyncio.sleep(0.2)  # by now a fetch waits
    worker.consumer.pause_partitions(feed.tps)
    feed.send(10)
    await asyncio.sleep(0.5)
    worker.consumer.resume_partitions(feed.tps)
    worker.consumer.resume_flow()
    feed.send(10)
    await until(lambda: feed.committed() == feed.ends(), "all is acknowledged")
    assert all(worker.offsets(tp) == list(range(30)) for tp in feed.tps)


async def test_from_an_empty_set_nothing_is_fetched(feed: Feed, start: Start) -> None:
    """R3: to aiokafka an empty set of partitions means every one."""
    worker = await start()
    await until(lambda: len(worker.consumer.partition_offsets()) == PARTITIONS, "all are assigned")
    worker.consumer.pause_partitions(feed.tps)
    await asyncio.sleep(5)  # the fetch that waits, for 1 s, is over
    feed.send(10)
    await asyncio.sleep(0.5)
    assert await worker.consumer._getmany(set(), 0.1) == {}
    assert not worker.handed
    positions = [await worker.consumer.position(tp) for tp in feed.tps]
    assert positions == [0] * PARTITIONS


async def test_messages_that_are_missing_stop_the_worker(
    feed: Feed, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partition_position, "BUFFER_BYTES", 100_000)
    feed.send(300, bytes(10_000))  # aiokafka fetches no more than 1 MB of a partition ahead
    go_on = asyncio.Event()

    async def stall(tp: TP, batch: Batch) -> None:
        await go_on.wait()
        worker.consumer.acknowledge(tp, batch.next_offset)

    worker = await start(poll=20, on_batch=stall)
    await until(lambda: worker.consumer._buffer.is_full, "the room is full")
    feed.delete_before(290)
    go_on.set()
    await until(lambda: worker.app.crashed, "it stops")
    assert isinstance(worker.app.crash_reason, HoleError)
    assert "got 290. The messages" in str(worker.app.crash_reason)
    await worker.app.stop()
    for tp in feed.tps:
        read = worker.offsets(tp)
        assert read == list(range(len(read))), "nothing after the hole was handed over"
        assert feed.committed()[tp] <= len(read) < 290


async def test_what_was_deleted_while_no_worker_ran_is_told_and_passed_over(
    feed: Feed, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    feed.send(100)
    worker = await start()
    await until(lambda: feed.committed() == feed.ends(), "all is acknowledged")
    await worker.app.stop()
    feed.send(100)
    feed.delete_before(150)
    worker = await start()
    await until(lambda: feed.committed() == feed.ends(), "all is acknowledged")
    assert all(worker.offsets(tp) == list(range(150, 200)) for tp in feed.tps)
    told = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
    assert len(told) == PARTITIONS
    assert all(
        "50 messages were deleted by retention before they were read" in each for each in told
    )


async def test_an_agent_that_stalls_bounds_what_is_fetched(
    feed: Feed, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partition_position, "BUFFER_BYTES", 1_000_000)
    size = 10_000
    feed.send(500, bytes(size))  # 20 MB
    go_on = asyncio.Event()
    most = 0

    async def stall(tp: TP, batch: Batch) -> None:
        nonlocal most
        await go_on.wait()
        most = max(most, worker.consumer._buffer.bytes)
        worker.consumer.acknowledge(tp, batch.next_offset)

    worker = await start(poll=20, on_batch=stall)
    await until(lambda: worker.consumer._buffer.is_full, "the room is full")
    await asyncio.sleep(1)
    one_fetch = 20 * size
    assert 1_000_000 <= worker.consumer._buffer.bytes <= 1_000_000 + one_fetch
    go_on.set()
    await until(lambda: feed.committed() == feed.ends(), "all is acknowledged")
    assert most <= 1_000_000 + one_fetch
    assert worker.consumer._buffer == partition_position.FetchBuffer(), "all of it was given back"
    assert all(worker.offsets(tp) == list(range(500)) for tp in feed.tps)
