"""Broken messages: as many as asked for, the same ones every time, each refused by its reason."""

from datetime import UTC, datetime, timedelta

import numpy as np

from gridcast.schemas import Reading, Reason, TimeBounds, decode, within
from gridcast.schemas.bounds import NEVER
from gridcast.sources.simulator.broken import KINDS, broken_now_and_then

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
READINGS = [Reading(series="m", time=NOON + timedelta(seconds=n), value=1.5) for n in range(40_000)]
MESSAGES = [(reading.key or b"", reading.to_bytes()) for reading in READINGS]


def refused(messages: list[tuple[bytes, bytes]]) -> list[Reason]:
    decoded = decode([key for key, _ in messages], [value for _, value in messages])
    sent = np.full(len(messages), round(NOON.timestamp() * 1000))
    decoded, _ = within(decoded, sent, NEVER, TimeBounds(10**9, 10**9))
    return [refusal.reason for _, refusal in decoded.refused]


def test_every_kind_of_broken_message_is_refused_by_its_own_reason() -> None:
    found = [refused([(b"m", kind(MESSAGES[0][1]))]) for kind in KINDS]
    assert found == [
        [Reason.NOT_JSON],
        [Reason.NOT_FINITE],
        [Reason.MISSING_FIELD],
        [Reason.TIME_WITHOUT_ZONE],
        [Reason.FAR_FUTURE],
        [Reason.UNKNOWN_UNIT],
        [Reason.UNKNOWN_QUALITY],
    ]


def test_about_as_many_are_broken_as_asked_for() -> None:
    sent = list(broken_now_and_then(MESSAGES, 10_000, seed=1))
    assert 300 < len(refused(sent)) < 500
    assert len(set(refused(sent))) == len(KINDS)


def test_the_same_seed_breaks_the_same_messages_wherever_the_stream_is_cut() -> None:
    whole = list(broken_now_and_then(MESSAGES[:2000], 100_000, seed=1))
    parts = [
        *broken_now_and_then(MESSAGES[:7], 100_000, seed=1),
        *broken_now_and_then(MESSAGES[7:2000], 100_000, seed=1),
    ]
    assert whole == parts
    assert whole != list(broken_now_and_then(MESSAGES[:2000], 100_000, seed=2))
