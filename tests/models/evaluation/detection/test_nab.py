"""NAB's scoring: its own examples, and how detectors with published scores come out."""

import math

import numpy as np
import pytest

from gridcast.models.evaluation.detection.nab import (
    PROFILES,
    Profile,
    Stream,
    detection_values,
    nab_score,
    probation,
    scaled_sigmoid,
    windows_of,
)

EVEN = Profile("even", 1.0, 1.0, 1.0)


def raw(stream: Stream, profile: Profile = EVEN) -> float:
    """The sum before it is brought to a scale of 0 to 100, without a time for learning."""
    value, window = detection_values(stream)
    hits = stream.scores >= 0.5
    total = profile.false_positive * value[hits & (window < 0)].sum()
    for number in range(len(stream.windows)):
        inside = value[hits & (window == number)]
        total += inside.max() * profile.true_positive if len(inside) else -profile.false_negative
    return float(total)


def stream(length: int, hits: list[int], *windows: tuple[int, int]) -> Stream:
    scores = np.zeros(length)
    scores[hits] = 1
    return Stream(scores, windows)


def test_the_example_with_all_counts_of_nabs_own_tests() -> None:
    # tests/integration/scorer_test.py, testScoringAllMetrics: 100 readings, two windows of five,
    # two hits in the first and one just behind it; published: -0.9540.
    first, second = (33, 37), (67, 71)
    assert raw(stream(100, [33, 34, 40], first, second)) == pytest.approx(-0.9540, abs=1e-4)


def test_nothing_labelled_and_nothing_said_is_nothing() -> None:
    assert raw(stream(10, [])) == 0.0


def test_a_missed_window_costs_its_weight_and_double_where_misses_are_dear() -> None:
    standard, _, low_misses = PROFILES
    missed = stream(100, [], (50, 59))
    assert raw(missed, standard) == -1.0
    assert raw(missed, low_misses) == -2.0


def test_a_false_alarm_far_from_any_window_costs_all_that_it_can() -> None:
    assert raw(stream(100, [0])) == -1.0
    assert raw(stream(100, [0, 7])) == -2.0
    assert raw(stream(100, [99], (10, 19))) == pytest.approx(-2.0)


def test_the_earlier_in_its_window_the_more_a_detection_is_worth() -> None:
    worths = [raw(stream(100, [i], (40, 59))) for i in range(40, 60)]
    assert worths == sorted(worths, reverse=True)
    assert worths[0] == pytest.approx(1.0)
    assert worths[-1] > 0


def test_just_behind_a_window_a_false_alarm_costs_little() -> None:
    window = (40, 49)
    costs = [raw(stream(200, [i], window)) + 1 for i in (50, 55, 60, 80)]
    assert costs == sorted(costs, reverse=True)
    assert costs[0] > -0.6
    assert costs[-1] == pytest.approx(-1.0)


@pytest.mark.parametrize(
    ("position", "worth_there"),
    [(-1.0, 2 / (1 + math.exp(-5)) - 1), (0.0, 0.0), (1.0, 2 / (1 + math.exp(5)) - 1), (3.01, -1)],
)
def test_the_sigmoid_is_that_of_the_paper(position: float, worth_there: float) -> None:
    assert scaled_sigmoid(position) == pytest.approx(worth_there)


def test_what_is_said_while_it_learns_does_not_count() -> None:
    begin = probation(1_000)
    assert begin == 150
    early = nab_score([stream(1_000, [begin - 1, 500], (500, 599))], PROFILES[0])
    assert early.score == pytest.approx(100)
    assert early.false_positives == 0


def test_a_detector_that_says_nothing_has_0_and_a_perfect_one_100_in_every_profile() -> None:
    windows = ((300, 399), (700, 799))
    for profile in PROFILES:
        assert nab_score([stream(1_000, [], *windows)], profile).score == 0.0
        perfect = nab_score([stream(1_000, [300, 700], *windows)], profile)
        assert perfect.score == pytest.approx(100)


def test_one_threshold_serves_all_streams_and_it_is_the_best() -> None:
    good = Stream(np.linspace(0, 1, 1_000), [(900, 999)])
    noisy = Stream(np.where(np.arange(1_000) % 2, 0.95, 0.0), [])
    found = nab_score([good, noisy], PROFILES[0])
    assert 0.95 < found.threshold <= 1.0
    assert found.false_positives == 0
    worse = nab_score([good, noisy], PROFILES[0], threshold=0.5)
    assert worse.score < found.score


def test_windows_are_read_from_a_column() -> None:
    assert windows_of(np.array([1, 1, 0, 0, 1, 0, 1])) == [(0, 1), (4, 4), (6, 6)]
