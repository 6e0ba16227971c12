"""Partitions are worked on side by side, and what goes wrong with one is heard of."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from threading import Barrier, Lock

import pytest
from support.fake_worker import MINUTES, SETTINGS, Kafka, Worker, batch, look

from gridcast.agents.batch import Batch
from gridcast.agents.readings import readings
from gridcast.agents.state_table import Output
from gridcast.models.partition import Partition, Tick
from gridcast.models.tick import TickOutput

WITHIN_S = 60


async def test_the_ticks_of_two_partitions_are_answered_at_the_same_time() -> None:
    both = Barrier(2)

    def together(partition: Partition, tick: Tick, output: TickOutput) -> list[Output]:
        both.wait(WITHIN_S)
        return look(partition, tick, output)

    worker = Worker(Kafka(), settings=replace(SETTINGS, encode=together))
    await worker.take(batch(MINUTES[:5]), batch(MINUTES[:5], partition=1), assigned=[0, 1])
    await worker.hands.save()
    assert worker.kafka.acknowledged == {0: 5, 1: 5}


async def test_no_more_than_two_partitions_are_worked_on_at_once() -> None:
    busy, most, counting = 0, 0, Lock()

    def counted(partition: Partition, tick: Tick, output: TickOutput) -> list[Output]:
        nonlocal busy, most
        with counting:
            busy += 1
            most = max(most, busy)
        found = look(partition, tick, output)
        with counting:
            busy -= 1
        return found

    worker = Worker(Kafka(), settings=replace(SETTINGS, encode=counted))
    some = [batch(MINUTES[:60], partition=number) for number in range(6)]
    await worker.take(*some, assigned=range(6))
    await worker.hands.save()
    assert worker.kafka.acknowledged == dict.fromkeys(range(6), 60)
    assert 1 <= most <= 2


async def test_the_batches_of_a_partition_follow_on_each_other() -> None:
    kafka = Kafka()
    worker = Worker(kafka)
    cut = [batch(MINUTES[n : n + 3], offset=n) for n in range(0, 60, 3)]
    await worker.take(*cut)
    await worker.hands.save()
    whole = Worker(Kafka())
    await whole.take(batch(MINUTES[:60]))
    await whole.hands.save()
    assert [tick.key for tick in kafka.ticks] == [tick.key for tick in whole.kafka.ticks]
    assert kafka.acknowledged == {0: 60}


async def test_an_error_is_heard_of_though_no_more_messages_come() -> None:
    def fails(partition: Partition, tick: Tick, output: TickOutput) -> list[Output]:
        raise ZeroDivisionError

    worker = Worker(Kafka(), settings=replace(SETTINGS, encode=fails))
    await worker.hands.assign([0])
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(readings(_and_no_more(batch(MINUTES[:5])), worker.hands), WITHIN_S)


async def test_nothing_follows_a_batch_that_was_given_up() -> None:
    """What it waited for was ended, as when the event loop closes: it is not as if it were done."""
    kafka = Kafka()
    worker = Worker(kafka)
    await worker.hands.assign([0])
    taken: list[int] = []

    async def given_up(batch: Batch) -> None:
        taken.append(batch.begin)
        raise asyncio.CancelledError

    worker.hands.take = given_up  # type: ignore[method-assign]
    with pytest.raises(asyncio.CancelledError):
        await worker.take(batch(MINUTES[:3]), batch(MINUTES[3:6], offset=3))
    assert taken == [0]


async def _and_no_more(only: Batch) -> AsyncIterator[Batch]:
    yield only
    await asyncio.Event().wait()
