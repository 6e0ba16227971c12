"""Page-Hinkley for all series at once says what River's says of each."""

from dataclasses import replace

import numpy as np
import pytest
from river.drift import PageHinkley as River

from gridcast.models.detection.error_drift import LIMIT
from gridcast.models.detection.page_hinkley import DriftLimit, PageHinkley

LIMITS = [
    DriftLimit(),
    DriftLimit(min_instances=5, delta=0.2, threshold=8.0, alpha=0.99),
    DriftLimit(min_instances=72, delta=0.5, threshold=20.0, alpha=0.999),
]


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("seed", range(4))
def test_it_finds_the_same_drifts_at_the_same_values_as_river(limit: DriftLimit, seed: int) -> None:
    rng = np.random.default_rng(seed)
    series, length = 12, 700
    steps = rng.normal(0, 3, (length, series)) * (rng.random((length, series)) < 0.01)
    values = (rng.normal(0, 1, (length, series)) + np.cumsum(steps, axis=0)).astype(np.float32)
    given = rng.random((length, series)) < 0.9
    ours = PageHinkley(limit, series)
    moved = np.array([ours.update(row, has) for row, has in zip(values, given, strict=True)])
    theirs = np.zeros_like(moved)
    for one in range(series):
        test = River(limit.min_instances, limit.delta, limit.threshold, limit.alpha)
        for turn in np.flatnonzero(given[:, one]):
            test.update(float(values[turn, one]))  # type: ignore[no-untyped-call]
            theirs[turn, one] = test.drift_detected
    assert theirs.any(), "or nothing was compared"
    assert (moved == theirs).all()


HOURS = 8_766


def _moves(limit: DriftLimit, mean: np.ndarray) -> int:
    rng = np.random.default_rng(1)
    test, every = PageHinkley(limit, 20), np.ones(20, np.bool_)
    noisy = (mean[:, None] + rng.normal(0, 1, (len(mean), 20))).astype(np.float32)
    return sum(int(test.update(row, every).sum()) for row in noisy)


def test_what_comes_and_goes_with_the_seasons_has_not_moved_since_two_weeks_ago() -> None:
    seasons = 1.5 * np.sin(2 * np.pi * np.arange(2 * HOURS) / HOURS)
    assert _moves(LIMIT, seasons) == 0
    assert _moves(replace(LIMIT, remembered=None), seasons) >= 40, "against the mean of all"
    assert _moves(replace(LIMIT, alpha=0.999), seasons) >= 40, "sums that have come to rest"


def test_what_moves_from_one_day_to_the_next_has() -> None:
    step = np.repeat([0.0, 2.0], [HOURS // 2, 1_000])
    assert _moves(LIMIT, step) == 20
