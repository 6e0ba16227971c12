"""Readings that cannot be used: dead letters, and an alarm when they are many."""

from dataclasses import replace

from support.fake_worker import NOON_MS, Kafka, Worker, batch, reading, until

from gridcast.agents.batch import Batch
from gridcast.schemas import Alarm, AlarmChange, Reason
from gridcast.schemas.topics import ALARMS
from gridcast.units import MINUTE_MS


async def test_a_dead_letter_holds_the_original_and_where_it_came_from() -> None:
    bad = b'{"series":"m-1","time":"2026-01-01T12:00:00Z","value":NaN}'
    kafka = Kafka()
    worker = Worker(kafka)
    await worker.take(batch([reading(NOON_MS), bad], offset=40, partition=3), assigned=[3])
    kafka.records[3] = {}
    worker = Worker(kafka, first=40)
    await worker.take(batch([reading(NOON_MS), bad], offset=40, partition=3), assigned=[3])
    await worker.take(batch([reading(NOON_MS), bad], offset=40, partition=3), assigned=[3])
    await worker.hands.save()
    (letter,) = kafka.letters
    assert letter.original == bad
    assert letter.original_key == b"m-1"
    assert (letter.topic, letter.partition, letter.offset) == ("meter.readings", 3, 41)
    assert letter.reason is Reason.NOT_FINITE
    assert letter.sent_at is not None
    assert letter.sent_at.timestamp() * 1000 == NOON_MS


async def test_dead_letters_do_not_wait_for_a_tick() -> None:
    kafka = Kafka()
    worker = Worker(kafka)
    await worker.take(batch([b"{", None]))
    assert kafka.letters == []
    await worker.hands.on_timer({0})
    await until(lambda: len(kafka.acknowledged) > 0)
    assert [letter.offset for letter in kafka.letters] == [0, 1]
    assert kafka.acknowledged == {0: 0}, "told, but the windows do not contain it yet"
    worker = Worker(kafka)
    await worker.take(batch([b"{", None, b"{"]))
    await worker.hands.save()
    assert [letter.offset for letter in kafka.letters] == [0, 1, 2]


async def test_a_message_larger_than_allowed_is_a_dead_letter() -> None:
    kafka = Kafka()
    worker = Worker(kafka)
    await worker.take(batch([b" " * 1001]))
    await worker.hands.save()
    assert [letter.reason for letter in kafka.letters] == [Reason.OVERSIZED]


async def test_a_broken_feed_raises_one_alarm_whoever_has_the_partition() -> None:
    def rubbish(offset: int) -> Batch:
        one = batch([b"{"] * 5, offset=offset)
        return replace(one, sent_ms=one.sent_ms + offset * MINUTE_MS)

    kafka = Kafka()
    for offset in range(0, 20, 5):
        worker = Worker(kafka)
        await worker.take(*(rubbish(earlier) for earlier in range(0, offset + 5, 5)))
        await worker.hands.save()
    alarms = [output for output in kafka.sent if output.topic is ALARMS]
    assert [Alarm.from_bytes(output.value).change for output in alarms] == [AlarmChange.RAISED]
    assert len(kafka.letters) == 20
