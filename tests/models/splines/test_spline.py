import numpy as np
import numpy.typing as npt
import pytest
from scipy.interpolate import make_smoothing_spline
from scipy.linalg import solve_banded

from gridcast.models.splines import Spline
from gridcast.models.splines.crossvalidation import choose_lam
from gridcast.models.splines.spline import CHUNK

LAMS = [1e-2, 1.0, 50.0, 1e4]
Floats = npt.NDArray[np.float64]


def walks(slots: int, series: int, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).normal(size=(slots, series)).cumsum(axis=0) + 20


def gaps(slots: int, series: int, share: float = 0.05) -> Floats:
    """Weights with holes: random ones, some partial, a long one, one at either end."""
    rng = np.random.default_rng(1)
    weight = np.where(rng.random((slots, series)) < share, 0.0, 1.0)
    weight *= np.where(rng.random((slots, series)) < 0.1, rng.random((slots, series)), 1.0)
    weight[slots // 3 : slots // 2, 0] = 0
    weight[:7, 1] = 0
    weight[-9:, 2] = 0
    return weight


def dense(value: Floats, weight: Floats, lam: float) -> npt.NDArray[np.floating]:
    """Solve the weighted least squares of one window with full matrices."""
    slots = len(value)
    second = np.diff(np.eye(slots), 2, axis=0)
    bands = np.array([[1 / 6], [2 / 3], [1 / 6]]).repeat(slots - 2, axis=1)
    penalty = second.T @ solve_banded((1, 1), bands, second)
    solution: npt.NDArray[np.floating] = np.linalg.solve(
        np.diag(weight) + lam * penalty, weight * value
    )
    return solution


@pytest.mark.parametrize("lam", LAMS)
@pytest.mark.parametrize("slots", [5, 6, 96, 192])
def test_without_gaps_it_is_scipys_smoothing_spline(slots: int, lam: float) -> None:
    value, time = walks(slots, 4), np.arange(float(slots))
    ours = Spline(slots, lam).smooth(value)
    for column in range(4):
        theirs = make_smoothing_spline(time, value[:, column], lam=lam)(time)
        np.testing.assert_allclose(ours[:, column], theirs, rtol=1e-6)


@pytest.mark.parametrize("lam", LAMS)
def test_with_gaps_it_is_the_dense_weighted_least_squares_solution(lam: float) -> None:
    value, weight = walks(192, 20), gaps(192, 20)
    ours = Spline(192, lam).smooth(value, weight)
    for column in range(20):
        theirs = dense(value[:, column], weight[:, column], lam)
        np.testing.assert_allclose(ours[:, column], theirs, rtol=1e-9, atol=1e-9)


def test_a_weight_of_zero_is_as_if_the_slot_were_not_there() -> None:
    value, weight, time = walks(96, 3)[:, :1], gaps(96, 3)[:, :1], np.arange(96.0)
    known = weight[:, 0] > 0
    theirs = make_smoothing_spline(time[known], value[known, 0], w=weight[known, 0], lam=2.0)
    np.testing.assert_allclose(Spline(96, 2.0).smooth(value, weight)[:, 0], theirs(time), rtol=1e-6)


def test_long_empty_stretches_and_very_smooth_splines_stay_exact() -> None:
    value = walks(192, 1)
    weight = np.zeros((192, 1))
    weight[[3, 90, 188]] = 1.0
    ours = Spline(192, 1e6).smooth(value, weight)
    np.testing.assert_allclose(ours[:, 0], dense(value[:, 0], weight[:, 0], 1e6), rtol=1e-4)


@pytest.mark.parametrize("complete", [True, False])
def test_the_bits_of_a_window_do_not_depend_on_those_beside_it(complete: bool) -> None:
    series = 2 * CHUNK + 5
    value = walks(96, series)
    weight = None if complete else gaps(96, series)
    spline = Spline(96, 3.0)
    together = spline.smooth(value, weight)
    for columns in ([0], [CHUNK - 1, CHUNK], [7, 3, 2 * CHUNK + 4], [*range(100, 131)]):
        part = None if weight is None else weight[:, columns].copy()
        alone = spline.smooth(value[:, columns].copy(), part)
        assert alone.tobytes() == together[:, columns].tobytes()


def test_the_precomputed_case_has_the_bits_of_the_general_one() -> None:
    value = walks(192, 30).astype(np.float32)
    spline = Spline(192, 0.7)
    assert spline.smooth(value).tobytes() == spline.smooth(value, np.ones((192, 30))).tobytes()


@pytest.mark.parametrize(("slots", "lam"), [(4, 1.0), (10, 0.0), (10, -1.0), (10, np.nan)])
def test_a_spline_that_cannot_be_is_refused(slots: int, lam: float) -> None:
    with pytest.raises(ValueError, match=r"at least 5|positive"):
        Spline(slots, lam)


@pytest.mark.parametrize("noise", [0.05, 0.3])
def test_the_chosen_lam_is_scipys_for_one_window(noise: float) -> None:
    time = np.arange(96.0)
    wave = 3 * np.sin(time / 96 * 4 * np.pi)
    value = wave + noise * np.random.default_rng(3).normal(size=96)
    ours = Spline(96, choose_lam(value[:, None])).smooth(value[:, None])[:, 0]
    np.testing.assert_allclose(ours, make_smoothing_spline(time, value)(time), atol=0.02 * noise)


@pytest.mark.parametrize("noise", [0.05, 1.0, 20.0])
def test_no_other_lam_has_a_better_score(noise: float) -> None:
    value = np.sin(np.arange(96) / 15)[:, None] + noise * walks(96, 1)

    def score(lam: float) -> float:
        spline = Spline(96, lam)
        trace = np.trace(spline.smooth(np.eye(96)))
        return float(np.square(spline.smooth(value) - value).sum() / (96 - trace) ** 2)

    chosen = score(choose_lam(value))
    assert all(chosen <= score(lam) * (1 + 1e-9) for lam in np.geomspace(1e-3, 1e6, 50))


def test_a_large_series_does_not_outvote_the_small_ones_of_its_class() -> None:
    value = walks(96, 10)
    assert choose_lam(value * np.geomspace(1, 1e6, 10)) == pytest.approx(
        choose_lam(value), rel=1e-3
    )


def test_lam_is_not_chosen_from_windows_with_gaps() -> None:
    value = walks(96, 3)
    value[5, 1] = np.nan
    with pytest.raises(ValueError, match="complete windows"):
        choose_lam(value)
