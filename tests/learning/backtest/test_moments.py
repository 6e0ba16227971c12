"""When a backtest learns anew."""

import pytest
from support.recordings import DAY, HOUR, START

from gridcast.learning.backtest.retraining import read_moments
from gridcast.stream.errors import UserError
from gridcast.units import utc_time


def days(when: str, length: int = 70) -> list[str]:
    found = read_moments(when, START + HOUR, START + length * DAY)
    return [f"{utc_time(one):%m-%dT%H}" for one in found]


def test_months_weeks_and_days_begin_at_midnight() -> None:
    assert days("monthly") == ["02-01T00", "03-01T00"]
    assert days("weekly", 20) == ["01-05T00", "01-12T00", "01-19T00"]  # Mondays
    assert days("daily", 3) == ["01-02T00", "01-03T00"]


def test_a_number_of_days_counts_from_the_first_tick() -> None:
    assert days("30d") == ["01-31T01", "03-02T01"]


def test_dates_are_put_in_order() -> None:
    assert days("2026-02-01, 2026-01-10T06:00") == ["01-10T06", "02-01T00"]


@pytest.mark.parametrize("when", ["yearly", "0d", "7", "d", "", "2026-13-01", "-3d"])
def test_what_says_no_moment_is_refused(when: str) -> None:
    with pytest.raises(UserError, match="--retrain: daily, weekly, monthly"):
        days(when)


@pytest.mark.parametrize("when", ["2025-06-01", "2026-06-01"])
def test_a_date_outside_the_ticks_is_refused(when: str) -> None:
    with pytest.raises(UserError, match="is not between the first tick"):
        days(when)
