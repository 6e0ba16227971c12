"""A feed is silent when it is so for longer than its own rhythm lets expect, however it sends."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridcast.models.detection.silence import SINCE_MS, SOONEST_S, Silence
from gridcast.units import Flags

MINUTE = 60_000
DAY = 24 * 60
CHANCE_A_DAY = 2e-4
SOONEST: Any = SOONEST_S / 60 + 1

Sends = Callable[[int], Flags]
"""Tells which feeds are heard in a minute."""


class Feeds:
    """Feeds side by side, and who listens."""

    def __init__(self, count: int) -> None:
        self.silence, self.minute, self.count = Silence(count), 0, count

    def minutes(self, count: int, sends: Sends) -> list[int]:
        """Let minutes go by; give which feeds were told to be silent, each time anew."""
        told: list[int] = []
        for _ in range(count):
            known = self.silence.interval_s > 0
            interval_s = np.where(known, self.silence.interval_s, np.float32(60))
            risk = np.asarray(CHANCE_A_DAY * interval_s / 86_400, np.float32)
            tick_ms = SINCE_MS + self.minute * MINUTE
            told += np.flatnonzero(self.silence.update(tick_ms, sends(self.minute), risk)).tolist()
            self.minute += 1
        return told

    def silent_for(self, minutes: int) -> list[float]:
        """Let all be silent; give after how many minutes each was told of."""
        waited = np.full(self.count, np.inf)
        for minute in range(1, minutes + 1):
            told = self.minutes(1, self.nobody)
            waited[told] = np.minimum(waited[told], minute)
        return waited.tolist()

    def nobody(self, _: int) -> Flags:
        return np.zeros(self.count, np.bool_)

    def everybody(self, _: int) -> Flags:
        return np.ones(self.count, np.bool_)

    def bursts(self, period: int, spread: int) -> Sends:
        """Send in each of the first minutes of a period."""
        return lambda minute: np.full(self.count, minute % period < spread)


RHYTHMS = {
    "a reading a minute": (1, 1, 0),
    "frames every five minutes": (5, 1, 0),
    "frames every five minutes, over two looks": (5, 2, 0),
    "a reading each quarter of an hour": (15, 1, 0),
    "fifteen readings each quarter, over two looks": (15, 2, 0),
    "fifteen readings each quarter, over four looks": (15, 4, 0),
    "fifteen readings each quarter, over eight looks": (15, 8, 0),
    "a quarter's burst that is up to four minutes late": (15, 2, 4),
    "an hour's readings over three looks": (60, 3, 0),
    "an hour's readings over ten looks, up to ten minutes late": (60, 10, 10),
}
"""How long it is, over how many minutes a burst spreads, and how late it is at most."""
PERIOD, SPREAD, LATEST = np.array(list(RHYTHMS.values())).T


def rhythms(minute: int) -> Flags:
    cycle, into = np.divmod(minute, PERIOD)
    late = (cycle * 7919 + 13) % (LATEST + 1)
    return np.asarray((late <= into) & (into < late + SPREAD))


@pytest.fixture(scope="module")
def named() -> tuple[list[int], list[float]]:
    """Nine days of the named feeds, then nothing of all of them."""
    feeds = Feeds(len(RHYTHMS))
    told = feeds.minutes(9 * DAY, rhythms)
    return told, feeds.silent_for(4 * 60)


@pytest.mark.parametrize("name", RHYTHMS)
def test_a_feed_that_goes_on_as_it_does_is_never_silent(
    named: tuple[list[int], list[float]], name: str
) -> None:
    assert list(RHYTHMS).index(name) not in named[0]


@pytest.mark.parametrize("name", RHYTHMS)
def test_when_it_stops_that_is_told_within_about_two_of_its_periods(
    named: tuple[list[int], list[float]], name: str
) -> None:
    row, (period, _, _) = list(RHYTHMS).index(name), RHYTHMS[name]
    assert named[1][row] <= max(2.6 * period, SOONEST)


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_whatever_the_rhythm_it_is_learned_from_a_dozen_bursts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    period = rng.integers(2, 31, 500)
    spread = rng.integers(1, np.clip(period // 2, 1, 10) + 1)
    phase = rng.integers(0, period)
    feeds = Feeds(len(period))

    def sends(minute: int) -> Flags:
        return np.asarray((minute + phase) % period < spread)

    assert feeds.minutes(2 * DAY, sends) == []
    waited = np.array(feeds.silent_for(4 * 60))
    assert (waited <= np.maximum(4.6 * period, SOONEST)).all()


def test_a_line_that_misses_many_readings_is_given_as_much_longer() -> None:
    feeds, rng = Feeds(20), np.random.default_rng(3)
    misses = np.repeat([0.1, 0.5], 10)
    told = feeds.minutes(4 * DAY, lambda _: rng.random(20) >= misses)
    assert len(set(told)) <= 1
    waited = feeds.silent_for(60)
    assert max(waited[:10]) <= 12
    assert max(waited[10:]) <= 45


def test_a_minute_meter_that_sends_in_bursts_from_now_on_is_told_of_and_then_known() -> None:
    feeds = Feeds(1)
    feeds.minutes(3 * DAY, feeds.everybody)
    assert feeds.minutes(4 * 60, feeds.bursts(15, 2)), "nobody could know"
    assert feeds.minutes(DAY, feeds.bursts(15, 2)) == []


def test_a_feed_of_bursts_that_sends_every_minute_from_now_on_is_soon_told_by_the_minute() -> None:
    feeds = Feeds(1)
    feeds.minutes(3 * DAY, feeds.bursts(15, 2))
    assert feeds.minutes(4 * 60, feeds.everybody) == []
    assert feeds.silent_for(20)[0] <= SOONEST


def test_an_hour_of_silence_does_not_become_the_rhythm() -> None:
    feeds = Feeds(1)
    feeds.minutes(2 * DAY, feeds.everybody)
    assert feeds.silent_for(60)[0] <= SOONEST
    feeds.minutes(60, feeds.everybody)
    assert feeds.silent_for(20)[0] <= SOONEST + 2


def test_outages_on_a_bad_line_do_not_become_its_rhythm() -> None:
    feeds, rng = Feeds(20), np.random.default_rng(4)
    for _ in range(12):
        feeds.minutes(100, lambda _: rng.random(20) > 0.08)
        feeds.minutes(20, feeds.nobody)
    assert (feeds.silence.interval_s < 90).all()


def test_of_a_new_feed_ten_readings_are_heard_first() -> None:
    new, known = Feeds(1), Feeds(1)
    new.minutes(5, new.everybody)
    assert new.minutes(DAY, new.nobody) == []
    known.minutes(12, known.everybody)
    assert known.silent_for(20)[0] <= 10
