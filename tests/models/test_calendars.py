"""Local time and holidays, for times in any order."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import holidays
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridcast.models.calendars import SATURDAY, SUNDAY, WORKDAY, Calendar

ZONES = (
    "UTC",
    "Europe/Berlin",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Pacific/Apia",
    "Atlantic/Azores",
)
EPOCH = date(1970, 1, 1)


def day_of(year: int, month: int, day: int) -> int:
    return (date(year, month, day) - EPOCH).days


@given(
    st.sampled_from(ZONES),
    st.lists(st.integers(1_262_304_000, 2_000_000_000), min_size=1, max_size=30),
)
@settings(deadline=None, max_examples=60)
def test_local_times_are_those_of_the_time_zone_in_whatever_order(
    zone: str, seconds: list[int]
) -> None:
    calendar = Calendar(zone)
    for part in (seconds, seconds[::-1]):
        local = calendar.at(np.array(part) * 1000)
        for second, minute, day in zip(part, local.minute, local.day, strict=True):
            wall = datetime.fromtimestamp(second, UTC).astimezone(ZoneInfo(zone))
            assert minute == wall.hour * 60 + wall.minute + wall.second / 60
            assert day == (wall.date() - EPOCH).days


def test_times_keep_their_shape() -> None:
    local = Calendar("Asia/Tokyo").at(np.zeros((2, 3), np.int64))
    assert local.minute.tolist() == [[540.0] * 3] * 2
    assert Calendar("Asia/Tokyo").at(np.zeros((0, 3), np.int64)).day.shape == (0, 3)


def test_a_holiday_of_some_parts_of_a_country_counts_by_their_share() -> None:
    germany, bavaria = Calendar("Europe/Berlin", "DE"), Calendar("Europe/Berlin", "DE-BY")
    epiphany = day_of(2026, 1, 6)
    parts = holidays.country_holidays("DE").subdivisions
    keep = sum(date(2026, 1, 6) in holidays.country_holidays("DE", subdiv=part) for part in parts)
    assert germany.holiday(epiphany) == keep / len(parts)
    assert 0 < germany.holiday(epiphany) < 1
    assert bavaria.holiday(epiphany) == 1.0
    assert germany.holiday(day_of(2026, 1, 1)) == 1.0
    assert germany.holiday(day_of(2026, 1, 2)) == 0.0
    assert Calendar("Europe/Berlin").holiday(day_of(2026, 1, 1)) == 0.0


@pytest.mark.parametrize(("code", "new_year"), [("XX", 0.0), ("XX-1", 0.0), ("DE-ZZZ", 1.0)])
def test_a_code_that_nobody_keeps_holidays_of_is_no_error(code: str, new_year: float) -> None:
    assert Calendar("UTC", code).holiday(day_of(2026, 1, 1)) == new_year


def test_kinds_of_days_hold_a_holiday_for_a_sunday() -> None:
    calendar = Calendar("Europe/Berlin", "DE")
    first = day_of(2026, 1, 1)  # a Thursday
    kinds = calendar.kinds(np.array([first + 3, first, first + 1, first + 2]))
    assert kinds.tolist() == [SUNDAY, SUNDAY, WORKDAY, SATURDAY]
    assert [calendar.weekday(first + more) for more in range(4)] == [3, 4, 5, 6]


def test_the_turn_of_the_year_is_from_23_december_to_6_january() -> None:
    days = [day_of(2025, 12, 22), day_of(2025, 12, 23), day_of(2026, 1, 6), day_of(2026, 1, 7)]
    assert [Calendar.is_turn_of_year(day) for day in days] == [False, True, True, False]
