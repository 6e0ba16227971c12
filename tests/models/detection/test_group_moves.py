"""Groups that move as one are told, and what some of their series do by chance is not."""

import numpy as np
import pytest

from gridcast.models.detection.group_moves import GroupMoves
from gridcast.models.detection.groups import GroupStatistics

RISK = np.full(1, 1.4e-7, np.float32)
NONE = np.zeros(1, np.float32)
DAY = 1_440


class Group:
    """Series that are far above what was expected now and then, each by itself."""

    def __init__(self, size: int, usual: float, interval_s: int = 60) -> None:
        self.size, self.usual, self.moves = size, usual, GroupMoves(1)
        self.interval_s = np.full(1, interval_s, np.float32)
        self.rng = np.random.default_rng((size, round(1_000 * usual)))

    def look(self, high: int | None = None, heard: int | None = None) -> bool:
        """Look at it; tell whether it has moved up."""
        heard = self.size if heard is None else heard
        high = self.rng.binomial(heard, self.usual) if high is None else high
        sizes, heards, highs = (np.full(1, one, np.float32) for one in (self.size, heard, high))
        share: np.ndarray = highs / np.maximum(heards, 1)
        seen = GroupStatistics(sizes, NONE, share, NONE, NONE, NONE, heards)
        return bool(self.moves.update(seen, self.interval_s, RISK)[0][0])

    def days(self, days: float) -> list[bool]:
        return [self.look() for _ in range(round(days * DAY * 60 / self.interval_s[0]))]


@pytest.mark.parametrize("size", [3, 5, 7, 9, 16, 50])
def test_what_some_of_a_group_do_by_chance_is_no_event_from_its_first_minute_on(size: int) -> None:
    group = Group(size, usual=0.08)
    assert not any(group.days(20))


@pytest.mark.parametrize("size", [7, 9, 16, 50, 200])
def test_what_all_of_a_group_do_is_an_event_once_a_day_has_shown_what_is_usual(size: int) -> None:
    group = Group(size, usual=0.02)
    assert not any(group.look(high=size) for _ in range(60)), "nothing is known of it yet"
    group.days(1.5)
    assert group.look(high=size)


@pytest.mark.parametrize("usual", [0.0, 0.02, 0.1])
def test_two_fifths_of_a_feeder_of_fifty_meters_are_an_event_and_fewer_are_not(
    usual: float,
) -> None:
    group = Group(50, usual)
    group.days(2)
    assert not group.look(high=19)
    assert group.look(high=20)


def test_of_series_that_are_never_far_off_three_are_an_event_and_two_are_not() -> None:
    group = Group(5, usual=0)
    group.days(3)
    assert not group.look(high=2)
    assert group.look(high=3)


def test_the_few_that_come_late_do_not_speak_for_the_group() -> None:
    group = Group(50, usual=0.05)
    group.days(2)
    assert not group.look(high=2, heard=2)


def test_an_event_that_lasts_half_a_day_is_told_all_the_time() -> None:
    group = Group(50, usual=0.05)
    group.days(2)
    assert all(group.look(high=30) for _ in range(DAY // 2))


def test_a_new_usual_is_known_in_the_end() -> None:
    group = Group(50, usual=0.02)
    group.days(2)
    group.usual = 0.5
    assert group.look(high=25)
    assert not any(group.days(14)[-DAY:])


def test_readings_every_quarter_of_an_hour_show_in_a_day_what_is_usual_as_well() -> None:
    group = Group(50, usual=0.05, interval_s=900)
    group.days(1.2)
    assert group.look(high=30)
