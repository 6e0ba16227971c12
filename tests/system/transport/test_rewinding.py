"""A partition can be rewound at any time."""

import asyncio
import random

import pytest
from faust.types import TP
from support.transport import Feed, Start, nothing, until

from gridcast.agents.batch import Batch


async def test_a_partition_can_be_rewound_under_load(feed: Feed, start: Start) -> None:
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
) -> None:
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
) -> None:
    feed.send(100)
    worker = await start()
    await until(lambda: feed.committed() == feed.ends(), "all is acknowledged")
    feed.delete_before(60)
    assert await worker.consumer.rewind(feed.tps[0], 50) == 60
    assert "10 messages were deleted by retention before they were read" in caplog.text
    await until(lambda: len(worker.offsets(feed.tps[0])) == 140, "the rest is taken")
    assert worker.offsets(feed.tps[0])[100:] == list(range(60, 100))
