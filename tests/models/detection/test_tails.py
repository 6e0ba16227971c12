import numpy as np
import pytest
from scipy.stats import genpareto

from gridcast.models.detection.tails import TailThresholds
from gridcast.models.records import Record, RecordKind, decode, encode

SERIES = 200
ALL = np.ones(SERIES, np.bool_)


def learned(scores: np.ndarray, **how: float) -> TailThresholds:
    tails = TailThresholds(SERIES, **how)
    for row in scores.astype(np.float32):
        tails.learn(row, ALL)
    return tails


@pytest.mark.parametrize("shape", [0.0, 0.1, 0.15])
def test_the_limit_is_the_quantile_of_the_law_that_scores_follow(shape: float) -> None:
    law = genpareto(shape)
    scores = law.rvs((12_000, SERIES), random_state=np.random.default_rng(2))
    limit = learned(scores).limit(np.full(SERIES, 1e-5, np.float32))
    assert np.median(limit) == pytest.approx(law.isf(1e-5), rel=0.25)


def test_about_as_many_scores_as_allowed_lie_beyond_it() -> None:
    rng = np.random.default_rng(3)
    tails = learned(np.abs(rng.standard_normal((8_000, SERIES))))
    limit = tails.limit(np.full(SERIES, 1e-3, np.float32))
    share = (np.abs(rng.standard_normal((8_000, SERIES))) > limit).mean()
    assert 3e-4 < share < 3e-3


def test_each_series_has_the_limit_of_its_own_scores() -> None:
    scores = np.random.default_rng(4).standard_exponential((6_000, SERIES))
    scores[:, :100] *= 50
    limit = learned(scores).limit(np.full(SERIES, 1e-5, np.float32))
    assert np.median(limit[:100] / limit[100:]) == pytest.approx(50, rel=0.3)


def test_one_fault_does_not_teach_that_faults_are_usual() -> None:
    scores = np.random.default_rng(5).standard_exponential((6_000, SERIES))
    tails = learned(scores)
    before = tails.limit(np.full(SERIES, 1e-5, np.float32))
    tails.learn(np.full(SERIES, 1e6, np.float32), ALL)
    after = tails.limit(np.full(SERIES, 1e-5, np.float32))
    assert (after < 1.6 * before).all()


def test_a_new_usual_is_learned_in_the_end() -> None:
    rng = np.random.default_rng(6)
    tails = learned(rng.standard_exponential((4_000, SERIES)))
    for row in 10 * rng.standard_exponential((20_000, SERIES)).astype(np.float32):
        tails.learn(row, ALL, tails.limit(np.full(SERIES, 1e-5, np.float32)))
    limit = tails.limit(np.full(SERIES, 1e-5, np.float32))
    assert np.median(limit) == pytest.approx(115, rel=0.3)


def test_a_series_without_a_score_learns_nothing() -> None:
    tails = TailThresholds(2)
    for _ in range(50):
        tails.learn(np.array([9, 9], np.float32), np.array([True, False]))
    assert tails.level[1] == TailThresholds.NEW["level"]
    assert tails.level[0] > tails.level[1]


def test_it_comes_back_from_its_record_to_the_bit() -> None:
    tails = learned(np.random.default_rng(7).standard_exponential((500, SERIES)))
    kept = decode("detection/1", encode(Record(RecordKind.DETECTION, 1, tails.columns())))
    back = TailThresholds()
    back.load(kept.columns)
    for name in TailThresholds.NEW:
        assert getattr(back, name).tobytes() == getattr(tails, name).tobytes()
