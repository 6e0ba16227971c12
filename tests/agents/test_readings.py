"""The readings agent, run over a list and a table in memory instead of a Kafka."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridcast.agents.batch import Batch
from gridcast.agents.held import Held, Terms
from gridcast.agents.metrics import Metrics
from gridcast.agents.readings import Hands, readings
from gridcast.agents.table import Output, TableLostError
from gridcast.models.feed_guard import FeedLimit
from gridcast.models.grid import Grid
from gridcast.models.partition import Partition, Tick
from gridcast.models.windows import WindowSpec
from gridcast.schemas import Alarm, AlarmChange, DeadLetter, Reading, Reason, TimeBounds
from gridcast.schemas.topics import ALARMS, DEAD_LETTERS, FORECASTS

NOON_MS = 1767268800_000
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


def look(partition: Partition, tick: Tick) -> list[Output]:
    """Give out all that the partition knows, so that a difference anywhere shows."""
    mean, mark = partition.windows.cut(partition.windows.spec.slots)
    opened = partition.windows.open_slot()
    said = [str(tick), str(partition.next_offset), *partition.windows.roster.names]
    arrays = b"".join(a.tobytes() for a in (mean, mark, opened.mean, opened.mark))
    return [Output(FORECASTS, str(tick.time_ms).encode(), "|".join(said).encode() + arrays)]


TERMS = Terms(
    spec=WindowSpec(step_minutes=5, days=1, fine_minutes=20, hold_minutes=7),
    lateness_ms=MINUTE_MS,
    bounds=TimeBounds(ahead_ms=300_000, behind_ms=DAY_MS),
    message_bytes=1000,
    feed_limit=FeedLimit(share=0.9, per_minute=1000),
    on_tick=look,
    watched=Grid(),
)


class Kafka:
    """The tables of all partitions, and what was sent; survives its workers."""

    def __init__(self) -> None:
        self.records: dict[int, dict[str, bytes]] = {}
        self.sent: list[Output] = []
        self.acknowledged: dict[int, int] = {}
        self.owner: dict[int, object] = {}
        self.opened = 0

    @property
    def letters(self) -> list[DeadLetter]:
        return [
            DeadLetter.from_bytes(output.value)
            for output in self.sent
            if output.topic is DEAD_LETTERS
        ]

    @property
    def ticks(self) -> list[Output]:
        return [output for output in self.sent if output.topic is FORECASTS]


class MemoryTable:
    """A table that can be taken over, as one in Kafka can."""

    def __init__(self, kafka: Kafka, number: int) -> None:
        self.kafka = kafka
        self.number = number
        self.is_closed = False

    async def open(self) -> Mapping[str, bytes]:
        self.kafka.owner[self.number] = self
        self.kafka.opened += 1
        await asyncio.sleep(0)
        return dict(self.kafka.records.setdefault(self.number, {}))

    async def checkpoint(
        self, outputs: Sequence[Output], changes: Mapping[str, bytes | None], next_offset: int
    ) -> None:
        await asyncio.sleep(0)
        if self.kafka.owner[self.number] is not self:
            raise TableLostError("another has it")
        self.kafka.sent += outputs
        records = self.kafka.records[self.number]
        for key, value in changes.items():
            if value is None:
                records.pop(key, None)
            else:
                records[key] = value
        self.kafka.acknowledged[self.number] = next_offset

    async def close(self) -> None:
        self.is_closed = True


class Worker:
    """A worker's hands, and what it asked the transport."""

    def __init__(self, kafka: Kafka, first: int = 0) -> None:
        self.kafka = kafka
        self.first = first
        self.rewound: list[tuple[int, int]] = []
        self.rejoined = 0
        self.metrics = Metrics(version="1", run="r")
        self.hands = Hands(
            lambda n: Held(n, MemoryTable(kafka, n), TERMS, self.metrics),
            self._rewind,
            self._rejoin,
        )

    async def take(self, *batches: Batch, assigned: Sequence[int] = (0,)) -> None:
        await self.hands.assign(assigned)

        async def all_of_them() -> AsyncIterator[Batch]:
            for each in batches:
                yield each

        await readings(all_of_them(), self.hands)

    def _hold(self, number: int) -> Held:
        return Held(number, MemoryTable(self.kafka, number), TERMS, self.metrics)

    async def _rewind(self, number: int, offset: int) -> int:
        self.rewound.append((number, offset))
        return max(offset, self.first)

    def _rejoin(self) -> None:
        self.rejoined += 1


