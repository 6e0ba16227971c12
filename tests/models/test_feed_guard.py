"""The guard of a feed: raises once, clears late, and does the same when it is read again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridcast.models.alarms import AlarmBoard
from gridcast.models.feed_guard import LEAST, SPAN, FeedGuard, FeedLimit
from gridcast.models.records import encode
from gridcast.schemas import Alarm, AlarmChange, AlarmKind, Decoded, decode

FEED = "meter.readings/3"
START = 1_767_225_600_000
MINUTE = 60_000
GOOD = b'{"series":"m","time":"2026-01-01T00:00:00Z","value":1}'
CALM = 5
LIMIT = FeedLimit(share=0.05, per_minute=100)

Message = tuple[int, bytes]


def of(minute: int, good: int, bad: int, rubbish: bytes = b"rubbish") -> list[Message]:
    """Messages that Kafka got in a minute."""
    return [(START + minute * MINUTE, value) for value in [GOOD] * good + [rubbish] * bad]


def batch(messages: list[Message]) -> tuple[np.ndarray, Decoded]:
    sent_ms = np.array([sent for sent, _ in messages], np.int64)
    return sent_ms, decode([b"m"] * len(messages), [value for _, value in messages])


class Guarded:
    """A feed's guard with the board that its alarms live on."""

    def __init__(
        self, limit: FeedLimit = LIMIT, feed: bytes | None = None, alarms: bytes | None = None
    ) -> None:
        self.guard = FeedGuard(FEED, limit, feed)
        self.board = AlarmBoard(FEED, alarms)

    def take(self, sent_ms: np.ndarray, decoded: Decoded, first: int = 0) -> list[Alarm]:
        return [
            alarm
            for at_ms, seen in self.guard.take(sent_ms, decoded, first)
            for alarm in self.board.judge(at_ms, [seen], {seen.kind})
        ]


def play(guard: Guarded, *minutes: list[Message]) -> list[Alarm]:
    return [alarm for messages in minutes for alarm in guard.take(*batch(messages))]


def restarted(guarded: Guarded, limit: FeedLimit = LIMIT) -> Guarded:
    return Guarded(limit, encode(guarded.guard.record()), encode(guarded.board.record()))


def test_a_healthy_feed_with_a_few_dead_letters_raises_nothing() -> None:
    assert not play(Guarded(), *(of(minute, 100, 5) for minute in range(40)))


def test_a_broken_feed_raises_one_alarm_with_what_was_seen() -> None:
    guard = Guarded()
    healthy = [of(minute, 95, 0) for minute in range(20)]
    broken = [of(minute, 15, 80) for minute in range(20, 30)]
    broken[0] += of(20, 0, 5, rubbish=b"")
    alarms = play(guard, *healthy, *broken)
    assert len(alarms) == 1, "not one a minute"
    (alarm,) = alarms
    assert (alarm.kind, alarm.change, alarm.active) == (
        AlarmKind.FEED_BROKEN,
        AlarmChange.RAISED,
        True,
    )
    assert alarm.alarm == f"feed-broken/{FEED}/2026-01-01T00:21:00Z"
    assert alarm.series == FEED
    assert alarm.changed_at == alarm.raised_at
    assert alarm.cause == "not-json"
    refused, readings = 85, 14 * 95 + 100
    assert alarm.evidence == {
        "empty_count": 5,
        "not-json_count": 80,
        "readings_per_minute": round(readings / SPAN, 3),
        "refused_per_minute": round(refused / SPAN, 3),
        "refused_share": round(refused / readings, 4),
    }
    assert "5.94 % of the readings" in alarm.text
    assert "80 not-json, 5 empty" in alarm.text


def test_the_rate_alone_is_enough_even_where_the_share_is_small() -> None:
    guard = Guarded(FeedLimit(share=1, per_minute=2))
    alarms = play(guard, *(of(minute, 1000, 3) for minute in range(SPAN)))
    assert [alarm.change for alarm in alarms] == [AlarmChange.RAISED]
    assert alarms[0].raised_at.minute == 11, "when 31 of 15 minutes are above 2 a minute"


@pytest.mark.parametrize(("bad", "raised"), [(LEAST - 1, 0), (LEAST, 1)])
def test_a_small_feed_is_judged_by_its_share_only_from_a_few_refusals_on(
    bad: int, raised: int
) -> None:
    assert len(play(Guarded(), of(0, 0, bad), of(1, 1, 0))) == raised


