"""Which dead letters are meant, what there is of them, and how bytes of any kind are shown."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridcast.schemas import DeadLetter, Reason, ReplayedLetters
from gridcast.stream.dead_letters.letters import (
    DeadLetterSummary,
    LetterFilter,
    StoredLetter,
    each_once,
    each_record_once,
    read_since,
    safely,
    was_replayed,
)
from gridcast.stream.errors import UserError

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def stored(
    offset: int = 0,
    *,
    about: int = 0,
    entry: int | None = None,
    reason: Reason = Reason.NOT_JSON,
    topic: str = "meter.readings",
    at: datetime = NOON,
) -> StoredLetter:
    letter = DeadLetter(topic=topic, partition=0, offset=about, entry=entry, reason=reason)
    return StoredLetter(0, offset, at, letter)


@pytest.mark.parametrize(
    ("which", "meant"),
    [
        (LetterFilter(), True),
        (LetterFilter(frozenset({Reason.NOT_JSON, Reason.EMPTY})), True),
        (LetterFilter(frozenset({Reason.EMPTY})), False),
        (LetterFilter(topic="meter.readings"), True),
        (LetterFilter(topic="weather.forecasts"), False),
        (LetterFilter(since=NOON), True),
        (LetterFilter(since=NOON + HOUR), False),
        (LetterFilter(frozenset({Reason.NOT_JSON}), "meter.readings", NOON + HOUR), False),
    ],
)
def test_a_letter_is_meant_if_every_filter_lets_it_through(
    which: LetterFilter, meant: bool
) -> None:
    assert which.means(stored()) is meant


def test_a_letter_counts_as_replayed_only_below_the_end_and_within_the_filters_of_a_replay() -> (
    None
):
    replay = ReplayedLetters(replayed_at=NOON, below=[5], reasons=[Reason.EMPTY])
    assert was_replayed(stored(4, reason=Reason.EMPTY), [replay])
    assert not was_replayed(stored(5, reason=Reason.EMPTY), [replay])
    assert not was_replayed(stored(4, reason=Reason.NOT_JSON), [replay])
    assert not was_replayed(stored(4, reason=Reason.EMPTY), [])
    other_partition = StoredLetter(1, 0, NOON, stored(reason=Reason.EMPTY).letter)
    assert not was_replayed(other_partition, [replay])


def test_a_letter_that_lies_there_twice_counts_once_and_a_frame_is_one_record() -> None:
    letters = [stored(0, entry=1), stored(1, entry=2), stored(2, entry=1), stored(3, about=9)]
    assert [one.offset for one in each_once(letters)] == [0, 1, 3]
    assert [one.offset for one in each_record_once(letters)] == [0, 3]


def test_the_summary_has_the_commonest_reason_first_with_its_span() -> None:
    replay = ReplayedLetters(replayed_at=NOON, below=[2])
    summary = DeadLetterSummary([replay])
    for one in (
        stored(0, reason=Reason.EMPTY),
        stored(1, at=NOON + HOUR),
        stored(2, at=NOON - HOUR),
    ):
        summary.add(one)
    first, second = summary.lines()
    assert (first.reason, first.letters, first.replayed) == (Reason.NOT_JSON, 2, 1)
    assert (first.oldest, first.newest) == (NOON - HOUR, NOON + HOUR)
    assert (second.reason, second.letters, second.replayed) == (Reason.EMPTY, 1, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90m", NOON - timedelta(minutes=90)),
        ("3d", NOON - timedelta(days=3)),
        ("2025-12-31", datetime(2025, 12, 31, tzinfo=UTC)),
        ("2026-01-01T09:00:00+09:00", datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_since_is_a_time_or_a_while_ago(text: str, expected: datetime) -> None:
    assert read_since(text, NOON) == expected


@pytest.mark.parametrize("text", ["", "2 h", "yesterday", "1w", "-1h"])
def test_since_that_is_neither_is_one_clear_line(text: str) -> None:
    with pytest.raises(UserError, match="--since"):
        read_since(text, NOON)


@given(st.binary(max_size=2000))
def test_whatever_the_bytes_what_is_shown_can_be_printed_on_one_line(data: bytes) -> None:
    shown = safely(data)
    assert shown.isprintable()
    assert len(shown) < 450