async def until(happened: Callable[[], bool]) -> None:
    """Wait for what goes on beside."""
    for _ in range(10_000):
        if happened():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it does not happen")


def reading(at_ms: int, value: float = 1.0) -> bytes:
    return Reading.model_validate(
        {"series": "m-1", "time": at_ms / 1000, "value": value}
    ).to_bytes()


def batch(values: Sequence[bytes | None], *, offset: int = 0, partition: int = 0) -> Batch:
    length = len(values)
    return Batch(
        "meter.readings",
        partition,
        offset,
        offset + length,
        range(offset, offset + length),
        [b"m-1"] * length,
        values,
        np.full(length, NOON_MS),
    )


MINUTES = [reading(NOON_MS + n * MINUTE_MS - 3 * HOUR_MS, n) for n in range(180)]


async def test_a_tick_that_closes_is_answered_kept_and_acknowledged():
    kafka = Kafka()
    worker = Worker(kafka)
    await worker.take(batch(MINUTES[:10]))
    await worker.hands.save()
    assert [int(output.key or b"0") for output in kafka.ticks] == [
        NOON_MS - 3 * HOUR_MS + (n - 1) * MINUTE_MS for n in range(10)
    ]
    assert kafka.acknowledged == {0: 10}


async def test_what_no_tick_has_closed_is_not_acknowledged_before_it_is_kept():
    kafka = Kafka()
    worker = Worker(kafka)
    await worker.take(batch(MINUTES[:2]), batch([reading(NOON_MS - 3 * HOUR_MS + 1)], offset=2))
    await until(lambda: kafka.acknowledged == {0: 2})
    await worker.hands.save()
    assert kafka.acknowledged == {0: 3}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 59), st.booleans()), max_size=8))
def test_wherever_batches_are_cut_and_workers_die_the_same_is_sent_once(
    cuts: list[tuple[int, bool]],
):
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


async def test_a_dead_letter_holds_the_original_and_where_it_came_from():
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


async def test_dead_letters_do_not_wait_for_a_tick():
    kafka = Kafka()
    worker = Worker(kafka)
    await worker.take(batch([b"{", None]))
    assert kafka.letters == []
    await worker.hands.beat({0})
    await until(lambda: len(kafka.acknowledged) > 0)
    assert [letter.offset for letter in kafka.letters] == [0, 1]
    assert kafka.acknowledged == {0: 0}, "told, but the windows do not contain it yet"
    worker = Worker(kafka)
    await worker.take(batch([b"{", None, b"{"]))
    await worker.hands.save()
    assert [letter.offset for letter in kafka.letters] == [0, 1, 2]


async def test_when_no_more_comes_all_is_kept():
    kafka = Kafka()
    worker = Worker(kafka)
    await worker.take(batch(MINUTES[:1]), batch(MINUTES[:1] * 2, offset=1))
    await worker.hands.beat({0})
    await worker.hands.beat(set())
    await until(lambda: kafka.acknowledged == {0: 1})
    await worker.hands.beat({0})
    await until(lambda: kafka.acknowledged == {0: 3})


async def test_it_tells_up_to_where_the_input_is_kept_for_sure():
    worker = Worker(Kafka())
    await worker.take(batch(MINUTES[:3]), batch([MINUTES[1]], offset=3))
    assert worker.hands.kept() == {}, "a checkpoint is under way"
    await worker.hands.beat(set())
    assert worker.hands.kept() == {0: 3}
    await worker.hands.save()
    assert worker.hands.kept() == {0: 4}
    await worker.hands.assign([0])
    assert worker.hands.kept() == {}, "another may have had it"


async def test_each_partition_has_its_own_newest_reading():
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


async def test_a_message_larger_than_allowed_is_a_dead_letter():
    kafka = Kafka()
    worker = Worker(kafka)
    await worker.take(batch([b" " * 1001]))
    await worker.hands.save()
    assert [letter.reason for letter in kafka.letters] == [Reason.OVERSIZED]


async def test_a_partition_that_comes_back_is_not_read_again_if_nobody_had_it():
    kafka = Kafka()
    worker = Worker(kafka)
    await worker.take(batch(MINUTES[:5]))
    await worker.take(batch(MINUTES[5:9], offset=5))
    assert kafka.opened == 1


