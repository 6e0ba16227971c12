"""The batch transport on a real Kafka: one test for each reason it exists.

Why each is a reason is told in docs/decisions/batch-transport.md.
"""

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any
from uuid import uuid4

import faust
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from faust.types import TP
from support.consuming import committed

from gridcast.agents.batch import Batch
from gridcast.stream.transport import BatchConsumer, BatchTransport, HoleError, batches, place

PARTITIONS = 4
WITHIN_S = 60.0


class Feed:
    """A topic of the test's own, and a group that reads it."""

    def __init__(self, kafka: str) -> None:
        self.kafka = kafka
        self.topic = f"t-{uuid4().hex[:8]}"
        self.group = f"g-{uuid4().hex[:8]}"
        self.tps = [TP(self.topic, number) for number in range(PARTITIONS)]
        self.admin = AdminClient({"bootstrap.servers": kafka})
        self.producer = Producer({"bootstrap.servers": kafka, "linger.ms": 1})
        self.consumer = Consumer({"bootstrap.servers": kafka, "group.id": self.group})
        made = self.admin.create_topics([NewTopic(self.topic, PARTITIONS, 1)])
        made[self.topic].result(60)

    def send(self, count: int, value: bytes = b"x", partitions: int = PARTITIONS) -> None:
        """Write so many messages into each of the first partitions."""
        for number in range(count * partitions):
            self.producer.produce(self.topic, value, partition=number % partitions)
            self.producer.poll(0)
        assert self.producer.flush(60) == 0

    def ends(self) -> dict[TP, int]:
        look = self.consumer.get_watermark_offsets
        return {tp: look(TopicPartition(*tp), 30)[1] for tp in self.tps}

    def committed(self) -> dict[TP, int]:
        """What the group has committed; -1001 is nothing."""
        partitions = [TopicPartition(*tp) for tp in self.tps]
        return dict(zip(self.tps, committed(self.consumer, partitions), strict=True))

    def delete_before(self, offset: int) -> None:
        places = [TopicPartition(*tp, offset) for tp in self.tps]
        for done in self.admin.delete_records(places).values():
            done.result(60)


class Worker:
    """A worker of the group, in this process, and what its agent was handed."""

    def __init__(self, feed: Feed, folder: Path, *, poll: int = 500) -> None:
        self.handed: dict[TP, list[Batch]] = defaultdict(list)
        self.assigned = 0
        self.on_batch: Callable[[TP, Batch], Awaitable[None]] = self.acknowledge
        app = faust.App(
            feed.group,
            broker=f"kafka://{feed.kafka}",
            broker_max_poll_records=poll,
            broker_session_timeout=6.0,
            broker_heartbeat_interval=0.2,
            broker_commit_interval=0.1,
            consumer_auto_offset_reset="earliest",
            datadir=folder / uuid4().hex,
            topic_allow_declare=False,
            topic_disable_leader=True,
            web_enabled=False,
        )
        app.transport = BatchTransport([feed.kafka], app)
        self.app: Any = app

        async def agent(stream: Any) -> None:
            async with aclosing(batches(stream)) as taken:
                async for batch in taken:
                    tp = TP(batch.topic, batch.partition)
                    self.handed[tp].append(batch)
                    await self.on_batch(tp, batch)

        topic = app.topic(feed.topic, key_type=bytes, value_type=bytes, value_serializer="raw")
        app.agent(topic, name="agent")(agent)
        self.app.on_partitions_assigned.connect(self._on_assigned, weak=False)
        app.finalize()

    @property
    def consumer(self) -> BatchConsumer:
        return self.app.consumer

    async def _on_assigned(self, *_: Any, **__: Any) -> None:
        self.assigned += 1

    async def acknowledge(self, tp: TP, batch: Batch) -> None:
        self.consumer.acknowledge(tp, batch.next_offset)

    async def takes(self, batches: int) -> None:
        """Wait until the agent has taken so many of each partition."""
        await until(
            lambda: [len(each) >= batches for each in self.handed.values()] == [True] * PARTITIONS,
            f"{batches} batches of each partition are taken",
        )

    def offsets(self, tp: TP) -> list[int]:
        return [offset for batch in self.handed[tp] for offset in batch.offsets]


@pytest.fixture
def feed(kafka: str) -> Feed:
    return Feed(kafka)


@pytest.fixture
async def start(feed: Feed, tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[Worker]]]:
    """Start workers; those that still run at the end are stopped."""
    workers: list[Worker] = []

    async def start(**options: Any) -> Worker:
        on_batch = options.pop("on_batch", None)
        worker = Worker(feed, tmp_path, **options)
        if on_batch is not None:
            worker.on_batch = on_batch
        workers.append(worker)
        await worker.app.start()
        return worker

    yield start
    for worker in workers:
        await worker.app.stop()


