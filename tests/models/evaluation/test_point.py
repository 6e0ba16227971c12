"""Errors of a single number, worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridcast.models.evaluation import point

NAN = math.nan
TRUTH = np.array([100.0, 200.0, NAN, 400.0])
FORECAST = np.array([110.0, 180.0, 5.0, 400.0])


def test_every_error_is_what_it_is_by_hand_and_what_is_missing_counts_nothing() -> None:
    assert point.mae(TRUTH, FORECAST) == 10.0
    assert point.rmse(TRUTH, FORECAST) == pytest.approx(math.sqrt((100 + 400 + 0) / 3))
    assert point.mape(TRUTH, FORECAST) == pytest.approx(100 * (0.1 + 0.1 + 0) / 3)
    assert point.smape(TRUTH, FORECAST) == pytest.approx(100 * (10 / 105 + 20 / 190 + 0) / 3)
    assert point.nmae(TRUTH, FORECAST) == pytest.approx(100 * 30 / 700)
    assert point.mase(TRUTH, FORECAST, 5.0) == pytest.approx(2.0)
    mean = 700 / 3
    varied = (100 - mean) ** 2 + (200 - mean) ** 2 + (400 - mean) ** 2
    assert point.r2(TRUTH, FORECAST) == pytest.approx(1 - 500 / varied)


def test_where_nothing_was_measured_there_is_no_error() -> None:
    nothing = np.full(3, NAN)
    ones = np.ones(3)
    for error in (point.mae, point.rmse, point.mape, point.smape, point.nmae, point.r2):
        assert error(nothing, ones) is None
    assert point.mase(nothing, ones, 1.0) is None


def test_what_was_not_forecast_counts_as_little_as_what_was_not_measured() -> None:
    holes = np.where([False, True, False, False], NAN, FORECAST)
    some = [0, 2, 3]
    assert point.r2(TRUTH, holes) == point.r2(TRUTH[some], FORECAST[some])
    assert point.mae(TRUTH, holes) == point.mae(TRUTH[some], FORECAST[some])
    assert point.mape(TRUTH, holes) == point.mape(TRUTH[some], FORECAST[some])


def test_a_load_that_comes_near_zero_has_no_error_in_per_cent() -> None:
    truth = np.array([0.0, 0.001, 1.0, 2.0])
    assert point.mape(truth, truth + 0.1) is None
    assert point.nmae(truth, truth + 0.1) == pytest.approx(100 * 0.4 / 3.001)


def test_one_outage_in_a_thousand_hours_does_not_take_the_percentage_away() -> None:
    truth = np.full(1000, 100.0)
    truth[500] = 0
    assert point.mape(truth, np.full(1000, 101.0)) == pytest.approx(1.0)


def test_near_zero_is_judged_by_the_own_size_of_each_series() -> None:
    truth = np.array([1000.0, 1000.0, 1.0, 1.0])
    forecast = np.array([1010.0, 990.0, 1.02, 0.98])
    assert point.mape(truth, forecast) is None
    assert point.mape(truth, forecast, np.array([1000.0, 1000.0, 1.0, 1.0])) == pytest.approx(1.5)


def test_zero_forecast_for_zero_is_right() -> None:
    assert point.smape(np.zeros(2), np.zeros(2)) == 0
    assert point.smape(np.zeros(2), np.ones(2)) == 200


def test_the_daily_naive_is_the_mean_difference_of_two_days() -> None:
    mean = np.array([[1.0, NAN], [2.0, NAN], [3.0, NAN], [2.0, 4.0], [NAN, 4.0], [7.0, 4.0]])
    naive = point.daily_naive(mean, day=2)
    assert naive[0] == pytest.approx((2 + 0 + 5) / 3)
    assert naive[1] == 0
    assert math.isnan(point.daily_naive(mean[:4], day=2)[1])


def test_a_series_that_never_changed_has_no_scaled_error() -> None:
    assert point.mase(np.ones(3), np.zeros(3), 0.0) is None
    assert point.mase(np.ones(2), np.zeros(2), np.array([0.0, 4.0])) == 0.25


def test_two_series_of_different_size_are_not_well_foreseen_by_their_sizes_alone() -> None:
    truth = np.array([9.0, 11.0, 99.0, 101.0])
    flat = np.array([10.0, 10.0, 100.0, 100.0])
    r2 = point.r2(truth, flat)
    assert r2 is not None
    assert r2 > 0.99
    assert point.r2(truth, flat, level=flat) == 0


@given(st.lists(st.floats(1, 1e6), min_size=1), st.floats(0.5, 2), st.floats(1e-3, 1e3))
def test_relative_errors_do_not_depend_on_the_unit(
    truth: list[float], off: float, unit: float
) -> None:
    loads = np.array(truth)
    for error in (point.smape, point.nmae):
        assert error(loads * unit, loads * off * unit) == pytest.approx(error(loads, loads * off))


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=1))
def test_the_root_of_squares_is_never_below_the_mean_error(
    pairs: list[tuple[float, float]],
) -> None:
    truth, forecast = np.array(pairs).T
    rmse, mae = point.rmse(truth, forecast), point.mae(truth, forecast)
    assert rmse is not None
    assert mae is not None
    assert rmse >= mae * (1 - 1e-9) - 1e-9