async def test_a_partition_that_another_had_in_between_is_read_again():
    kafka = Kafka()
    one, other = Worker(kafka), Worker(kafka)
    await one.take(batch(MINUTES[:5]))
    await one.hands.save()
    await other.take(batch(MINUTES[5:9], offset=5))
    await other.hands.save()
    await one.take(batch(MINUTES[9:12], offset=9))
    await one.hands.save()
    assert kafka.opened == 3
    assert len(kafka.ticks) == len({output.key for output in kafka.ticks}) == 12


async def test_a_worker_whose_table_is_taken_sends_no_more_and_asks_the_group():
    kafka = Kafka()
    slow, quick = Worker(kafka), Worker(kafka)
    await slow.take(batch(MINUTES[:5]))
    await slow.hands.save()
    await quick.take(batch(MINUTES[5:9], offset=5))
    await quick.hands.save()
    sent = len(kafka.sent)
    await readings(_one(batch(MINUTES[5:30], offset=5)), slow.hands)
    await slow.hands.beat({0})
    assert (len(kafka.sent), slow.rejoined) == (sent, 1)
    await readings(_one(batch(MINUTES[30:40], offset=30)), slow.hands)
    assert (len(kafka.sent), slow.rejoined) == (sent, 1), "until the group has answered"


async def test_where_the_group_is_ahead_of_the_table_messages_come_again():
    kafka = Kafka()
    worker = Worker(kafka)
    await worker.take(batch(MINUTES[5:9], offset=5), batch(MINUTES[:9]))
    assert worker.rewound == [(0, 0)]
    await worker.hands.save()
    assert kafka.acknowledged == {0: 9}


async def test_offsets_without_a_message_are_no_reason_to_go_back():
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


async def test_where_messages_are_deleted_that_the_table_lacks_it_goes_on_behind_them():
    kafka = Kafka()
    worker = Worker(kafka, first=5)
    await worker.take(batch(MINUTES[5:9], offset=5), batch(MINUTES[5:9], offset=5))
    await worker.hands.save()
    assert kafka.acknowledged == {0: 9}


async def test_the_clock_closes_what_no_reading_closes_and_says_so():
    kafka = Kafka()
    worker = Worker(kafka)
    await worker.take(batch(MINUTES[:3]))
    newest = NOON_MS - 3 * HOUR_MS + 2 * MINUTE_MS
    await worker.hands.beat({0}, NOON_MS + 5 * MINUTE_MS + 1)
    await worker.hands.save()
    assert b"by_clock=True" in kafka.ticks[-1].value
    assert int(kafka.ticks[-1].key or b"0") == newest + 5 * MINUTE_MS, (
        "three hours behind, as it was"
    )
    before = len(kafka.ticks)
    await worker.hands.beat({0}, NOON_MS + 5 * MINUTE_MS + 2)
    await worker.hands.save()
    assert len(kafka.ticks) == before, "a tick closes once"


async def test_a_worker_that_takes_over_knows_how_far_its_feed_is_behind_the_clock():
    kafka = Kafka()
    first, second = Worker(kafka), Worker(kafka)
    await first.take(batch(MINUTES[:3]))
    await first.hands.save()
    await second.take()
    await until(lambda: not second.hands.not_open())
    await second.hands.beat({0}, NOON_MS + MINUTE_MS)
    await second.hands.save()
    assert int(kafka.ticks[-1].key or b"0") == NOON_MS - 3 * HOUR_MS + 3 * MINUTE_MS


async def test_a_partition_that_goes_to_another_is_let_go():
    kafka = Kafka()
    worker = Worker(kafka)
    await worker.take(batch(MINUTES[:3]), assigned=[0, 1])
    table = kafka.owner[1]
    await worker.hands.assign([0])
    assert isinstance(table, MemoryTable)
    assert table.is_closed


async def test_a_table_of_other_settings_stops_the_worker():
    kafka = Kafka()
    worker = Worker(kafka)
    await worker.take(batch(MINUTES[:3]))
    await worker.hands.save()
    kafka.records[0]["head"] = b"torn"
    with pytest.raises(ValueError, match="record head"):
        await Worker(kafka).take(batch(MINUTES[3:5], offset=3))


async def _one(batch: Batch) -> AsyncIterator[Batch]:
    yield batch


async def test_the_metrics_tell_what_became_of_a_batch():
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


async def test_a_broken_feed_raises_one_alarm_whoever_has_the_partition():
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
