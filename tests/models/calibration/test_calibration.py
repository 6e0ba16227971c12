"""What is learned, how fast, and what may not be learned from."""

import numpy as np
import pytest

from gridcast.models.bands import Bands
from gridcast.models.calibration import Calibration, corrected

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
FAN = np.array([-1.645, -1.282, -0.674, 0, 0.674, 1.282, 1.645], np.float32)
"""Quantiles of a standard normal load."""
ROW = np.zeros(1, np.intp)
NEAR = 0


def calibration() -> Calibration:
    return Calibration(Bands(15, 96), LEVELS)


def play(learner: Calibration, raw: np.ndarray, loads: np.ndarray) -> np.ndarray:
    """Give for each load whether it fell below each quantile as it was issued."""
    below = np.empty((len(loads), len(LEVELS)), np.bool_)
    for number, load in enumerate(loads):
        shift = learner.shift(ROW, 0)[:, :, NEAR, None]
        issued = corrected(raw[None, :, None], shift, -np.inf)[:, :, 0]
        below[number] = load < issued[0]
        learner.learn(ROW, raw[None], issued, np.array([load]), rung=0, band=NEAR)
    return below


@pytest.mark.parametrize("scale", [0.4, 1, 2.5], ids=["too wide", "right", "too narrow"])
@pytest.mark.parametrize("bias", [-0.5, 0, 0.5])
def test_each_quantile_comes_to_hold_its_share(scale: float, bias: float) -> None:
    rng = np.random.default_rng(1)
    below = play(calibration(), FAN, rng.normal(bias, scale, 6_000))
    np.testing.assert_allclose(below[1_000:].mean(axis=0), LEVELS, atol=0.02)


def test_after_a_change_the_interval_holds_again_within_a_day_of_quarters_of_an_hour() -> None:
    rng = np.random.default_rng(2)
    learner = calibration()
    play(learner, FAN, rng.normal(0, 1, 2_000))
    play(learner, FAN, rng.normal(0, 2, 96))
    below = play(learner, FAN, rng.normal(0, 2, 96))
    assert (below[:, -1] & ~below[:, 0]).mean() > 0.85


def test_a_faulty_reading_moves_a_fan_no_further_than_one_just_outside() -> None:
    near, far = calibration(), calibration()
    play(near, FAN, np.array([1.7]))
    play(far, FAN, np.array([1e30]))
    assert np.array_equal(near.shift(ROW, 0), far.shift(ROW, 0))


def test_however_long_an_outage_no_quantile_moves_further_than_the_fans_width() -> None:
    learner = calibration()
    play(learner, FAN, np.full(5_000, -1e6))
    assert np.abs(learner.shift(ROW, 0)).max() == 1


def test_after_an_outage_of_a_day_the_fan_is_no_more_than_twice_as_wide_and_shrinks_again() -> None:
    rng = np.random.default_rng(3)
    learner = calibration()
    play(learner, FAN, rng.normal(0, 1, 2_000))
    play(learner, FAN, np.full(19, -100.0))  # as many as are noted a day of a far band
    widest = 1 + np.ptp(learner.shift(ROW, 0)[0, :, NEAR])
    play(learner, FAN, rng.normal(0, 1, 300))
    later = 1 + np.ptp(learner.shift(ROW, 0)[0, :, NEAR])
    assert later < widest < 2.1


def test_by_the_clock_a_band_moves_as_fast_whether_slots_are_of_a_half_or_of_a_quarter() -> None:
    moved = {}
    for step_minutes in (15, 30):
        bands = Bands(step_minutes, 24 * 60 // step_minutes)
        learner, fan = Calibration(bands, LEVELS), FAN[None]
        for _ in range(150 // (bands.every[1] * step_minutes)):
            learner.learn(ROW, fan, fan, np.array([9.0]), rung=0, band=1)
        moved[step_minutes] = learner.shift(ROW, 0)[0, :, 1]
    np.testing.assert_allclose(moved[15], moved[30], atol=0.002)


@pytest.mark.parametrize("step_minutes", [15, 30, 60])
@pytest.mark.parametrize("level", [0.01, 0.025, 1 / 3, 0.5, 0.9])
def test_whole_units_keep_the_proportion_of_up_and_down(level: float, step_minutes: int) -> None:
    moves = []
    for load in (9.0, -9.0):
        learner = Calibration(Bands(step_minutes, 1440 // step_minutes), (level, 0.99))
        learner.learn(ROW, FAN[None, :2], FAN[None, :2], np.array([load]), rung=0, band=1)
        moves.append(abs(learner.shift(ROW, 0)[0, 0, 1]))
    up, down = moves
    assert up / (up + down) == pytest.approx(level)


def test_nothing_is_learned_from_what_was_not_measured_or_met_exactly_or_has_no_width() -> None:
    learner = calibration()
    flat = np.full(len(LEVELS), 3.0, np.float32)
    play(learner, FAN, np.array([np.nan]))
    play(learner, flat, np.array([3.0, 4.0]))
    assert not learner.shift(ROW, 0).any()
    ends = np.array([0, 0, 0, 0, 1, 2, 3], np.float32)
    learner.learn(ROW, ends[None], ends[None], np.zeros(1), rung=0, band=NEAR)
    assert not learner.shift(ROW, 0)[0, :4].any(), "a load of zero is no reason to go below it"


def test_rungs_bands_and_series_learn_apart() -> None:
    learner, rows = calibration(), np.array([0, 2])
    raw = np.stack([FAN, FAN])
    learner.learn(rows, raw, raw, np.array([9.0, -9.0]), rung=2, band=1)
    assert not learner.shift(np.arange(3), 0).any()
    shift = learner.shift(np.arange(4), 2)
    assert not shift[:, :, [0, 2, 3]].any()
    assert (shift[0, :, 1] > 0).all()
    assert (shift[2, :, 1] < 0).all()
    assert not shift[[1, 3]].any()
    mixed = learner.shift(np.arange(3), np.array([2, 2, 0]))
    assert mixed[0].any()
    assert not mixed[2].any()
