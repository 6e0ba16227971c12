"""A partition that is closed while a tick waits for reference data: Kafka may be away for long."""

import asyncio
from dataclasses import replace

import pytest
from support.fake_worker import NOON_MS, SETTINGS, Kafka, Worker, batch, reading

from gridcast.models.partition import Partition, Tick
from gridcast.models.serving import EMPTY_CONTEXT, TickContext
from gridcast.units import MINUTE_MS

BATCH = batch([reading(NOON_MS + minute * MINUTE_MS - 600_000) for minute in range(5)])


class AwayKafka:
    """Reference data that never arrives until Kafka is back."""

    def __init__(self) -> None:
        self.is_asked = asyncio.Event()
        self.is_back = asyncio.Event()

    async def context(self, partition: Partition, tick: Tick) -> TickContext:  # noqa: ARG002
        self.is_asked.set()
        await self.is_back.wait()
        return EMPTY_CONTEXT


async def test_it_closes_at_once_and_the_next_worker_reads_the_batch_again() -> None:
    away, kafka = AwayKafka(), Kafka()
    stopping = Worker(kafka, settings=replace(SETTINGS, context=away.context))
    taking = asyncio.create_task(stopping.take(BATCH))
    await away.is_asked.wait()

    await asyncio.wait_for(stopping.hands.close(), 1)
    await asyncio.wait_for(taking, 1)
    assert not kafka.ticks

    following = Worker(kafka)
    await following.take(BATCH)
    peaceful = Kafka()
    await Worker(peaceful).take(BATCH)
    assert [tick.value for tick in kafka.ticks] == [tick.value for tick in peaceful.ticks]
    assert kafka.ticks


async def test_a_timer_that_waits_for_its_turn_neither_fails_nor_saves_half_a_batch() -> None:
    away, kafka = AwayKafka(), Kafka()
    worker = Worker(kafka, settings=replace(SETTINGS, context=away.context))
    taking = asyncio.create_task(worker.take(BATCH))
    await away.is_asked.wait()
    timer = asyncio.create_task(worker.hands.on_timer({0}))
    saving = asyncio.create_task(worker.hands.save())
    await asyncio.sleep(0)

    await asyncio.wait_for(worker.hands.close(), 1)
    await asyncio.wait_for(asyncio.gather(taking, timer, saving), 1)
    assert not kafka.sent
    assert not kafka.acknowledged


async def test_a_task_that_is_cancelled_itself_stays_cancelled() -> None:
    away, kafka = AwayKafka(), Kafka()
    worker = Worker(kafka, settings=replace(SETTINGS, context=away.context))
    taking = asyncio.create_task(worker.take(BATCH))
    await away.is_asked.wait()
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