def test_it_clears_when_it_has_been_well_below_the_limit_for_a_while() -> None:
    guard = Guarded()
    (raised,) = play(guard, of(0, 0, 100), of(1, 100, 0))
    alarms = play(guard, *(of(minute, 100, 0) for minute in range(2, 60)))
    (cleared,) = alarms
    assert (cleared.alarm, cleared.change, cleared.active) == (
        raised.alarm,
        AlarmChange.CLEARED,
        False,
    )
    assert cleared.raised_at == raised.raised_at
    # The minute 0 leaves the span with minute 15, and then it must stay calm.
    assert cleared.cleared_at == cleared.changed_at
    assert cleared.cleared_at.minute == SPAN + CALM + 1


def test_between_half_the_limit_and_the_limit_an_alarm_stays_and_none_is_raised() -> None:
    between = [of(minute, 96, 4) for minute in range(1, 60)]
    guard = Guarded()
    assert len(play(guard, of(0, 0, 100), *between)) == 1
    assert not play(Guarded(), *between)


def test_silence_neither_clears_an_alarm_nor_raises_one() -> None:
    guard = Guarded()
    assert len(play(guard, of(0, 0, 100), of(1, 0, 100))) == 1
    assert not play(guard, of(500, 0, 100)), "still broken, still the same alarm"
    after = play(guard, *(of(minute, 100, 0) for minute in range(501, 540)))
    assert [alarm.change for alarm in after] == [AlarmChange.CLEARED]


def test_it_can_break_again_and_that_is_another_alarm() -> None:
    guard = Guarded()
    once = [of(0, 0, 100), *(of(minute, 100, 0) for minute in range(1, 60))]
    again = [of(60, 0, 200), of(61, 100, 0)]
    alarms = play(guard, *once, *again)
    changes = [alarm.change for alarm in alarms]
    assert changes == [AlarmChange.RAISED, AlarmChange.CLEARED, AlarmChange.RAISED]
    assert alarms[0].alarm != alarms[2].alarm


def test_a_restarted_worker_neither_raises_twice_nor_forgets() -> None:
    guard = restarted(Guarded())
    play(guard, of(0, 0, 100))
    guard = restarted(guard)
    assert len(play(guard, of(1, 0, 100))) == 1
    guard = restarted(guard)
    assert not play(guard, of(2, 0, 100), of(3, 0, 100))
    alarms = play(restarted(guard), *(of(minute, 100, 0) for minute in range(4, 40)))
    assert [alarm.change for alarm in alarms] == [AlarmChange.CLEARED]


def test_messages_that_were_counted_before_count_once() -> None:
    messages = of(0, 1, 2) + of(1, 5, 0)
    guard = Guarded()
    guard.take(*batch(messages[:2]))
    assert not guard.take(*batch(messages), first=2), "two are refused, not three"
    assert not guard.take(*batch(messages), first=len(messages))
    twice = Guarded()
    twice.take(*batch(messages[:2]))
    assert twice.take(*batch(messages)), "so the above would have shown it"


def test_stamps_that_go_back_count_for_the_minute_that_is_open() -> None:
    guard = Guarded()
    assert not play(guard, of(5, 1, 1), of(3, 0, 2))
    (alarm,) = play(guard, of(6, 1, 0))
    assert alarm.evidence["not-json_count"] == 3
    assert alarm.raised_at.minute == 6


def test_what_is_kept_of_a_busy_feed_is_small() -> None:
    guard = Guarded()
    play(guard, *(of(minute, 50, 7) + of(minute, 0, 3, b"") for minute in range(40)))
    assert len(encode(guard.guard.record())) + len(encode(guard.board.record())) < 1_500


MINUTES = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 12), st.integers(0, 6)), min_size=1, max_size=40
)


@settings(max_examples=60)
@given(MINUTES, st.lists(st.integers(1, 200), max_size=8), st.booleans())
def test_the_alarms_do_not_depend_on_batches_nor_on_restarts(
    minutes: list[tuple[int, int, int]], cuts: list[int], is_restarted: bool
) -> None:
    messages: list[Message] = []
    now = 0
    for gap, good, bad in minutes:
        now += gap
        messages += of(now, good, bad)
    limit = FeedLimit(share=0.3, per_minute=1)
    whole = play(Guarded(limit), messages)
    guard, pieces, begin = Guarded(limit), [], 0
    for end in [*sorted(cut for cut in cuts if cut < len(messages)), len(messages)]:
        pieces += play(guard, messages[begin:end])
        begin = end
        if is_restarted:
            guard = restarted(guard, limit)
    assert [alarm.to_bytes() for alarm in pieces] == [alarm.to_bytes() for alarm in whole]
