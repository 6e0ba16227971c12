"""The test says so where one forecaster is better, and keeps still where none is."""

import math

import numpy as np
import pytest
from scipy import stats

from gridcast.models.evaluation.significance import Comparison, diebold_mariano

DAY = 24


def overlapping(rng: np.random.Generator, count: int, overlap: int) -> np.ndarray:
    """Give losses that are alike while their horizons overlap: a mean over so many shocks."""
    shocks = rng.normal(size=count + overlap - 1)
    return np.convolve(shocks, np.ones(overlap) / math.sqrt(overlap), "valid")


def compared(first: np.ndarray, second: np.ndarray, overlap: int) -> Comparison:
    """Return the comparison of two losses that can be compared."""
    comparison = diebold_mariano(first, second, overlap)
    assert comparison is not None
    return comparison


def test_without_overlap_it_is_the_t_test_of_the_differences() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.gamma(2, size=50), rng.gamma(2, size=50)
    found, peer = compared(first, second, 1), stats.ttest_1samp(first - second, 0)
    assert found.statistic == pytest.approx(peer.statistic)
    assert found.p_value == pytest.approx(peer.pvalue)
    assert found.count == 50
    assert found.difference == pytest.approx((first - second).mean())


def test_by_hand_with_a_horizon_of_two() -> None:
    off = np.array([1.0, 2.0, 0.0, 3.0])
    apart = off - 1.5
    variance = apart @ apart / 4 + 2 * (apart[1:] @ apart[:-1]) / 4
    weighted = apart @ apart / 4 + 2 * 0.5 * (apart[1:] @ apart[:-1]) / 4
    assert variance < 0 < weighted  # so Bartlett's weights are taken
    found = compared(off, np.zeros(4), 2)
    corrected = math.sqrt((4 + 1 - 4 + 2 * 1 / 4) / 4)
    assert found.statistic == pytest.approx(1.5 / math.sqrt(weighted / 4) * corrected)


def test_equally_good_forecasters_are_told_apart_no_more_often_than_the_level_says() -> None:
    rng = np.random.default_rng(2)
    told = naive = 0
    for _ in range(400):
        off = overlapping(rng, 2000, DAY)
        told += compared(off, np.zeros(2000), DAY).p_value < 0.05
        naive += compared(off, np.zeros(2000), 1).p_value < 0.05
    assert told <= 40  # 5 % would be 20
    assert naive > 200  # who takes no notice of the overlap is fooled


def test_a_better_forecaster_is_found_in_either_order() -> None:
    rng = np.random.default_rng(3)
    good = 1 + 0.1 * overlapping(rng, 3000, DAY)
    bad = good + 0.05 + 0.05 * overlapping(rng, 3000, DAY)
    found, other_way = compared(good, bad, DAY), compared(bad, good, DAY)
    assert (found.verdict, other_way.verdict) == ("better", "worse")
    assert found.p_value < 1e-3
    assert found.statistic == pytest.approx(-other_way.statistic)


def test_origins_that_one_of_them_missed_count_nothing() -> None:
    rng = np.random.default_rng(4)
    first, second = rng.gamma(2, size=60), rng.gamma(2, size=60)
    lost = first.copy()
    lost[50:] = math.nan
    assert diebold_mariano(lost, second, 1) == diebold_mariano(first[:50], second[:50], 1)


def test_the_same_losses_are_no_difference_and_a_certain_one_is_certain() -> None:
    loss = np.linspace(1, 2, 100)
    assert compared(loss, loss, DAY).verdict == "no difference"
    certain = compared(np.ones(100), np.full(100, 3.0), DAY)
    assert (certain.verdict, certain.statistic) == ("better", -math.inf)


def test_too_few_origins_tell_nothing() -> None:
    assert diebold_mariano(np.arange(47.0), np.zeros(47), DAY) is None
    with pytest.raises(ValueError, match="overlap must be at least 1"):
        compared(np.ones(9), np.ones(9), 0)
