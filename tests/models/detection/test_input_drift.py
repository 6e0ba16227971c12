"""Loads that move against their own past are data drift, of a series or of its whole group."""

import numpy as np
import pytest
from support.detection import in_groups

from gridcast.models.detection.input_drift import InputDrift

SERIES, START, HOUR = 12, 1_767_225_600_000, 3_600_000
EVERY_HOUR = np.full(SERIES, 3_600, np.float32)
KNOWN = in_groups(6, 6)
ALL = np.ones(SERIES, np.bool_)
OF_F1 = np.arange(SERIES) >= 6


class Weeks:
    """Loads that rise and fall with the hour, a reading an hour."""

    def __init__(self) -> None:
        self.inputs, self.rng, self.hour = InputDrift(), np.random.default_rng(9), 0
        self.inputs.grow(SERIES, 2)

    def days(
        self, days: int, factor: np.ndarray | float = 1.0, sound: np.ndarray = ALL
    ) -> tuple[set[int], set[int]]:
        """Advance by days; return which series and groups drifted."""
        series, groups = set(), set()
        for _ in range(days):
            habit = self.rng.lognormal(0, 0.1, SERIES) * factor
            for hour in range(24):
                self.hour += 1
                load = habit * (2 + np.sin(hour / 24 * 2 * np.pi))
                tick_ms = START + self.hour * HOUR
                found = self.inputs.update(
                    tick_ms, load.astype(np.float32), sound, EVERY_HOUR, KNOWN
                )
                series |= set(np.flatnonzero(found[0]).tolist())
                groups |= set(np.flatnonzero(found[1]).tolist())
        return series, groups


@pytest.fixture
def quiet() -> Weeks:
    quiet = Weeks()
    assert quiet.days(90) == (set(), set()), "days as usual are no drift"
    return quiet


@pytest.mark.parametrize("factor", [0.2, 2.5])
def test_a_series_that_draws_far_more_or_less_than_it_did_is_told_and_no_other(
    quiet: Weeks, factor: float
) -> None:
    assert quiet.days(12, np.where(np.arange(SERIES) == 4, factor, 1.0)) == ({4}, set())


def test_what_a_whole_group_does_is_told_of_the_group_alone(quiet: Weeks) -> None:
    assert quiet.days(8, np.where(OF_F1, 1.8, 1.0)) == (set(), {1})


def test_it_is_shown_for_a_week_and_then_what_moved_is_the_new_usual(quiet: Weeks) -> None:
    factor = np.where(np.arange(SERIES) == 4, 2.5, 1.0)
    quiet.days(19, factor)
    assert quiet.days(40, factor) == (set(), set())


def test_days_spoiled_by_faults_or_holidays_do_not_count(quiet: Weeks) -> None:
    sound = ALL.copy()
    sound[4] = False
    assert quiet.days(12, np.where(np.arange(SERIES) == 4, 9.0, 1.0), sound) == (set(), set())


def test_of_a_group_of_which_most_are_silent_nothing_is_told(quiet: Weeks) -> None:
    sound = ~OF_F1 | (np.arange(SERIES) < 8)
    _, groups = quiet.days(12, np.where(OF_F1, 1.8, 1.0), sound)
    assert groups == set()


def test_a_season_that_comes_slowly_is_followed(quiet: Weeks) -> None:
    found = [quiet.days(1, 1 + day / 400) for day in range(120)]
    assert all(one == (set(), set()) for one in found)
