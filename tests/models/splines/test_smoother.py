from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gridcast.models.splines import SlotOrigin, Smoother, Spline, share_measured
from gridcast.models.windows.marks import ESTIMATED, FULL, NOTHING, PLAIN

DAY = 96
SMOOTHER = Smoother(slots=2 * DAY, lam=1.0, longest_gap=4, day=DAY)

Floats = npt.NDArray[np.float32]
Marks = npt.NDArray[np.uint8]


def days(count: int, series: int, noise: float = 0.0) -> tuple[Floats, Marks]:
    """Give days of a load that is high at noon and zero at midnight, wholly measured."""
    time = np.arange(count * DAY)[:, None]
    load = 5 - 5 * np.cos(time / DAY * 2 * np.pi) * np.ones(series)
    load = load + noise * np.random.default_rng(0).normal(size=load.shape)
    return load.astype(np.float32), np.full(load.shape, PLAIN, np.uint8)


def smooth(mean: Floats, mark: Marks, smoother: Smoother = SMOOTHER, lower: float = -np.inf) -> Any:
    mean = np.where(mark == NOTHING, np.float32(np.nan), mean)
    slots = smoother.slots
    return smoother.smooth(
        mean[-slots:], mark[-slots:], lambda columns: (mean[:, columns], mark[:, columns]), lower
    )


def test_measured_slots_are_smoothed_and_called_measured() -> None:
    mean, mark = days(8, 3, noise=0.2)
    result = smooth(mean, mark)
    assert (result.origin == SlotOrigin.MEASURED).all()
    expected = Spline(2 * DAY, 1.0).smooth(mean[-2 * DAY :])
    np.testing.assert_array_equal(result.value, expected.astype(np.float32))


def test_a_short_gap_is_bridged_by_the_spline() -> None:
    mean, mark = days(8, 1)
    mark[-50:-46] = NOTHING
    result = smooth(mean, mark)
    assert (result.origin[-50:-46] == SlotOrigin.FILLED).all()
    np.testing.assert_allclose(result.value, mean[-2 * DAY :], atol=0.02)


@pytest.mark.parametrize(
    ("gap", "origin"), [(4, SlotOrigin.FILLED), (5, SlotOrigin.FROM_OTHER_DAYS)]
)
def test_the_longest_gap_of_the_spline_is_as_stated(gap: int, origin: SlotOrigin) -> None:
    mean, mark = days(8, 3)
    mark[-50 : -50 + gap, 1] = NOTHING
    result = smooth(mean, mark)
    assert (result.origin[-50 : -50 + gap, 1] == origin).all()
    assert (result.origin == SlotOrigin.MEASURED).sum() == result.origin.size - gap


@pytest.mark.parametrize("step", [1, 5, 10, 15, 30, 60])
def test_usually_a_gap_of_an_hour_is_the_longest_of_the_spline(step: int) -> None:
    smoother = Smoother.for_step(step, slots=200, lam=1.0)
    assert smoother.longest_gap * step == 60
    assert smoother.day * step == 24 * 60


def test_a_night_without_readings_is_no_straight_line() -> None:
    mean, mark = days(8, 1)
    night = slice(-DAY - 24, -DAY + 24)  # six hours either side of midnight, where it is lowest
    mark[night] = NOTHING
    result = smooth(mean, mark)
    truth = mean[night, 0]
    ends = mean[-DAY - 25, 0], mean[-DAY + 24, 0]
    straight = np.linspace(*ends, len(truth) + 2)[1:-1]
    assert abs(straight - truth).max() > 4
    assert abs(result.value[night, 0] - truth).max() < 0.05


def test_a_long_gap_is_filled_from_other_days_at_the_level_beside_it() -> None:
    mean, mark = days(8, 2)
    mean[-2 * DAY :] += 3  # higher than the days before
    mark[-90:-10, 0] = NOTHING
    result = smooth(mean, mark)
    assert (result.origin[-90:-10, 0] == SlotOrigin.FROM_OTHER_DAYS).all()
    assert (result.origin[:, 1] == SlotOrigin.MEASURED).all()
    np.testing.assert_allclose(result.value, mean[-2 * DAY :], atol=0.05)


def test_a_gap_at_the_windows_end_is_filled_from_other_days_however_short() -> None:
    mean, mark = days(8, 1)
    mark[-1:] = NOTHING
    result = smooth(mean, mark)
    assert result.origin[-1, 0] == SlotOrigin.FROM_OTHER_DAYS
    assert result.value[-1, 0] == pytest.approx(mean[-1, 0], abs=0.05)


def test_a_long_gap_that_no_other_day_covers_stays_missing() -> None:
    mean, mark = days(2, 1)
    mark[: DAY + 20] = NOTHING
    result = smooth(mean, mark)
    assert (result.origin[20:DAY] == SlotOrigin.FROM_OTHER_DAYS).all()
    missing = np.r_[:20, DAY : DAY + 20]
    assert (result.origin[missing] == SlotOrigin.MISSING).all()
    assert np.flatnonzero(np.isnan(result.value)).tolist() == missing.tolist()


