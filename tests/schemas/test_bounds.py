"""A reading is judged by the time it came and by those before it, wherever the batches are cut."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridcast.schemas import Reading, Reason, TimeBounds, decode, within
from gridcast.schemas.bounds import NEVER
from gridcast.units import HOUR_MS

START_MS = 1767225600_000
BOUNDS = TimeBounds(ahead_ms=HOUR_MS, behind_ms=2 * HOUR_MS)


def judged(
    offsets_ms: list[int], newest_ms: int = NEVER, sent_ms: int = START_MS
) -> tuple[list[int], list[Reason], int]:
    """Give the offsets kept, the reasons of the others, and the newest reading then."""
    values: list[bytes | None] = [
        Reading.model_validate(
            {"series": "m", "time": (START_MS + offset) / 1000, "value": 1}
        ).to_bytes()
        for offset in offsets_ms
    ]
    decoded = decode([b"m"] * len(values), values)
    assert not decoded.refused
    rest, newest = within(decoded, np.full(len(values), sent_ms), newest_ms, BOUNDS)
    kept = [int(time) - START_MS for time in rest.readings.time_ms]
    return kept, [refusal.reason for _, refusal in rest.refused], newest


@pytest.mark.parametrize(
    ("offset_ms", "reason"),
    [
        (HOUR_MS, None),
        (HOUR_MS + 1, Reason.FAR_FUTURE),
        (-2 * HOUR_MS, None),
        (-2 * HOUR_MS - 1, Reason.TOO_OLD),
    ],
)
def test_the_ends_of_the_bounds_are_inside(offset_ms: int, reason: Reason | None) -> None:
    kept, reasons, _ = judged([offset_ms], newest_ms=START_MS)
    assert reasons == ([] if reason is None else [reason])
    assert kept == ([offset_ms] if reason is None else [])


def test_the_first_reading_of_all_is_never_too_old() -> None:
    assert judged([-(10**11)]) == ([-(10**11)], [], START_MS - 10**11)


def test_a_reading_too_far_ahead_does_not_make_the_next_too_old() -> None:
    """One meter whose clock is a year ahead must not silence all others."""
    kept, reasons, newest = judged([0, 365 * 24 * HOUR_MS, 1], newest_ms=START_MS)
    assert kept == [0, 1]
    assert reasons == [Reason.FAR_FUTURE]
    assert newest == START_MS


def test_a_reading_tells_of_no_time_after_kafka_got_it() -> None:
    kept, _, newest = judged([-5, HOUR_MS // 30], newest_ms=START_MS - HOUR_MS)
    assert kept == [-5, HOUR_MS // 30]
    assert newest == START_MS


def test_what_counts_is_when_kafka_got_it_so_a_replay_next_year_judges_the_same() -> None:
    ahead = [2 * HOUR_MS]
    assert judged(ahead, START_MS)[1] == [Reason.FAR_FUTURE]
    assert judged(ahead, START_MS, sent_ms=START_MS + HOUR_MS)[1] == []


def test_a_batch_of_nothing_keeps_the_newest() -> None:
    assert judged([], newest_ms=5) == ([], [], 5)


@given(st.lists(st.integers(-5 * HOUR_MS, 2 * HOUR_MS), max_size=12), st.integers(0, 12))
def test_where_a_batch_is_cut_changes_nothing(offsets_ms: list[int], cut: int) -> None:
    whole = judged(offsets_ms)
    kept, reasons, newest = judged(offsets_ms[:cut])
    more_kept, more_reasons, newest = judged(offsets_ms[cut:], newest)
    assert (kept + more_kept, reasons + more_reasons, newest) == whole
