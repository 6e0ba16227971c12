"""Partitions come and go: whoever has them, everything is read and told once."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fake_worker import MINUTES, NOON_MS, Kafka, MemoryTable, Worker, batch, until

from gridcast.agents.batch import Batch
from gridcast.agents.readings import readings
from gridcast.agents.state_table import Output
from gridcast.units import HOUR_MS, MINUTE_MS


async def _one(batch: Batch) -> AsyncIterator[Batch]:
    yield batch


async def taken_over() -> tuple[Kafka, Worker]:
    """Let one worker read and keep five minutes, and another the next four."""
    kafka = Kafka()
    one, other = Worker(kafka), Worker(kafka)
    await one.take(batch(MINUTES[:5]))
    await one.hands.save()
    await other.take(batch(MINUTES[5:9], offset=5))
    await other.hands.save()
    return kafka, one


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 59), st.booleans()), max_size=8))
def test_wherever_batches_are_cut_and_workers_die_the_same_is_sent_once(
    cuts: list[tuple[int, bool]],
) -> None:
    """Between cuts a worker takes a batch; it may then die with what it has not kept."""

    async def run(cuts: list[tuple[int, bool]]) -> list[Output]:
        kafka, offset = Kafka(), 0
        values = [b"{" if n % 7 == 3 else MINUTES[n - n % 3] for n in range(60)]
        worker = Worker(kafka)
        for end, dies in [*sorted(cuts), (60, False)]:
            await worker.take(batch(values[offset:end], offset=offset))
            offset = end
            if dies:
                worker, offset = Worker(kafka), kafka.acknowledged.get(0, 0)
                await worker.take(batch(values[offset:end], offset=offset))
                offset = end
        await worker.hands.save()
        return kafka.sent

    def in_order(sent: list[Output]) -> list[Output]:
        return sorted(sent, key=lambda output: (output.topic.name, output.key, output.value))

    assert in_order(asyncio.run(run(cuts))) == in_order(asyncio.run(run([])))


async def test_a_partition_that_comes_back_is_not_read_again_if_nobody_had_it() -> None:
    kafka = Kafka()
    worker = Worker(kafka)
    await worker.take(batch(MINUTES[:5]))
    await worker.take(batch(MINUTES[5:9], offset=5))
    assert kafka.opened == 1


async def test_a_partition_that_another_had_in_between_is_read_again() -> None:
    kafka, one = await taken_over()
    await one.take(batch(MINUTES[9:12], offset=9))
    await one.hands.save()
    assert kafka.opened == 3
    assert len(kafka.ticks) == len({output.key for output in kafka.ticks}) == 12


async def test_a_worker_whose_table_is_taken_sends_no_more_and_asks_the_group() -> None:
    kafka, slow = await taken_over()
    sent = len(kafka.sent)
    await readings(_one(batch(MINUTES[5:30], offset=5)), slow.hands)
    await slow.hands.on_timer({0})
    assert (len(kafka.sent), slow.rejoined) == (sent, 1)
    await readings(_one(batch(MINUTES[30:40], offset=30)), slow.hands)
    assert (len(kafka.sent), slow.rejoined) == (sent, 1), "until the group has answered"


async def test_where_the_group_is_ahead_of_the_table_messages_come_again() -> None:
    kafka = Kafka()
    worker = Worker(kafka)
    await worker.take(batch(MINUTES[5:9], offset=5), batch(MINUTES[:9]))
    assert worker.rewound == [(0, 0)]
    await worker.hands.save()
    assert kafka.acknowledged == {0: 9}


async def test_offsets_without_a_message_are_no_reason_to_go_back() -> None:
    """Where the readings' senders use transactions, Kafka keeps markers among them."""
    kafka = Kafka()
    worker = Worker(kafka)
    await worker.take(batch(MINUTES[:5]), batch(MINUTES[5:9], offset=7))
    await worker.hands.save()
    worker = Worker(kafka)
    await worker.take(batch(MINUTES[9:12], offset=13), batch(MINUTES[9:12], offset=13))
    await worker.hands.save()
    assert worker.rewound == [(0, 11)]
    assert kafka.acknowledged == {0: 16}


async def test_where_messages_are_deleted_that_the_table_lacks_it_goes_on_behind_them() -> None:
    kafka = Kafka()
    worker = Worker(kafka, first=5)
    await worker.take(batch(MINUTES[5:9], offset=5), batch(MINUTES[5:9], offset=5))
    await worker.hands.save()
    assert kafka.acknowledged == {0: 9}


async def test_a_worker_that_takes_over_knows_how_far_its_feed_is_behind_the_clock() -> None:
    kafka = Kafka()
    first, second = Worker(kafka), Worker(kafka)
    await first.take(batch(MINUTES[:3]))
    await first.hands.save()
    await second.take()
    await until(lambda: not second.hands.not_open())
    await second.hands.on_timer({0}, NOON_MS + MINUTE_MS)
    await second.hands.save()
    assert int(kafka.ticks[-1].key or b"0") == NOON_MS - 3 * HOUR_MS + 3 * MINUTE_MS


async def test_a_partition_that_goes_to_another_is_let_go() -> None:
    kafka = Kafka()
    worker = Worker(kafka)
    await worker.take(batch(MINUTES[:3]), assigned=[0, 1])
    table = kafka.owner[1]
    await worker.hands.assign([0])
    assert isinstance(table, MemoryTable)
    assert table.is_closed


async def test_a_table_of_other_settings_stops_the_worker() -> None:
    kafka = Kafka()
    worker = Worker(kafka)
    await worker.take(batch(MINUTES[:3]))
    await worker.hands.save()
    kafka.records[0]["head"] = b"torn"
    with pytest.raises(ValueError, match="record head"):
        await Worker(kafka).take(batch(MINUTES[3:5], offset=3))
