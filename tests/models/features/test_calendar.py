"""What the calendar says of hours and slots."""

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import numpy as np
import pytest

from gridcast.models.calendars import Calendar
from gridcast.models.features.calendar import CalendarFeatures, calendar_names

NAMES = calendar_names(holidays=True, day_of_year=True)


def features_at(*texts: str, zone: str = "Europe/Berlin", code: str | None = "DE") -> np.ndarray:
    times = [datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() for text in texts]
    return features_of(code, zone).at((np.array(times) * 1000).astype(np.int64))


def features_of(code: str | None, zone: str = "Europe/Berlin") -> CalendarFeatures:
    return CalendarFeatures(Calendar(zone, code), holidays=True, day_of_year=True)


def test_every_feature_has_its_name_in_order() -> None:
    found = features_at("2026-01-01T11:00")
    assert found.shape == (1, len(NAMES))
    said = dict(zip(NAMES, found[0].tolist(), strict=True))
    assert said["sin_of_day_1"] == pytest.approx(0, abs=1e-6)  # noon
    assert said["cos_of_day_1"] == -1.0
    assert [name for name in NAMES if name.endswith("day") and said[name] == 1] == [
        "thursday",
        "holiday",
    ]
    assert said["turn_of_year"] == 1.0
    assert said["cos_of_year"] == 1.0


def test_the_days_around_a_holiday_know_of_it() -> None:
    days = features_at(*(f"2026-05-{day:02}T12:00" for day in (1, 2, 3, 8)), "2026-04-30T12:00")
    at = {name: days[:, NAMES.index(name)].tolist() for name in NAMES if "holiday" in name}
    assert at["holiday"] == [1, 0, 0, 0, 0]
    assert at["holiday_yesterday"] == [0, 1, 0, 0, 0]
    assert at["holiday_two_days_ago"] == [0, 0, 1, 0, 0]
    assert at["holiday_a_week_ago"][3] == 1
    assert at["holiday_tomorrow"] == [0, 0, 0, 0, 1]


def test_days_asked_for_later_are_those_asked_for_first() -> None:
    times = (np.arange(40) * 86_400_000 + 1_800_000).astype(np.int64)
    features = CalendarFeatures(Calendar("Asia/Tokyo", "JP"), holidays=True, day_of_year=True)
    backwards = [features.at(times[i : i + 1]) for i in range(39, -1, -1)][::-1]
    assert np.concatenate(backwards).tobytes() == features.at(times).tobytes()


def test_half_a_minute_into_a_slot_of_one_minute_is_told_apart() -> None:
    one, other = features_at("2026-01-01T11:00:30", "2026-01-01T11:01:30")
    assert one[0] != other[0]


def look_at_once(threads: int, times: np.ndarray) -> list[np.ndarray]:
    features, begin = features_of("AT"), Barrier(threads)

    def look(days: int) -> np.ndarray:
        begin.wait()
        return features.at(times[days * 24 :])

    with ThreadPoolExecutor(threads) as pool:
        return [*pool.map(look, range(threads)), features.at(times)]


def test_threads_that_look_at_once_see_what_one_alone_sees() -> None:
    """Two parts of a partition are worked on at once, and both ask for days nobody knew yet."""
    hours = np.arange(0, 40 * 24) * 3_600_000 + 1_767_225_600_000
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for year in range(20):
            times = hours + year * 366 * 86_400_000
            alone = features_of("AT").at(times)
            for days, found in zip((0, 1, 2, 3, 0), look_at_once(4, times), strict=True):
                assert found.tobytes() == alone[days * 24 :].tobytes()
    finally:
        sys.setswitchinterval(before)
