"""What is committed is what was acknowledged, whoever starts, stops or fails.

Why the transport is our own is told in docs/decisions/batch-transport.md: R1 to R5.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable

from faust.types import TP
from support.transport import PARTITIONS, Feed, Start, Worker, nothing, until

from gridcast.agents.batch import Batch
from gridcast.stream.kafka.transport import HoleError


async def test_restarts_under_load_leave_no_hole(feed: Feed, start: Start) -> None:
    """R1: Faust loses what it fetched between its resume and its seek."""
    read: dict[TP, list[int]] = defaultdict(list)
    enough = asyncio.Event()

    async def load() -> None:
        while not enough.is_set():
            await asyncio.to_thread(feed.send, 50)
            await asyncio.sleep(0.02)

    loading = asyncio.create_task(load())
    for _ in range(8):
        worker = await start(poll=150)
        await worker.takes(1)
        await asyncio.sleep(random.uniform(0, 0.2))
        await worker.app.stop()
        for tp in feed.tps:
            read[tp] += worker.offsets(tp)
    enough.set()
    await loading
    worker = await start()
    ends = feed.ends()
    await until(lambda: feed.committed() == ends, "all is acknowledged")
    for tp in feed.tps:
        assert read[tp] + worker.offsets(tp) == list(range(ends[tp])), "each once, in order"


async def test_nothing_is_committed_that_was_not_acknowledged(feed: Feed, start: Start) -> None:
    """R2, R5: Faust commits what was sent but not confirmed, and what an agent failed on."""
    feed.send(50)
    worker = await start(on_batch=nothing)
    await until(lambda: all(len(worker.offsets(tp)) == 50 for tp in feed.tps), "all is taken")
    await asyncio.sleep(0.3)
    assert set(feed.committed().values()) == {-1001}
    for tp in feed.tps:
        worker.consumer.acknowledge(tp, 30)
        worker.consumer.acknowledge(tp, 20)
    await until(lambda: set(feed.committed().values()) == {30}, "30 of each are committed")
    assert {tuple(each) for each in worker.consumer.partition_offsets().values()} == {(50, 30, 50)}
    await worker.app.stop()
    assert set(feed.committed().values()) == {30}, "a stop acknowledges nothing either"
    again = await start(on_batch=nothing)
    await until(lambda: all(len(again.offsets(tp)) == 20 for tp in feed.tps), "the rest is taken")
    assert {again.offsets(tp)[0] for tp in feed.tps} == {30}


async def test_what_is_acknowledged_before_partitions_are_given_up_is_committed(
    feed: Feed, start: Start
) -> None:
    feed.send(50)
    first = await start(on_batch=nothing)

    async def checkpoint() -> None:
        for tp, standing in first.consumer.partition_offsets().items():
            first.consumer.acknowledge(tp, standing.delivered)

    first.consumer.before_revoke = checkpoint
    await until(lambda: all(len(first.offsets(tp)) == 50 for tp in feed.tps), "all is taken")
    second = await start()  # a rebalance
    assigned = second.consumer.partition_offsets
    await until(lambda: len(assigned()) == PARTITIONS // 2, "the second has its")
    assert set(feed.committed().values()) == {50}
    feed.send(50)
    await until(
        lambda: all(len(first.offsets(tp) + second.offsets(tp)) == 100 for tp in feed.tps),
        "all is taken",
    )
    await first.app.stop()
    await until(lambda: set(feed.committed().values()) == {100}, "all is committed")
    assert all(first.offsets(tp) + second.offsets(tp) == list(range(100)) for tp in feed.tps)


async def test_chunks_cut_otherwise_when_read_again_commit_no_more_than_was_acknowledged(
    feed: Feed, start: Start
) -> None:
    """R4: Faust's tree of gaps takes what lies between two old chunks for done."""
    feed.send(3000)  # more than four workers take in three chunks each
    done = dict.fromkeys(feed.tps, 0)
    for _ in range(4):
        worker = await start(poll=random.randint(50, 150), on_batch=nothing)
        await worker.takes(3)
        assert {tp: worker.handed[tp][0].begin for tp in feed.tps} == done
        for tp in feed.tps:
            some = random.choice(worker.handed[tp][:3])
            done[tp] = max(done[tp] + 1, random.choice(some.offsets))  # in the middle of a chunk
            worker.consumer.acknowledge(tp, done[tp])
        await worker.app.stop()
        assert feed.committed() == done


async def test_an_agent_that_fails_stops_the_worker_at_what_it_failed_on(
    feed: Feed, start: Start
) -> None:
    """R5: Faust acknowledges what an agent failed on, and goes on."""

    async def fail(tp: TP, batch: Batch) -> None:
        if 100 in batch.offsets:
            raise ValueError("a bug")
        worker.consumer.acknowledge(tp, batch.next_offset)

    feed.send(100)
    worker = await start(on_batch=fail)
    await until(lambda: feed.committed() == feed.ends(), "all is acknowledged")
    feed.send(1, partitions=1)
    await until(lambda: worker.offsets(feed.tps[0])[-1] == 100, "it fails")
    feed.send(9, partitions=1)
    await until(lambda: worker.app.crashed, "it stops")
    assert isinstance(worker.app.crash_reason, HoleError)
    await worker.app.stop()
    assert set(feed.committed().values()) == {100}


async def test_a_partition_that_is_not_ours_is_neither_rewound_nor_acknowledged(
    feed: Feed, start: Start
) -> None:
    feed.send(10)
    worker = await start(on_batch=nothing)
    await until(lambda: all(worker.offsets(tp) for tp in feed.tps), "all is taken")
    other = TP("another", 0)
    worker.consumer.acknowledge(other, 5)
    assert other not in worker.consumer.partition_offsets()


def assigned_after(worker: Worker, before: int) -> Callable[[], bool]:
    return lambda: worker.assigned > before


async def test_a_worker_that_asks_is_assigned_its_partitions_anew(feed: Feed, start: Start) -> None:
    feed.send(100)
    workers = [await start(poll=30), await start(poll=30)]

    def share(worker: Worker) -> int:
        return len(worker.consumer.partition_offsets())

    await until(lambda: [share(each) for each in workers] == [2, 2], "each has its share")
    for worker in workers * 2:
        before = worker.assigned
        worker.consumer.rejoin()
        feed.send(100)
        await until(assigned_after(worker, before), "it is assigned anew")
        await until(lambda: [share(each) for each in workers] == [2, 2], "each has its share")
    await until(lambda: feed.committed() == feed.ends(), "all is acknowledged")
    for tp in feed.tps:
        read = [offset for worker in workers for offset in worker.offsets(tp)]
        assert sorted(read) == list(range(500)), "each once"
