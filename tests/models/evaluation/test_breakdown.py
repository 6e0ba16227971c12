"""Scores by horizon, by local time, and by the size of the series."""

import math

import numpy as np
import pytest

from gridcast.models.evaluation.breakdown import GroupBy, breakdown, unfairness
from gridcast.models.evaluation.verified_forecasts import Scales, VerifiedForecasts
from gridcast.schemas import GridSeries
from gridcast.units import HOUR_MS

NEW_YEAR_MS = 1_672_531_200_000  # Sunday 1 January 2023, 00:00 UTC


def verified(
    truth: np.ndarray, row: list[int], hour: list[int], *series: GridSeries
) -> VerifiedForecasts:
    return VerifiedForecasts(
        series=series,
        row=np.array(row),
        origin_ms=NEW_YEAR_MS + HOUR_MS * np.array(hour, np.int64),
        step_minutes=60,
        leads=np.arange(truth.shape[1]),
        levels=(0.05, 0.5, 0.95),
        truth=truth,
        quantiles=np.full((*truth.shape, 3), 100.0),
    )


SCALES = Scales(size=np.array([100.0]), naive=np.array([1.0]))


def test_times_are_the_local_ones_of_the_slot_that_is_forecast() -> None:
    one = GridSeries(series="a", time_zone="Europe/Berlin")
    found = verified(np.array([[100.0, 110.0]]), [0], [-2], one)  # 23:00 and 00:00 in Berlin
    assert {k: v["mae"] for k, v in breakdown(found, SCALES, GroupBy.HOUR).items()} == {
        "00:00": 10.0,
        "23:00": 0.0,
    }
    assert list(breakdown(found, SCALES, GroupBy.WEEKDAY)) == ["Saturday", "Sunday"]
    assert list(breakdown(found, SCALES, GroupBy.MONTH)) == ["January", "December"]
    assert {k: v["mae"] for k, v in breakdown(found, SCALES, GroupBy.HORIZON).items()} == {
        "1 h": 0.0,
        "2 h": 10.0,
    }


def test_the_doubled_hour_of_autumn_counts_twice() -> None:
    one = GridSeries(series="a", time_zone="Europe/Berlin")
    hours = (1_698_523_200_000 - NEW_YEAR_MS) // HOUR_MS  # 28 October, 20:00 UTC
    found = verified(np.full((1, 6), 100.0), [0], [hours], one)
    by_hour = breakdown(found, SCALES, GroupBy.HOUR)
    assert by_hour["02:00"]["count"] == 2


def test_series_of_each_size_are_scored_and_the_worst_served_are_seen() -> None:
    sizes = np.array([1.0, 10.0, 100.0, 1000.0, 10.0, 1.0, 100.0, 1000.0, 5.0, 50.0])
    series = [GridSeries(series=f"s{i}") for i in range(10)]
    found = verified(np.repeat(sizes, 2).reshape(10, 2), list(range(10)), [0] * 10, *series)
    found.quantiles[...] = (sizes * np.where(sizes < 5, 1.5, 1.1))[:, None, None]
    by_size = breakdown(found, Scales(sizes, sizes), GroupBy.SIZE)
    assert len(by_size) == 5
    assert next(iter(by_size)) == "2 series of 1 kW"
    assert [scores["count"] for scores in by_size.values()] == [4] * 5
    assert unfairness(by_size) == pytest.approx(5)


def test_a_few_series_stand_alone_and_the_unmeasured_are_left_out() -> None:
    series = [GridSeries(series="big"), GridSeries(series="little")]
    scales = Scales(np.array([9.0, 3.0]), np.array([1.0, 1.0]))
    found = verified(np.array([[100.0], [math.nan]]), [0, 1], [0, 0], *series)
    assert list(breakdown(found, scales, GroupBy.SIZE)) == ["big, 9 kW"]
    assert unfairness(breakdown(found, scales, GroupBy.SIZE)) is None