@pytest.mark.parametrize("known", [0, 1])
def test_a_window_with_next_to_nothing_known_is_missing_but_for_that(known: int) -> None:
    mean, mark = days(8, 2)
    mark[:, 0] = NOTHING
    mark[-DAY : -DAY + known, 0] = FULL
    result = smooth(mean, mark)
    assert (np.isfinite(result.value[:, 0])).sum() <= known + 1
    assert (result.origin[:, 0] == SlotOrigin.MEASURED).sum() == known
    np.testing.assert_allclose(result.value[:, 1], mean[-2 * DAY :, 1], atol=0.02)


def test_an_estimate_is_smoothed_and_called_an_estimate() -> None:
    mean, mark = days(8, 1)
    mark[-30:-10] = ESTIMATED
    result = smooth(mean, mark)
    assert (result.origin[-30:-10] == SlotOrigin.ESTIMATED).all()
    assert share_measured(mark[-100:])[0] == pytest.approx(0.8)


def test_a_load_that_cannot_be_negative_is_not_smoothed_below_zero() -> None:
    mean, mark = days(8, 2)
    mean[:, :] = np.where(mean > 8, mean, 0.0)
    smoother = Smoother(2 * DAY, 1.0, 4, DAY)
    free = smooth(mean, mark, smoother)
    assert free.value.min() < 0
    bounded = smooth(mean, mark, smoother, lower=0.0)
    assert bounded.value.min() == 0.0
    each = smoother.smooth(mean[-192:], mark[-192:], lower=np.array([0.0, -np.inf]))
    assert each.value[:, 0].min() == 0.0
    assert each.value[:, 1].min() < 0


@given(st.integers(0, 2**32 - 1))
@example(15651)  # one slot is missing on all days: nothing can fill it
@settings(deadline=None, max_examples=15)
def test_with_lam_0_what_is_known_stays_as_it_is_and_gaps_are_filled(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mean, mark = days(8, 20, noise=1.0)
    mark[:] = rng.integers(ESTIMATED, PLAIN + 1, mark.shape)
    mark[rng.random(mark.shape) < rng.choice([0, 0.05, 0.3], 20)] = NOTHING
    mark[-60:-20, :5] = NOTHING
    result = smooth(mean, mark, Smoother(2 * DAY, 0.0, 4, DAY), lower=5.0)
    known = mark[-2 * DAY :] != NOTHING
    assert result.value[known].tobytes() == mean[-2 * DAY :][known].tobytes()
    assert (result.origin[known] < SlotOrigin.FILLED).all()
    on_no_day = (mark.reshape(8, DAY, -1) == NOTHING).all(axis=0)
    missing = result.origin == SlotOrigin.MISSING
    assert (np.tile(on_no_day, (2, 1)) >= missing).all()
    assert (np.isfinite(result.value) == ~missing).all()
    assert result.value[~known & ~missing].min(initial=5.0) == 5.0


def test_with_lam_0_short_gaps_are_bridged_and_long_ones_filled_from_other_days() -> None:
    mean, mark = days(8, 2)
    mark[-50:-46, 0] = NOTHING
    mark[-90:-10, 1] = NOTHING
    result = smooth(mean, mark, Smoother(2 * DAY, 0.0, 4, DAY))
    assert (result.origin[-50:-46, 0] == SlotOrigin.FILLED).all()
    assert (result.origin[-90:-10, 1] == SlotOrigin.FROM_OTHER_DAYS).all()
    np.testing.assert_allclose(result.value, mean[-2 * DAY :], atol=0.02)


@given(st.integers(8 * DAY, 10 * DAY), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=25)
def test_nothing_after_the_window_touches_it(end: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mean, mark = days(11, 4, noise=1.0)
    mark[rng.random(mark.shape) < 0.1] = NOTHING
    mark[end - 40 : end - 20, 1] = NOTHING
    mark[end - 3 : end + 5, 2] = NOTHING
    other, other_mark = mean.copy(), mark.copy()
    other[end:] = 1e6 * rng.random(other[end:].shape)
    other_mark[end:] = rng.integers(0, 256, other_mark[end:].shape)
    window = slice(end - 8 * DAY, end)
    ours = smooth(mean[window], mark[window])
    theirs = smooth(other[window], other_mark[window])
    assert ours.value.tobytes() == theirs.value.tobytes()
    assert ours.origin.tobytes() == theirs.origin.tobytes()


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 1.0]))
@settings(deadline=None, max_examples=15)
def test_the_bits_of_a_window_do_not_depend_on_those_beside_it(seed: int, lam: float) -> None:
    smoother = Smoother(2 * DAY, lam, longest_gap=4, day=DAY)
    rng = np.random.default_rng(seed)
    mean, mark = days(8, 40, noise=1.0)
    mark[rng.random(mark.shape) < rng.choice([0, 0.05, 0.3, 0.97], 40)] = NOTHING
    mark[-60:-20, :10] = NOTHING
    together = smooth(mean, mark, smoother)
    for columns in ([int(rng.integers(40))], rng.permutation(40)[:7].tolist()):
        alone = smooth(mean[:, columns], mark[:, columns], smoother)
        assert alone.value.tobytes() == together.value[:, columns].tobytes()
        assert alone.origin.tobytes() == together.origin[:, columns].tobytes()
