"""The readings agent: ticks close, and what they were made of is kept."""

from support.fake_worker import MINUTES, NOON_MS, Kafka, Worker, batch, reading, until

from gridcast.schemas import Reason
from gridcast.units import DAY_MS, HOUR_MS, MINUTE_MS


async def test_a_tick_that_closes_is_answered_kept_and_acknowledged() -> None:
    kafka = Kafka()
    worker = Worker(kafka)
    await worker.take(batch(MINUTES[:10]))
    await worker.hands.save()
    assert [int(output.key or b"0") for output in kafka.ticks] == [
        NOON_MS - 3 * HOUR_MS + (n - 1) * MINUTE_MS for n in range(10)
    ]
    assert kafka.acknowledged == {0: 10}


async def test_what_no_tick_has_closed_is_not_acknowledged_before_it_is_kept() -> None:
    kafka = Kafka()
    worker = Worker(kafka)
    await worker.take(batch(MINUTES[:2]), batch([reading(NOON_MS - 3 * HOUR_MS + 1)], offset=2))
    await until(lambda: kafka.acknowledged == {0: 2})
    await worker.hands.save()
    assert kafka.acknowledged == {0: 3}


async def test_when_no_more_comes_all_is_kept() -> None:
    kafka = Kafka()
    worker = Worker(kafka)
    await worker.take(batch(MINUTES[:1]), batch(MINUTES[:1] * 2, offset=1))
    await worker.hands.on_timer({0})
    await worker.hands.on_timer(set())
    await until(lambda: kafka.acknowledged == {0: 1})
    await worker.hands.on_timer({0})
    await until(lambda: kafka.acknowledged == {0: 3})


async def test_it_tells_up_to_where_the_input_is_kept_for_sure() -> None:
    worker = Worker(Kafka())
    await worker.take(batch(MINUTES[:3]), batch([MINUTES[1]], offset=3))
    assert worker.hands.saved_offsets() == {}, "a checkpoint is under way"
    await worker.hands.on_timer(set())
    assert worker.hands.saved_offsets() == {0: 3}
    await worker.hands.save()
    assert worker.hands.saved_offsets() == {0: 4}
    await worker.hands.assign([0])
    assert worker.hands.saved_offsets() == {}, "another may have had it"


async def test_each_partition_has_its_own_newest_reading() -> None:
    """One partition a week ahead of another does not make the other's readings too old."""
    ancient = NOON_MS - 20 * DAY_MS
    kafka = Kafka()
    worker = Worker(kafka)
    await worker.take(
        batch([reading(NOON_MS)]), batch([reading(ancient)], partition=1), assigned=[0, 1]
    )
    await worker.hands.save()
    assert kafka.letters == []
    await worker.take(batch([reading(ancient)], offset=1))
    await worker.hands.save()
    assert [letter.reason for letter in kafka.letters] == [Reason.TOO_OLD]


async def test_the_clock_closes_what_no_reading_closes_and_says_so() -> None:
    kafka = Kafka()
    worker = Worker(kafka)
    await worker.take(batch(MINUTES[:3]))
    newest = NOON_MS - 3 * HOUR_MS + 2 * MINUTE_MS
    await worker.hands.on_timer({0}, NOON_MS + 5 * MINUTE_MS + 1)
    await worker.hands.save()
    assert b"by_clock=True" in kafka.ticks[-1].value
    assert int(kafka.ticks[-1].key or b"0") == newest + 5 * MINUTE_MS, (
        "three hours behind, as it was"
    )
    before = len(kafka.ticks)
    await worker.hands.on_timer({0}, NOON_MS + 5 * MINUTE_MS + 2)
    await worker.hands.save()
    assert len(kafka.ticks) == before, "a tick closes once"


async def test_the_metrics_tell_what_became_of_a_batch() -> None:
    worker = Worker(Kafka())
    await worker.take(batch([*MINUTES[:3], b"{", MINUTES[2], MINUTES[0]]))
    await worker.hands.save()

    def count(name: str, **labels: str) -> float | None:
        return worker.metrics.registry.get_sample_value(f"gridcast_{name}", labels)

    assert count("messages_total", topic="meter.readings") == 6
    assert count("readings_total", result="used") == 3
    assert count("readings_total", result="duplicate") == 2
    assert count("readings_total", result=Reason.NOT_JSON) == 1
    assert count("ticks_total", closed_by="watermark") == 3
    assert count("tick_punctuality_seconds_count") == 3
    assert count("dead_letters_total", topic="meter.readings", reason=Reason.NOT_JSON) == 1
    assert count("recovery_duration_seconds_count") == 1
    assert count("series", partition="0") == 1
