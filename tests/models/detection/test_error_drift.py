"""Errors that move are a drift, of a series or of its whole group; faults are none."""

import numpy as np
import pytest
from support.detection import in_groups

from gridcast.models.detection.error_drift import ErrorDrift
from gridcast.models.detection.observations import DeclaredSeries

SERIES, START, HALF_HOUR = 12, 1_767_225_600_000, 1_800_000
KNOWN = in_groups(6, 6)


class Days:
    """Scores of readings, two an hour."""

    def __init__(self, declared: DeclaredSeries = KNOWN) -> None:
        self.drift, self.rng, self.turn = ErrorDrift(), np.random.default_rng(9), 0
        self.known = declared
        self.drift.grow(SERIES, declared.groups)

    def days(
        self, days: float, moved: np.ndarray | float = 0.0, sound: np.ndarray | None = None
    ) -> tuple[set[int], set[int]]:
        """Advance by days; return which series and groups drifted."""
        series, groups = set(), set()
        for _ in range(round(48 * days)):
            self.turn += 1
            score = (self.rng.normal(0, 1, SERIES) + moved).astype(np.float32)
            is_sound = np.ones(SERIES, np.bool_) if sound is None else sound
            found = self.drift.update(START + self.turn * HALF_HOUR, score, is_sound, self.known)
            series |= set(np.flatnonzero(found[0]).tolist())
            groups |= set(np.flatnonzero(found[1]).tolist())
        return series, groups


@pytest.fixture
def quiet() -> Days:
    quiet = Days()
    assert quiet.days(40) == (set(), set()), "errors as usual are no drift"
    return quiet


def test_one_series_whose_errors_move_is_told_and_no_other(quiet: Days) -> None:
    moved = np.zeros(SERIES)
    moved[4] = 2.0
    assert quiet.days(4, moved) == ({4}, set())


def test_a_group_that_moves_as_a_whole_is_told_as_a_group_and_none_of_its_series_is(
    quiet: Days,
) -> None:
    moved = np.array([0.0] * 6 + [1.5] * 6)
    assert quiet.days(5, moved) == (set(), {1})


def test_two_series_are_no_group_that_could_do_something_together() -> None:
    alone = Days(in_groups(6, 4, 2))
    assert alone.days(40) == (set(), set())
    moved = np.zeros(SERIES)
    moved[10:] = 2.0
    series, _ = alone.days(4, moved)
    assert series == {10, 11}


def test_what_a_fault_has_spoiled_is_no_drift(quiet: Days) -> None:
    moved, sound = np.zeros(SERIES), np.ones(SERIES, np.bool_)
    moved[4], sound[4] = 8.0, False
    assert quiet.days(6, moved, sound) == (set(), set())


def test_it_is_shown_for_a_day_and_then_what_moved_is_the_new_usual(quiet: Days) -> None:
    moved = np.zeros(SERIES)
    moved[4] = 2.0
    quiet.days(6, moved)
    series, _ = quiet.days(20, moved)
    assert series == set()


def test_drift_of_no_series_is_nothing() -> None:
    found = ErrorDrift().update(START, np.zeros(0, np.float32), np.zeros(0, np.bool_), in_groups())
    assert [len(one) for one in found] == [0, 0]
