"""What operators want of alarms: judged by the agent, done once by who holds the partition."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from gridcast.agents.batch import Batch
from gridcast.agents.commands import CommandLimits, CommandLog, commands
from gridcast.agents.dead_letter import Refused
from gridcast.agents.metrics import Metrics
from gridcast.agents.partition_processor import PartitionProcessor, ProcessorSettings
from gridcast.agents.state_table import Output
from gridcast.models.feed_guard import FeedLimit
from gridcast.models.windows import WindowSpec
from gridcast.schemas import Action, Alarm, AlarmChange, Command, DeadLetter, Reason, TimeBounds
from gridcast.schemas.topics import ALARMS, DEAD_LETTERS
from gridcast.units import MINUTE_MS

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOON_MS = round(NOON.timestamp() * 1000)
HOUR = timedelta(hours=1)
ALARM = "feed-broken/meter.readings/1/2026-01-01T12:01:00Z"
LIMITS = CommandLimits(3, shelve=24 * HOUR, ahead=timedelta(minutes=5), message_bytes=1000)
SETTINGS = ProcessorSettings(
    spec=WindowSpec(step_minutes=5, days=1, fine_minutes=20, hold_minutes=7),
    lateness_ms=0,
    bounds=TimeBounds(ahead_ms=300_000, behind_ms=24 * 3_600_000),
    message_bytes=1000,
    feed_limit=FeedLimit(share=0.5, per_minute=1000),
)


def wish(action: Action = Action.ACKNOWLEDGE, alarm: str = ALARM, **more: Any) -> Command:
    fields: dict[str, Any] = {"command": "c-1", "by": "anna", "at": NOON} | more
    if action is Action.SHELVE:
        fields.setdefault("until", fields["at"] + HOUR)
    return Command(alarm=alarm, action=action, **fields)


def batch_of(*wishes: Command | tuple[bytes | None, bytes | None], begin: int = 0) -> Batch:
    records = [(one.key, one.to_bytes()) if isinstance(one, Command) else one for one in wishes]
    count = len(records)
    return Batch(
        "load.commands",
        0,
        begin,
        begin + count,
        range(begin, begin + count),
        [key for key, _ in records],
        [value for _, value in records],
        np.full(count, NOON_MS),
    )


async def give(log: CommandLog, *batches: Batch) -> list[tuple[int, Reason]]:
    """Let the agent take batches; gives what it refuses."""
    told: list[tuple[int, Reason]] = []

    async def stream() -> AsyncIterator[Batch]:
        for one in batches:
            yield one

    async def tell(batch: Batch, refused: Refused) -> None:
        told.extend((batch.offsets[place], refusal.reason) for place, refusal in refused)

    await commands(stream(), log, tell, LIMITS)
    return told


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (wish(alarm="flatline/meter-1/2026-01-01T12:01:00Z"), Reason.UNKNOWN_ALARM),
        (wish(alarm="feed-broken/meter.readings/3/2026-01-01T12:01:00Z"), Reason.UNKNOWN_ALARM),
        (wish(at=NOON + HOUR), Reason.FAR_FUTURE),
        (wish(Action.SHELVE, until=NOON + 25 * HOUR), Reason.OUT_OF_RANGE),
        ((ALARM.encode(), None), Reason.EMPTY),
        ((b"another", wish().to_bytes()), Reason.WRONG_KEY),
        ((ALARM.encode(), b"seen!"), Reason.NOT_JSON),
    ],
)
async def test_what_nobody_could_do_is_refused_and_its_neighbours_are_known(
    one: Command | tuple[bytes | None, bytes | None], reason: Reason
) -> None:
    log = CommandLog()
    assert await give(log, batch_of(wish(), one, wish(Action.SHELVE))) == [(1, reason)]
    assert [given.offset for given in log.since(0, 1)] == [0, 2]
    assert log.next_offset == 3


async def test_what_comes_again_is_refused_again_but_known_once() -> None:
    log = CommandLog()
    batch = batch_of(wish(), wish(alarm="none"))
    assert await give(log, batch, batch) == [(1, Reason.UNKNOWN_ALARM)] * 2
    assert len(list(log.since(0, 1))) == 1


async def test_what_kafka_has_forgotten_is_forgotten_here() -> None:
    log, later = CommandLog(), batch_of(wish(), begin=1)
    later.sent_ms[:] += 91 * 24 * 3_600_000
    await give(log, batch_of(wish()), later)
    assert [given.offset for given in log.since(0, 1)] == [1]


class Kept:
    """A table in memory, and what was sent with it; survives those who held it."""

    def __init__(self) -> None:
        self.records: dict[str, bytes] = {}
        self.sent: list[Output] = []
        self.acknowledged = 0

    async def open(self) -> Mapping[str, bytes]:
        return dict(self.records)

    async def checkpoint(
        self, outputs: Sequence[Output], changes: Mapping[str, bytes | None], next_offset: int
    ) -> None:
        self.sent += outputs
        self.acknowledged = next_offset
        self.records |= {key: value for key, value in changes.items() if value is not None}

    async def close(self) -> None:
        pass

    @property
    def alarms(self) -> list[Alarm]:
        return [Alarm.from_bytes(one.value) for one in self.sent if one.topic is ALARMS]

    @property
    def letters(self) -> list[DeadLetter]:
        return [DeadLetter.from_bytes(one.value) for one in self.sent if one.topic is DEAD_LETTERS]

    @property
    def changes(self) -> list[AlarmChange]:
        return [alarm.change for alarm in self.alarms]


async def holder(kept: Kept, log: CommandLog) -> PartitionProcessor:
    held = PartitionProcessor(1, kept, SETTINGS, Metrics(version="1", run="r"), commands=log)
    await held.take_over()
    return held


def feed(minute: int, value: bytes = b"{", count: int = 5) -> Batch:
    """Messages of one minute of Kafka's stamps."""
    begin = minute * 100
    return Batch(
        "meter.readings",
        1,
        begin,
        begin + 100,
        range(begin, begin + count),
        [b"m"] * count,
        [value] * count,
        np.full(count, NOON_MS + minute * MINUTE_MS),
    )


