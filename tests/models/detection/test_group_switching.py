"""Groups that move at once at the full or half hour were switched; all others were not."""

import numpy as np
import pytest

from gridcast.models.detection.group_switching import GroupSwitching

NOON = 1_767_268_800_000
MINUTE = 60_000


def switched(begins: int, *, rises_for: int = 0, lasts: int = 5, every_s: float = 60) -> list[bool]:
    """Move a group some minutes after noon; return the result of each tick of an hour."""
    switching, told = GroupSwitching(1), []
    for minute in range(60):
        into = minute - begins
        share = 0.0 if into < -rises_for or into >= lasts else 0.2 if into < 0 else 0.9
        look = switching.update(
            NOON + minute * MINUTE, np.full(1, share, np.float32), np.full(1, every_s, np.float32)
        )
        told.append(bool(look[0]))
    return told


@pytest.mark.parametrize("begins", [30, 31, 32])
def test_a_group_that_moves_at_the_half_hour_was_switched_until_it_is_calm(begins: int) -> None:
    told = switched(begins)
    assert [minute for minute in range(60) if told[minute]] == list(range(begins, begins + 5))


@pytest.mark.parametrize("begins", [10, 29, 33, 47])
def test_at_any_other_time_it_was_not(begins: int) -> None:
    assert not any(switched(begins))


def test_what_rises_for_minutes_was_not_switched() -> None:
    assert not any(switched(31, rises_for=10))


def test_a_move_that_began_before_is_not_switched_though_the_half_hour_passes() -> None:
    assert not any(switched(20, lasts=40))


def test_of_readings_that_come_at_such_times_only_nothing_is_told() -> None:
    assert not any(switched(31, every_s=900))


def test_of_a_group_that_was_never_seen_calm_nothing_is_told() -> None:
    switching = GroupSwitching(1)
    now, often = np.full(1, 0.9, np.float32), np.full(1, 60, np.float32)
    assert not switching.update(NOON, now, often).any()
