"""A topic read whole, over a list instead of a Kafka: what is read again, and when."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition

from gridcast.agents.batch import Batch
from gridcast.schemas import DeadLetter, Reason, Refusal, Topic, read
from gridcast.schemas.topics import WEATHER_OBSERVATIONS
from gridcast.stream.kafka.broadcast_consumer import BroadcastConsumer
from gridcast.stream.settings import Settings
from gridcast.stream.worker import dead_letter_writer
from gridcast.stream.worker.dead_letter_writer import LetterWriter

PLACE = TopicPartition("weather.observations", 0)


class Consumer:
    """An aiokafka consumer of one partition, as far as it is used."""

    def __init__(self, messages: int, committed: int | None = None, at_once: int = 100) -> None:
        self.messages = messages
        """How many there are; the offset of each is its number."""
        self.at = 0
        self._at_once = at_once
        self.while_waiting: list[Callable[[], Any]] = []
        """What happens meanwhile, each while one fetch waits."""
        self._committed = committed

    def assign(self, _: object) -> None: ...

    def seek(self, _: object, offset: int) -> None:
        self.at = offset

    async def position(self, _: object) -> int:
        return self.at

    async def getmany(self, **_: object) -> dict[TopicPartition, list[Any]]:
        begin = self.at
        if self.while_waiting:
            self.while_waiting.pop(0)()
        for _turn in range(5):
            await asyncio.sleep(0)
        assert self.at == begin, "sought beside a fetch"
        self.at = min(begin + self._at_once, self.messages)
        fetched = [
            SimpleNamespace(offset=offset, key=b"FMO", value=b"%d" % offset, timestamp=0)
            for offset in range(begin, self.at)
        ]
        return {PLACE: fetched} if fetched else {}

    async def committed(self, _: object) -> int | None:
        return self._committed

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        self._committed = offsets[PLACE]


def reading(consumer: Consumer) -> BroadcastConsumer:
    topic = BroadcastConsumer(Settings(), WEATHER_OBSERVATIONS)
    topic._consumer = consumer
    topic._assign([0])
    return topic


async def first_batches(batches: AsyncIterator[Batch], count: int) -> list[tuple[int, ...]]:
    async with asyncio.timeout(5):
        return [tuple((await anext(batches)).offsets) for _ in range(count)]


async def for_a_while(agent: Coroutine[Any, Any, None]) -> None:
    running = asyncio.create_task(agent)
    await asyncio.sleep(0.1)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_going_back_while_a_fetch_waits_reads_in_order() -> None:
    consumer = Consumer(messages=4)
    topic = reading(consumer)

    def go_back() -> None:
        topic.go_back({PLACE: 1})
        consumer.messages = 5

    consumer.while_waiting = [lambda: None, go_back]
    async with aclosing(topic.batches()) as batches:
        # What that fetch brought comes with what is before it.
        assert await first_batches(batches, 2) == [(0, 1, 2, 3), (1, 2, 3, 4)]


async def test_going_back_is_never_going_forward() -> None:
    """Another worker had come further than this one: nothing of it may be passed over."""
    consumer = Consumer(messages=4)
    topic = reading(consumer)

    async with aclosing(topic.batches()) as batches:
        assert await first_batches(batches, 1) == [(0, 1, 2, 3)]
        consumer.messages = 9
        topic.go_back({PLACE: 7})
        # How far the first batch was worked off is not known yet: it comes once more.
        assert await first_batches(batches, 1) == [(0, 1, 2, 3, 4, 5, 6, 7, 8)]


async def test_of_two_ways_back_the_farther_one_counts() -> None:
    """Also if the second is asked for while the first is under way."""
    consumer = Consumer(messages=8, at_once=4)
    topic = reading(consumer)
    consumer.while_waiting = [
        lambda: None,
        lambda: topic.go_back({PLACE: 0}),
        lambda: topic.go_back({PLACE: 6}),
    ]
    async with aclosing(topic.batches()) as batches:
        assert await first_batches(batches, 3) == [(0, 1, 2, 3), (0, 1, 2, 3), (4, 5, 6, 7)]


async def test_it_has_not_reached_what_it_goes_back_for() -> None:
    consumer = Consumer(messages=4)
    topic = reading(consumer)
    async with aclosing(topic.batches()) as batches:
        await first_batches(batches, 1)
        topic.go_back({PLACE: 2})
        assert not topic.has({PLACE: 4})
        await first_batches(batches, 1)
        assert not topic.has({PLACE: 4}), "before what came is done with"


@pytest.mark.parametrize("is_fetched", [False, True], ids=["a fetch waits", "an agent has it"])
async def test_a_letter_is_written_of_all_that_the_former_writer_left(
    is_fetched: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Letters are taken over just as a message comes: it has none before those that it follows.

    The former writer was killed when it had written letters up to offset 2.
    """
    consumer = Consumer(messages=5, committed=2)
    topic = reading(consumer)
    writer = LetterWriter(Settings(), topic, lambda *_: None)
    letters: list[int | None] = []

    async def send(_: Settings, topic: Topic, sent: list[tuple[bytes | None, bytes]]) -> None:
        for key, value in sent:
            letter = read(topic, key, value)
            assert isinstance(letter, DeadLetter)
            letters.append(letter.offset)

    monkeypatch.setattr(dead_letter_writer, "send_once", send)

    async def agent() -> None:
        async for batch in topic.batches():
            if is_fetched and batch.begin == 5 and not taking_over:
                take_over()
                await asyncio.sleep(0.01)
            refused = [(place, Refusal(Reason.NOT_JSON, "")) for place in range(len(batch))]
            await writer.tell(batch, refused)

    def take_over() -> None:
        taking_over.append(asyncio.create_task(writer.take_over()))

    def one_more() -> None:
        consumer.messages = 6
        if not is_fetched:
            take_over()

    taking_over: list[asyncio.Task[None]] = []
    consumer.while_waiting = [lambda: None, one_more]
    await for_a_while(agent())
    assert letters == [2, 3, 4, 5]
