"""The readings agent, run over a list instead of a Kafka."""

from collections.abc import AsyncIterator, Sequence

import numpy as np
import pytest

from gridcast.agents.batch import Batch
from gridcast.agents.readings import Tally, readings
from gridcast.schemas import DeadLetter, Message, Reading, Reason, TimeBounds, Topic
from gridcast.schemas.topics import DEAD_LETTERS

NOON_MS = 1767268800_000
HOUR_MS = 3_600_000
BOUNDS = TimeBounds(ahead_ms=300_000, behind_ms=8 * 24 * HOUR_MS)


def reading(at_ms: int, value: float = 1.0) -> bytes:
    return Reading.model_validate(
        {"series": "m-1", "time": at_ms / 1000, "value": value}
    ).to_bytes()


def batch(values: Sequence[bytes | None], *, offset: int = 0, partition: int = 0) -> Batch:
    length = len(values)
    return Batch(
        "meter.readings",
        partition,
        range(offset, offset + length),
        [b"m-1"] * length,
        values,
        np.full(length, NOON_MS),
    )


class Kafka:
    """Hands out batches, and takes note of what is sent and when more is asked for."""

    def __init__(self, *batches: Batch, confirms: bool = True) -> None:
        self.batches = batches
        self.confirms = confirms
        self.sent: list[Message] = []
        self.done = 0

    async def __aiter__(self) -> AsyncIterator[Batch]:
        for each in self.batches:
            yield each
            self.done += 1

    async def send(self, topic: Topic, messages: Sequence[Message]) -> None:
        assert topic is DEAD_LETTERS
        if not self.confirms:
            raise ConnectionError("Kafka is away")
        self.sent += messages


async def run(kafka: Kafka) -> Tally:
    tally = Tally()
    await readings(kafka, kafka.send, tally, bounds=BOUNDS, message_bytes=1000)
    return tally


async def test_good_readings_are_counted_and_nothing_is_sent():
    kafka = Kafka(batch([reading(NOON_MS)] * 3), batch([reading(NOON_MS + 1)], offset=3))
    tally = await run(kafka)
    assert (tally.used, tally.refused.total(), kafka.sent) == (4, 0, [])
    assert tally.newest_ms == {0: NOON_MS + 1}


async def test_a_dead_letter_holds_the_original_and_where_it_came_from():
    bad = b'{"series":"m-1","time":"2026-01-01T12:00:00Z","value":NaN}'
    kafka = Kafka(batch([reading(NOON_MS), bad], offset=40, partition=3))
    tally = await run(kafka)
    (letter,) = kafka.sent
    assert isinstance(letter, DeadLetter)
    assert letter.original == bad
    assert letter.original_key == b"m-1"
    assert (letter.topic, letter.partition, letter.offset) == ("meter.readings", 3, 41)
    assert letter.reason is Reason.NOT_FINITE
    assert letter.sent_at is not None
    assert letter.sent_at.timestamp() * 1000 == NOON_MS
    assert (tally.used, tally.refused) == (1, {Reason.NOT_FINITE: 1})


async def test_the_same_batch_again_gives_the_same_dead_letters():
    again = batch([None, b"{", reading(NOON_MS + HOUR_MS)])
    kafka = Kafka(again, again)
    await run(kafka)
    first, second = kafka.sent[:3], kafka.sent[3:]
    assert [letter.to_bytes() for letter in first] == [letter.to_bytes() for letter in second]


async def test_a_batch_is_not_done_before_its_dead_letters_are_confirmed():
    kafka = Kafka(batch([b"{"]), confirms=False)
    with pytest.raises(ConnectionError):
        await run(kafka)
    assert kafka.done == 0


async def test_each_partition_has_its_own_newest_reading():
    """One partition a week ahead of another does not make the other's readings too old."""
    ancient = NOON_MS - 20 * 24 * HOUR_MS
    kafka = Kafka(batch([reading(NOON_MS)]), batch([reading(ancient)], partition=1))
    tally = await run(kafka)
    assert tally.used == 2
    kafka = Kafka(batch([reading(NOON_MS), reading(ancient)]))
    tally = await run(kafka)
    assert tally.refused == {Reason.TOO_OLD: 1}


async def test_a_message_larger_than_allowed_is_a_dead_letter():
    kafka = Kafka(batch([b" " * 1001]))
    tally = await run(kafka)
    assert tally.refused == {Reason.OVERSIZED: 1}