async def until(condition: Callable[[], bool], what: str) -> None:
    for _ in range(int(WITHIN_S / 0.02)):
        if await asyncio.to_thread(condition):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"not within {WITHIN_S} s: {what}")


Start = Callable[..., Awaitable[Worker]]


async def nothing(tp: TP, batch: Batch) -> None:
    """Acknowledge nothing."""


async def test_restarts_under_load_leave_no_hole(feed: Feed, start: Start):
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


async def test_nothing_is_committed_that_was_not_acknowledged(feed: Feed, start: Start):
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
    assert {tuple(each) for each in worker.consumer.standing().values()} == {(50, 30, 50)}
    await worker.app.stop()
    assert set(feed.committed().values()) == {30}, "a stop acknowledges nothing either"
    again = await start(on_batch=nothing)
    await until(lambda: all(len(again.offsets(tp)) == 20 for tp in feed.tps), "the rest is taken")
    assert {again.offsets(tp)[0] for tp in feed.tps} == {30}


async def test_what_is_acknowledged_before_partitions_are_given_up_is_committed(
    feed: Feed, start: Start
):
    feed.send(50)
    first = await start(on_batch=nothing)

    async def checkpoint() -> None:
        for tp, standing in first.consumer.standing().items():
            first.consumer.acknowledge(tp, standing.handed)

    first.consumer.before_revoke = checkpoint
    await until(lambda: all(len(first.offsets(tp)) == 50 for tp in feed.tps), "all is taken")
    second = await start()  # a rebalance
    await until(lambda: len(second.consumer.standing()) == PARTITIONS // 2, "the second has its")
    assert set(feed.committed().values()) == {50}
    feed.send(50)
    await until(
        lambda: all(len(first.offsets(tp) + second.offsets(tp)) == 100 for tp in feed.tps),
        "all is taken",
    )
    await first.app.stop()
    await until(lambda: set(feed.committed().values()) == {100}, "all is committed")
    assert all(first.offsets(tp) + second.offsets(tp) == list(range(100)) for tp in feed.tps)


async def test_a_pause_while_a_fetch_waits_throws_nothing_away(feed: Feed, start: Start):
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


async def test_from_an_empty_set_nothing_is_fetched(feed: Feed, start: Start):
    """R3: to aiokafka an empty set of partitions means every one."""
    worker = await start()
    await until(lambda: len(worker.consumer.standing()) == PARTITIONS, "all are assigned")
    worker.consumer.pause_partitions(feed.tps)
    await asyncio.sleep(5)  # the fetch that waits, for 1 s, is over
    feed.send(10)
    await asyncio.sleep(0.5)
    assert await worker.consumer._getmany(set(), 0.1) == {}
    assert not worker.handed
    positions = [await worker.consumer.position(tp) for tp in feed.tps]
    assert positions == [0] * PARTITIONS


async def test_chunks_cut_otherwise_when_read_again_commit_no_more_than_was_acknowledged(
    feed: Feed, start: Start
):
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


async def test_messages_that_are_missing_stop_the_worker(
    feed: Feed, start: Start, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(place, "ROOM_BYTES", 100_000)
    feed.send(300, bytes(10_000))  # aiokafka fetches no more than 1 MB of a partition ahead
    go_on = asyncio.Event()

    async def stall(tp: TP, batch: Batch) -> None:
        await go_on.wait()
        worker.consumer.acknowledge(tp, batch.next_offset)

    worker = await start(poll=20, on_batch=stall)
    await until(lambda: worker.consumer._room.is_full, "the room is full")
    feed.delete_before(290)
    go_on.set()
    await until(lambda: worker.app.crashed, "it stops")
    assert isinstance(worker.app.crash_reason, HoleError)
    assert "was next, but 290 came" in str(worker.app.crash_reason)
    await worker.app.stop()
    for tp in feed.tps:
        read = worker.offsets(tp)
        assert read == list(range(len(read))), "nothing after the hole was handed over"
        assert feed.committed()[tp] <= len(read) < 290


async def test_what_was_deleted_while_no_worker_ran_is_told_and_passed_over(
    feed: Feed, start: Start, caplog: pytest.LogCaptureFixture
):
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
    assert all("50 messages were deleted before they were read" in each for each in told)


async def test_an_agent_that_fails_stops_the_worker_at_what_it_failed_on(feed: Feed, start: Start):
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


async def test_a_partition_can_be_rewound_under_load(feed: Feed, start: Start):
    worker = await start(poll=100)
    expected = dict.fromkeys(feed.tps, 0)
    rewinds = 0

    async def check(tp: TP, batch: Batch) -> None:
        nonlocal rewinds
        assert batch.begin == expected[tp]
        expected[tp] = batch.next_offset
        await worker.acknowledge(tp, batch)
        if rewinds < 60 and random.random() < 0.4:
            rewinds += 1
            expected[tp] = random.randint(0, batch.next_offset)
            assert await worker.consumer.rewind(tp, expected[tp]) == expected[tp]

    worker.on_batch = check
    low = dict.fromkeys(feed.tps, 0)
    for _ in range(20):
        await asyncio.to_thread(feed.send, 100)
        now = await asyncio.to_thread(feed.committed)
        assert all(now[tp] >= low[tp] for tp in feed.tps if now[tp] >= 0), "it never goes back"
        low = now
    await until(lambda: feed.committed() == feed.ends(), "all is acknowledged")
    assert rewinds == 60
    assert expected == feed.ends()
    await worker.app.stop()
    assert feed.committed() == feed.ends()


async def test_a_rewind_from_outside_of_the_agent_hands_over_nothing_of_the_old_place(
    feed: Feed, start: Start
):
    feed.send(2000)
    worker = await start(poll=100, on_batch=nothing)
    tp = feed.tps[0]
    handed = worker.handed[tp]
    await until(lambda: len(handed) > 2, "some is taken")
    for _ in range(10):
        offset = random.randint(0, handed[-1].next_offset // 2)
        await worker.consumer.rewind(tp, offset)
        taken = len(handed)
        await until(lambda: len(handed) > taken, "it goes on")  # noqa: B023
        assert handed[taken].begin == offset


async def test_a_rewind_to_what_was_deleted_goes_on_with_what_is_left(
    feed: Feed, start: Start, caplog: pytest.LogCaptureFixture
):
    feed.send(100)
    worker = await start()
    await until(lambda: feed.committed() == feed.ends(), "all is acknowledged")
    feed.delete_before(60)
    assert await worker.consumer.rewind(feed.tps[0], 50) == 60
    assert "10 messages were deleted before they were read" in caplog.text
    await until(lambda: len(worker.offsets(feed.tps[0])) == 140, "the rest is taken")
    assert worker.offsets(feed.tps[0])[100:] == list(range(60, 100))


async def test_a_partition_that_is_not_ours_is_neither_rewound_nor_acknowledged(
    feed: Feed, start: Start
):
    feed.send(10)
    worker = await start(on_batch=nothing)
    await until(lambda: all(worker.offsets(tp) for tp in feed.tps), "all is taken")
    other = TP("another", 0)
    worker.consumer.acknowledge(other, 5)
    assert other not in worker.consumer.standing()


async def test_a_worker_that_asks_is_assigned_its_partitions_anew(feed: Feed, start: Start):
    feed.send(100)
    workers = [await start(poll=30), await start(poll=30)]

    def share(worker: Worker) -> int:
        return len(worker.consumer.standing())

    await until(lambda: [share(each) for each in workers] == [2, 2], "each has its share")
    for worker in workers * 2:
        before = worker.assigned
        worker.consumer.rejoin()
        feed.send(100)
        await until(lambda w=worker, b=before: w.assigned > b, "it is assigned anew")
        await until(lambda: [share(each) for each in workers] == [2, 2], "each has its share")
    await until(lambda: feed.committed() == feed.ends(), "all is acknowledged")
    for tp in feed.tps:
        read = [offset for worker in workers for offset in worker.offsets(tp)]
        assert sorted(read) == list(range(500)), "each once"


async def test_an_agent_that_stalls_bounds_what_is_fetched(
    feed: Feed, start: Start, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(place, "ROOM_BYTES", 1_000_000)
    size = 10_000
    feed.send(500, bytes(size))  # 20 MB
    go_on = asyncio.Event()
    most = 0

    async def stall(tp: TP, batch: Batch) -> None:
        nonlocal most
        await go_on.wait()
        most = max(most, worker.consumer._room.bytes)
        worker.consumer.acknowledge(tp, batch.next_offset)

    worker = await start(poll=20, on_batch=stall)
    await until(lambda: worker.consumer._room.is_full, "the room is full")
    await asyncio.sleep(1)
    one_fetch = 20 * size
    assert 1_000_000 <= worker.consumer._room.bytes <= 1_000_000 + one_fetch
    go_on.set()
    await until(lambda: feed.committed() == feed.ends(), "all is acknowledged")
    assert most <= 1_000_000 + one_fetch
    assert worker.consumer._room == place.Room(), "all of it was given back"
    assert all(worker.offsets(tp) == list(range(500)) for tp in feed.tps)
