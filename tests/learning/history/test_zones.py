from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gridcast.learning.history.zones import Clock, resolve
from gridcast.units import DAY_MS, HOUR_MS

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour of summer time
    "Africa/Casablanca",  # winter time for the month of Ramadan
    "Asia/Kathmandu",
    "Pacific/Apia",  # skipped a whole day
    "America/Sao_Paulo",  # changed at midnight
]
HALF_HOUR = 30 * 60_000


def milliseconds(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return round(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp() * 1000)


def groups(count: int) -> np.ndarray:
    return np.zeros(count, np.int32)


@given(st.sampled_from(ZONES), st.integers(milliseconds(2005, 1, 1), milliseconds(2025, 1, 1)))
def test_a_clock_shows_what_zoneinfo_says(zone: str, start: int) -> None:
    instants = start + np.arange(0, 300 * DAY_MS, 7 * HOUR_MS + 1000)
    found = Clock.of(zone, int(instants[0]), int(instants[-1])).wall(instants)
    info = ZoneInfo(zone)
    for instant, wall in zip(instants.tolist(), found.tolist(), strict=True):
        time = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=instant)
        shown = time.astimezone(info).replace(tzinfo=UTC)
        assert wall == round(shown.timestamp() * 1000)


@given(
    st.sampled_from(ZONES),
    st.integers(2005, 2024),
    st.sampled_from([5, 15, 30, 60]),
    st.booleans(),
)
def test_wall_times_of_a_whole_year_come_back_to_their_instants_in_either_order(
    zone: str, year: int, step: int, newest_first: bool
) -> None:
    # Where summer time is half an hour, hourly times have one pass of it only.
    assume(zone != "Australia/Lord_Howe" or step < 60)
    instants = np.arange(milliseconds(year, 1, 1), milliseconds(year + 1, 1, 1), step * 60_000)
    walls = Clock.of(zone, int(instants[0]), int(instants[-1])).wall(instants)
    if newest_first:
        instants, walls = instants[::-1], walls[::-1]
    found = resolve(walls, groups(len(walls)), zone, "refuse")
    assert np.array_equal(found.utc_ms, instants)
    assert not found.unclear.any()
    assert not found.nonexistent.any()


def test_the_skipped_hour_of_spring_does_not_exist() -> None:
    walls = milliseconds(2024, 3, 31) + np.arange(0, 5 * HOUR_MS, HALF_HOUR)
    found = resolve(walls, groups(len(walls)), "Europe/Berlin", "refuse")
    assert np.flatnonzero(found.nonexistent).tolist() == [4, 5]


@pytest.mark.parametrize(
    ("folds", "hours_utc", "unclear"),
    [("refuse", 0, True), ("earliest", 0, False), ("latest", 1, False)],
)
def test_a_lone_time_in_the_doubled_hour_is_what_the_mapping_says(
    folds: str, hours_utc: int, unclear: bool
) -> None:
    walls = milliseconds(2024, 10, 27) + np.array([1, 2, 3]) * HOUR_MS
    found = resolve(walls, groups(3), "Europe/Berlin", folds)
    assert found.unclear.tolist() == [False, unclear, False]
    assert found.utc_ms[1] == milliseconds(2024, 10, 27, hours_utc)


def test_pairs_of_the_doubled_hour_that_stand_side_by_side_are_unclear() -> None:
    walls = milliseconds(2024, 10, 27) + np.array([3, 4, 4, 5, 5, 6]) * HALF_HOUR
    found = resolve(walls, groups(6), "Europe/Berlin", "refuse")
    assert found.unclear.any()


def test_a_time_that_stands_three_times_in_the_doubled_hour_is_unclear() -> None:
    walls = milliseconds(2024, 10, 27) + np.array([1, 2, 2, 2, 3]) * HOUR_MS
    found = resolve(walls, groups(5), "Europe/Berlin", "latest")
    assert found.unclear.tolist() == [False, True, True, True, False]


def test_each_series_has_its_own_doubled_hour() -> None:
    night = milliseconds(2024, 10, 27) + np.array([1, 2, 2, 3]) * HOUR_MS
    walls = np.concatenate([night, night[::-1], night[[0, 1, 3]]])
    series = np.repeat(np.array([0, 1, 2], np.int32), [4, 4, 3])
    found = resolve(walls, series, "Europe/Berlin", "refuse")
    assert found.folded.tolist() == [False, False, True, False, False, True] + [False] * 5
    assert np.flatnonzero(found.unclear).tolist() == [9]
