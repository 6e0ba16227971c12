"""Scores of quantiles, worked out by hand and by integration."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from gridcast.models.evaluation import point, quantiles

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
loads = st.floats(-1e3, 1e3)


def test_the_pinball_loss_is_what_it_is_by_hand() -> None:
    truth, forecast = np.array([10.0, 2.0]), np.array([[8.0, 9.0, 12.0], [3.0, 3.0, 4.0]])
    first = (0.1 * 2 + 0.5 * 1 + 0.1 * 2) / 3
    second = (0.9 * 1 + 0.5 * 1 + 0.1 * 2) / 3
    found = quantiles.pinball(truth, forecast, (0.1, 0.5, 0.9))
    assert found == pytest.approx((first + second) / 2)


def test_the_crps_of_an_even_distribution_is_the_one_of_the_text_book() -> None:
    """Even between 0 and 1, the score at y is y² - y + 1/3."""
    forecast = np.array([[1e-9, 0.25, 0.5, 0.75, 1 - 1e-9]])
    for load in (0.0, 0.3, 0.5, 0.9, 1.0):
        found = quantiles.crps(np.array([load]), forecast, (1e-9, 0.25, 0.5, 0.75, 1 - 1e-9))
        assert found == pytest.approx(load**2 - load + 1 / 3, abs=1e-6)
    found = quantiles.crps(np.array([3.0]), forecast, (1e-9, 0.25, 0.5, 0.75, 1 - 1e-9))
    assert found == pytest.approx(2 + 1 / 3, abs=1e-6)


@given(st.lists(loads, min_size=7, max_size=7), loads)
def test_the_crps_is_twice_the_pinball_loss_of_all_levels(values: list[float], load: float) -> None:
    rising = np.sort(values)

    def twice_pinball(level: float) -> float:
        off = load - np.interp(level, LEVELS, rising)
        return float(2 * max(level * off, (level - 1) * off))

    turns = sorted({*LEVELS, float(np.interp(load, rising, LEVELS))})
    pieces = zip([0.0, *turns], [*turns, 1.0], strict=True)
    expected = sum(quad(twice_pinball, a, b)[0] for a, b in pieces)
    found = quantiles.crps(np.array([load]), rising[None], LEVELS)
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(st.lists(st.tuples(loads, loads), min_size=1))
def test_of_a_single_number_the_crps_is_the_mae(pairs: list[tuple[float, float]]) -> None:
    truth, forecast = np.array(pairs).T
    same = np.repeat(forecast[:, None], len(LEVELS), axis=1)
    mae = point.mae(truth, forecast)
    assert mae is not None
    assert quantiles.crps(truth, same, LEVELS) == pytest.approx(mae, abs=1e-9)
    assert quantiles.pinball(truth, forecast[:, None], (0.5,)) == pytest.approx(mae / 2, abs=1e-9)


def test_the_levels_that_are_true_have_the_least_pinball_loss() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=200_000)
    right = np.quantile(truth, LEVELS)
    best = quantiles.pinball(truth, np.broadcast_to(right, (len(truth), 7)), LEVELS)
    assert best is not None
    for wrong in (right * 1.3, right * 0.7, right + 0.1):
        worse = quantiles.pinball(truth, np.broadcast_to(wrong, (len(truth), 7)), LEVELS)
        assert worse is not None
        assert worse > best


def test_coverage_and_width_count_what_was_measured() -> None:
    truth = np.array([1.0, 2.0, 3.0, math.nan])
    band = np.array([[1.0, 2.0], [0.0, 1.0], [0.0, 4.0], [0.0, 100.0]])
    assert quantiles.coverage(truth, band) == pytest.approx(100 * 2 / 3)
    assert quantiles.width(truth, band) == pytest.approx(2)


def test_the_bands_are_the_central_ones() -> None:
    assert list(quantiles.bands(LEVELS)) == [(90, 0, 6), (80, 1, 5), (50, 2, 4)]
    assert list(quantiles.bands((0.1, 0.5, 0.8))) == []


def test_where_nothing_was_measured_there_is_no_score() -> None:
    truth, forecast = np.full(2, math.nan), np.ones((2, 7))
    assert quantiles.pinball(truth, forecast, LEVELS) is None
    assert quantiles.crps(truth, forecast, LEVELS) is None
    assert quantiles.coverage(truth, forecast[:, :2]) is None
    assert quantiles.width(truth, forecast[:, :2]) is None