async def broken(kept: Kept, log: CommandLog) -> PartitionProcessor:
    """Give the holder of a partition whose feed is broken."""
    held = await holder(kept, log)
    for minute in (0, 1):
        await held.take(feed(minute))
    await held.save()
    assert kept.changes == [AlarmChange.RAISED]
    assert kept.alarms[0].alarm == ALARM
    return held


async def beat(held: PartitionProcessor) -> None:
    await held.on_timer(is_idle=False, clock_ms=None)
    await held.save()


async def test_an_alarm_is_acknowledged_and_shelved_and_says_by_whom() -> None:
    kept, log = Kept(), CommandLog()
    held = await broken(kept, log)
    at, until = NOON + timedelta(minutes=2), NOON + 3 * HOUR
    shelve = wish(Action.SHELVE, by="ben", at=at, until=until)
    await give(log, batch_of(wish(at=at), shelve))
    await beat(held)
    _, seen, hidden = kept.alarms
    assert (seen.change, seen.changed_by, seen.changed_at) == (AlarmChange.ACKNOWLEDGED, "anna", at)
    assert (seen.acknowledged_by, seen.acknowledged_at, seen.shelved_until) == ("anna", at, None)
    assert (hidden.change, hidden.changed_by) == (AlarmChange.SHELVED, "ben")
    assert (hidden.acknowledged_by, hidden.shelved_until) == ("anna", until)
    assert hidden.active
    assert hidden.raised_at == kept.alarms[0].raised_at
    await give(log, batch_of(wish(Action.UNSHELVE, at=at), begin=2))
    await beat(held)
    shown = kept.alarms[-1]
    assert (shown.change, shown.shelved_until) == (AlarmChange.UNSHELVED, None)
    assert shown.acknowledged_by == "anna"


async def test_what_is_so_already_says_nothing() -> None:
    kept, log = Kept(), CommandLog()
    held = await broken(kept, log)
    shelve = wish(Action.SHELVE)
    await give(log, batch_of(wish(Action.UNSHELVE), wish(), wish(by="ben"), shelve, shelve))
    await beat(held)
    assert kept.changes == [AlarmChange.RAISED, AlarmChange.ACKNOWLEDGED, AlarmChange.SHELVED]
    assert len(kept.letters) == 10, "only those of the feed"


async def test_each_command_is_done_once_whoever_dies_before_or_after_it_is_kept() -> None:
    kept, log = Kept(), CommandLog()
    held = await broken(kept, log)
    await give(log, batch_of(wish(), wish(alarm=ALARM.replace("T12", "T11"))))
    await held.take(feed(2))  # done, and not kept
    held = await holder(kept, log)
    await beat(held)
    held = await holder(kept, log)
    await beat(held)
    await give(log, batch_of(wish(Action.SHELVE), begin=2))
    await beat(await holder(kept, log))
    assert kept.changes == [AlarmChange.RAISED, AlarmChange.ACKNOWLEDGED, AlarmChange.SHELVED]
    assert [letter.reason for letter in kept.letters].count(Reason.UNKNOWN_ALARM) == 1


