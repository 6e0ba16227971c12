"""The life of alarms on a board, step by step, and whatever comes: told once, lost never."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridcast.models.alarms import AlarmBoard, Condition, FloodLimit, Sign, Timing, partition_of
from gridcast.models.records import encode
from gridcast.schemas import Action, Alarm, AlarmChange, AlarmKind, Command, Priority, Refusal
from gridcast.units import utc_time

FEED = "meter.readings/3"
MINUTE = 60_000
HOUR = 60 * MINUTE
START = 1_767_225_600_000
SPIKE, GAP = AlarmKind.SPIKE, AlarmKind.GAP
KINDS = frozenset({SPIKE, GAP})
TIMINGS = {
    SPIKE: Timing(on_delay_ms=2 * MINUTE, off_delay_ms=5 * MINUTE, re_alarm_ms=HOUR),
    GAP: Timing(off_delay_ms=5 * MINUTE),
}
FEEDER = (GAP, "f-1")


class Played:
    """A board, and all that it told."""

    def __init__(self) -> None:
        self.board = AlarmBoard(FEED, timings=TIMINGS)
        self.told: list[Alarm] = []

    def see(self, minute: float, *conditions: Condition) -> list[AlarmChange]:
        told = self.board.judge(START + round(minute * MINUTE), conditions, KINDS)
        self.told += told
        return [alarm.change for alarm in told]

    def do(self, action: Action, alarm: Alarm, minute: float, until: float | None = None) -> Any:
        at = utc_time(START + round(minute * MINUTE))
        end = None if until is None else utc_time(START + round(until * MINUTE))
        command = Command(
            command="c", alarm=alarm.alarm, action=action, by="anna", at=at, until=end
        )
        return self.board.command(command)

    def restart(self) -> None:
        self.board = AlarmBoard(FEED, encode(self.board.record()), TIMINGS)


@pytest.fixture
def played() -> Played:
    return Played()


def spike(series: str = "m-1", sign: Sign = Sign.ON, **more: Any) -> Condition:
    return Condition(SPIKE, series, sign, **({"priority": Priority.LOW} | more))


def gap(series: str, *under: tuple[AlarmKind, str], **more: Any) -> Condition:
    return Condition(GAP, series, under=under, **({"priority": Priority.LOW} | more))


def test_it_is_raised_when_its_on_delay_is_over_and_not_before(played: Played) -> None:
    assert played.see(0, spike()) == []
    assert played.see(1, spike()) == []
    assert played.see(2, spike()) == [AlarmChange.RAISED]
    assert played.told[0].alarm == "spike/m-1/3/2026-01-01T00:02:00Z"
    assert partition_of(played.told[0].alarm) == 3


def test_what_goes_away_within_the_on_delay_is_nobodys_business(played: Played) -> None:
    for minute in range(0, 20, 2):
        assert played.see(minute, spike()) == []
        assert played.see(minute + 1) == []


def test_it_is_over_when_it_was_well_for_the_off_delay_without_a_break(played: Played) -> None:
    played.see(0, spike())
    played.see(2, spike())
    assert played.see(3) == []
    assert played.see(6, spike()) == [], "it came back: the same alarm"
    assert played.see(7) == []
    assert played.see(11) == []
    assert played.see(12) == [AlarmChange.CLEARED]
    assert (played.told[-1].active, played.told[-1].cleared_at) == (
        False,
        utc_time(START + 12 * MINUTE),
    )
    assert played.told[-1].alarm == played.told[0].alarm


def test_between_the_limits_an_alarm_neither_comes_nor_goes(played: Played) -> None:
    between = spike(sign=Sign.BETWEEN)
    assert [played.see(minute, between) for minute in range(5)] == [[]] * 5
    played.see(5, spike())
    played.see(7, spike())
    assert [played.see(minute, between) for minute in range(8, 40)] == [[]] * 32


def test_what_is_known_of_other_kinds_does_not_clear_it(played: Played) -> None:
    played.see(0, spike())
    played.see(2, spike())
    at = START + HOUR
    assert played.board.judge(at, [], {GAP}) == played.board.judge(2 * at, [], {GAP}) == []
    assert played.board.standing() == 1


def test_another_cause_is_told_but_not_every_minute(played: Played) -> None:
    played.see(0, spike(cause="meter fault"))
    played.see(2, spike(cause="meter fault"))
    assert played.see(3, spike(cause="seen by the neighbours too")) == []
    assert played.see(12, spike(cause="seen by the neighbours too")) == [AlarmChange.UPDATED]
    assert played.told[-1].cause == "seen by the neighbours too"
    assert played.see(13, spike(cause="meter fault")) == []


def test_an_important_one_that_goes_on_is_told_anew_even_if_it_was_acknowledged(
    played: Played,
) -> None:
    high: dict[str, Any] = {"priority": Priority.HIGH}
    played.see(0, spike(**high))
    played.see(2, spike(**high))
    played.do(Action.ACKNOWLEDGE, played.told[0], 3)
    assert played.see(61, spike(**high)) == []
    assert played.see(62, spike(**high)) == [AlarmChange.RE_ALARMED]
    assert played.told[-1].acknowledged_at is None
    assert played.told[-1].alarm == played.told[0].alarm
    assert played.see(63, spike(**high)) == []


def test_a_shelved_alarm_is_shown_again_when_its_time_is_up_and_says_so(played: Played) -> None:
    played.see(0, gap("m-1"))
    hidden = played.do(Action.SHELVE, played.told[0], 1, until=30)
    assert isinstance(hidden, Alarm)
    assert played.board.standing() == 0
    played.restart()
    assert played.board.unshelve(START + 29 * MINUTE) == []
    (shown,) = played.board.unshelve(START + 30 * MINUTE)
    assert (shown.change, shown.shelved_until, shown.changed_by) == (
        AlarmChange.UNSHELVED,
        None,
        None,
    )
    assert played.board.unshelve(START + 31 * MINUTE) == []
    assert played.board.standing() == 1


def test_a_command_about_an_alarm_that_is_over_is_refused(played: Played) -> None:
    played.see(0, gap("m-1"))
    played.see(1)
    played.see(6)
    assert isinstance(played.do(Action.ACKNOWLEDGE, played.told[0], 7), Refusal)


def test_a_dead_feeder_of_200_meters_is_one_alarm(played: Played) -> None:
    meters = [gap(f"m-{number}", FEEDER) for number in range(200)]
    feeder = gap("f-1", (GAP, "z-1"), priority=Priority.HIGH)
    for minute in range(60):
        played.see(minute, *meters, feeder)
    assert [(alarm.series, alarm.change) for alarm in played.told] == [("f-1", AlarmChange.RAISED)]
    played.see(61)
    assert played.see(66) == [AlarmChange.CLEARED]


def test_what_was_raised_before_its_feeder_is_put_under_it_and_shown_again_after(
    played: Played,
) -> None:
    meter = gap("m-1", FEEDER)
    assert played.see(0, meter) == [AlarmChange.RAISED]
    assert played.see(1, meter, gap("f-1")) == [AlarmChange.RAISED, AlarmChange.SUPPRESSED]
    assert played.told[-1].suppressed_by == played.told[-2].alarm
    assert played.board.standing() == 1
    assert played.see(2, meter) == []
    assert played.see(7, meter) == [AlarmChange.CLEARED, AlarmChange.UNSUPPRESSED]
    assert played.told[-1].suppressed_by is None


def test_a_flood_is_one_alarm_and_what_is_left_of_it_is_told(played: Played) -> None:
    for number in range(9):
        assert played.see(number / 10, *(gap(f"m-{one}") for one in range(number + 1))) == [
            AlarmChange.RAISED
        ]
    many = [gap(f"m-{one}") for one in range(500)]
    changes = played.see(1, *many)
    assert Counter(changes) == {AlarmChange.RAISED: 1, AlarmChange.SUPPRESSED: 9}
    (flood,) = [alarm for alarm in played.told if alarm.kind is AlarmKind.FLOOD]
    assert flood.alarm == f"flood/{FEED}/2026-01-01T00:01:00Z"
    assert flood.text == "500 alarms in 10 minutes on meter.readings/3: 500 gap"
    assert {alarm.suppressed_by for alarm in played.told[-9:]} == {flood.alarm}
    assert played.board.standing() == 1
    assert played.board.rate(START + 5 * MINUTE) == 500
    for minute in range(2, 30):
        assert played.see(minute, *many) == [], "little comes, but much is left"
        played.restart()
    left = many[:2] + many[-2:]
    assert Counter(played.see(30, *left)) == {}
    ended = [played.see(minute, *left) for minute in range(31, 38)]
    told = Counter(change for changes in ended for change in changes)
    assert told == {
        AlarmChange.CLEARED: 8,  # seven that were raised, and the flood
        AlarmChange.UNSUPPRESSED: 2,
        AlarmChange.RAISED: 2,
    }
    late = [alarm for alarm in played.told if alarm.series in {"m-498", "m-499"}]
    assert {alarm.raised_at for alarm in late} == {utc_time(START + MINUTE)}, (
        "as long ago as it was"
    )


def test_what_is_important_is_told_in_a_flood_too(played: Played) -> None:
    many = [gap(f"m-{one}") for one in range(50)]
    played.see(0, *many)
    high = spike("z-1", priority=Priority.HIGH)
    played.see(1, *many, high)
    assert played.see(3, *many, high) == [AlarmChange.RAISED]


def test_an_acknowledged_alarm_stays_in_sight_when_a_flood_comes(played: Played) -> None:
    played.see(0, gap("m-1"))
    played.do(Action.ACKNOWLEDGE, played.told[0], 0.5)
    played.see(1, *(gap(f"m-{one}") for one in range(1, 50)))
    assert played.board.standing() == 2


def test_a_board_that_is_kept_comes_back_as_it_was_to_the_byte(played: Played) -> None:
    played.see(0, gap("m/1"), spike(), gap("m-2", measured=1.5, evidence={"b": 0.1, "a": 1 / 3}))
    played.do(Action.ACKNOWLEDGE, played.told[0], 1)
    before = encode(played.board.record())
    played.restart()
    assert encode(played.board.record()) == before
    assert played.see(2, gap("m/1"), spike(), gap("m-2")) == [AlarmChange.RAISED]


SERIES = st.sampled_from([f"m-{number}" for number in range(12)])
SEEN = st.builds(
    Condition,
    st.sampled_from([SPIKE, GAP]),
    SERIES,
    st.sampled_from(list(Sign)),
    st.sampled_from([None, *Priority]),
    st.floats(0, 1e4),
    st.sampled_from([(), (FEEDER,), ((GAP, "m-0"),)]),
    st.sampled_from(["", "a", "b"]),
    st.just("seen"),
)
STEPS = st.lists(
    st.tuples(
        st.integers(0, 6),
        st.lists(SEEN, max_size=12, unique_by=lambda one: one.key),
        st.sampled_from([None, *Action]),
        SERIES,
    ),
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(STEPS, st.sets(st.integers(0, 25)))
def test_whatever_is_seen_alarms_are_raised_once_cleared_once_and_restarts_change_nothing(
    steps: list[Any], restarts: set[int]
) -> None:
    def play(restarts: set[int]) -> list[Alarm]:
        told: list[Alarm] = []
        board = AlarmBoard(FEED, timings=TIMINGS, limit=FloodLimit(4))
        minute = 0
        for number, (wait, seen, action, series) in enumerate(steps):
            minute += wait
            at_ms = START + minute * MINUTE
            told += board.unshelve(at_ms)
            told += board.judge(at_ms, seen, KINDS)
            wanted = [alarm for alarm in told if alarm.series == series]
            if action and wanted:
                at = utc_time(at_ms)
                until = at + timedelta(minutes=7) if action is Action.SHELVE else None
                name = wanted[-1].alarm
                done = board.command(
                    Command(command="c", alarm=name, action=action, by="a", at=at, until=until)
                )
                told += [done] if isinstance(done, Alarm) else []
            if number in restarts:
                board = AlarmBoard(FEED, encode(board.record()), TIMINGS, FloodLimit(4))
        return told

    told = play(restarts)
    assert [alarm.to_bytes() for alarm in told] == [alarm.to_bytes() for alarm in play(set())]
    active: dict[str, Alarm] = {}
    over = set()
    for alarm in told:
        if alarm.change is AlarmChange.RAISED:
            assert alarm.alarm not in active
            assert alarm.alarm not in over, "never raised twice"
            standing = {(one.kind, one.series) for one in active.values()}
            assert (alarm.kind, alarm.series) not in standing, "one at a time of each"
        else:
            assert alarm.alarm in active, "what changes was raised, and is not over"
        active[alarm.alarm] = alarm
        if alarm.change is AlarmChange.CLEARED:
            over.add(alarm.alarm)
            del active[alarm.alarm]


def test_the_longest_name_of_a_series_is_still_told(played: Played) -> None:
    long = "m" * 199
    played.see(0, gap(long + "1"), gap(long + "2"))
    first, second = (alarm.alarm for alarm in played.told)
    assert first != second
    assert partition_of(first) == 3


def test_times_are_those_of_what_was_seen(played: Played) -> None:
    played.see(0, gap("m-1"))
    assert played.told[0].changed_at == datetime(2026, 1, 1, tzinfo=UTC)