async def test_a_worker_that_has_not_yet_read_what_was_done_does_it_not_again() -> None:
    kept, log = Kept(), CommandLog()
    held = await broken(kept, log)
    await give(log, batch_of(wish(), wish(Action.SHELVE)))
    await beat(held)
    behind = CommandLog()
    await give(behind, batch_of(wish()))
    held = await holder(kept, behind)
    await beat(held)
    await give(behind, batch_of(wish(Action.SHELVE), wish(Action.UNSHELVE), begin=1))
    await beat(held)
    assert kept.changes[1:] == [
        AlarmChange.ACKNOWLEDGED,
        AlarmChange.SHELVED,
        AlarmChange.UNSHELVED,
    ]


async def test_a_command_about_an_alarm_that_is_over_is_a_dead_letter_with_its_bytes() -> None:
    kept, log = Kept(), CommandLog()
    held = await broken(kept, log)
    await give(log, batch_of(wish()))
    reading = b'{"series":"m","time":"2026-01-01T12:00:00Z","value":1}'
    for minute in range(2, 30):
        await held.take(feed(minute, reading, 100))
    await held.save()
    assert kept.changes == [AlarmChange.RAISED, AlarmChange.ACKNOWLEDGED, AlarmChange.CLEARED]
    assert kept.alarms[-1].acknowledged_by == "anna", "it stays known who saw it"
    late = wish(Action.SHELVE, command="late")
    await give(log, batch_of(late, begin=1))
    await beat(held)
    letter = kept.letters[-1]
    assert (letter.reason, letter.topic, letter.offset) == (
        Reason.UNKNOWN_ALARM,
        "load.commands",
        1,
    )
    assert letter.original == late.to_bytes()
    assert len(kept.alarms) == 3


async def test_the_next_alarm_of_a_feed_is_nobodys_yet() -> None:
    kept, log = Kept(), CommandLog()
    held = await broken(kept, log)
    await give(log, batch_of(wish(), wish(Action.SHELVE)))
    reading = b'{"series":"m","time":"2026-01-01T12:00:00Z","value":1}'
    for minute in range(2, 30):
        await held.take(feed(minute, reading, 100))
    for minute in range(30, 60):
        await held.take(feed(minute, count=100))
    await held.save()
    again = kept.alarms[-1]
    assert again.change is AlarmChange.RAISED
    assert (again.acknowledged_at, again.acknowledged_by, again.shelved_until) == (None, None, None)


@pytest.mark.parametrize("is_idle", [False, True])
async def test_an_alarm_whose_shelf_is_up_is_shown_again_and_says_so_once(is_idle: bool) -> None:
    kept, log = Kept(), CommandLog()
    held = await broken(kept, log)
    await give(log, batch_of(wish(Action.SHELVE, until=NOON + timedelta(minutes=9))))
    await beat(held)
    held = await holder(kept, log)
    for minute in range(2, 9):
        await held.take(feed(minute))
    await held.on_timer(is_idle=is_idle, clock_ms=NOON_MS + 8 * MINUTE_MS)
    await held.save()
    assert kept.changes == [AlarmChange.RAISED, AlarmChange.SHELVED], "its time is not up"
    if is_idle:
        await held.on_timer(is_idle=True, clock_ms=NOON_MS + 10 * MINUTE_MS)
    else:
        for minute in (9, 10):
            await held.take(feed(minute))
    await held.save()
    await beat(await holder(kept, log))
    shown = kept.alarms[-1]
    assert kept.changes[2:] == [AlarmChange.UNSHELVED]
    assert (shown.active, shown.shelved_until, shown.changed_by) == (True, None, None)


async def test_a_partition_that_begins_does_nothing_of_what_was_wanted_before() -> None:
    kept, log = Kept(), CommandLog()
    await give(log, batch_of(wish()))
    held = await broken(kept, log)
    await beat(held)
    assert kept.changes == [AlarmChange.RAISED]
    assert not [one for one in kept.letters if one.reason is Reason.UNKNOWN_ALARM]


async def test_a_partition_without_readings_does_what_was_wanted_while_nobody_had_it() -> None:
    kept, log = Kept(), CommandLog()
    await give(log, batch_of(wish()))
    await beat(await holder(kept, log))
    await give(log, batch_of(wish(), begin=1))
    await beat(await holder(kept, log))
    assert [letter.offset for letter in kept.letters] == [1]


async def test_commands_of_other_partitions_are_theirs() -> None:
    kept, log = Kept(), CommandLog()
    held = await broken(kept, log)
    await give(log, batch_of(wish(alarm=ALARM.replace("/1/", "/2/"))))
    await beat(held)
    assert kept.changes == [AlarmChange.RAISED]
    assert len(kept.letters) == 10
