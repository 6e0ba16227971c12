"""The baseline forecasters: quantiles, learning, and repeatability."""

from typing import Any

import numpy as np
import pytest

from gridcast.models.archive import Archive
from gridcast.models.evaluation.baselines import (
    BASELINES,
    Baseline,
    MovingAverage,
    Persistence,
    Ridge,
    SeasonalNaiveDay,
    SeasonalNaiveWeek,
)
from gridcast.models.evaluation.baselines.knots import between_knots
from gridcast.models.evaluation.baselines.view import SampleView
from gridcast.models.evaluation.samples import EvaluationSamples, pairs_of, samples_of, verify
from gridcast.models.evaluation.score import score
from gridcast.models.evaluation.splits import TimeSplit, hold_out
from gridcast.models.evaluation.verified_forecasts import Scales
from gridcast.models.features import FeatureBuilder, FeatureSpec, Inputs

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
RULES = ("persistence", "seasonal_naive_day", "seasonal_naive_week", "moving_average", "ridge")

NO_PAIRS: Any = None
"""These fits and forecasts never look at the pairs."""
Lessons = tuple[EvaluationSamples, EvaluationSamples]


@pytest.fixture(scope="module")
def split(archive: Archive) -> TimeSplit:
    return hold_out(len(archive))


@pytest.fixture(scope="module")
def lessons(archive: Archive, builder: FeatureBuilder, split: TimeSplit) -> Lessons:
    train, validation = (
        samples_of(archive, builder, pairs_of(archive, builder, part))
        for part in (split.train, split.validation)
    )
    return train, validation


@pytest.fixture(scope="module")
def fitted(builder: FeatureBuilder, lessons: Lessons) -> dict[str, Baseline]:
    return {name: BASELINES[name](builder.spec, LEVELS).fit(*lessons) for name in RULES}


def inputs_of(load: np.ndarray, spec: FeatureSpec) -> Inputs:
    """Give inputs of a load alone, at noon of a Monday."""
    n = len(load)
    return Inputs(
        load=load.astype(np.float32),
        past=np.zeros((n, spec.steps, len(spec.past)), np.float32),
        future=np.zeros((n, spec.horizon, len(spec.future)), np.float32),
        static=np.zeros((n, 0), np.float32),
    )


def medians(make: type, load: np.ndarray, spec: FeatureSpec) -> np.ndarray:
    inputs = inputs_of(load, spec)
    nothing = EvaluationSamples(
        NO_PAIRS, inputs, np.full((len(load), spec.horizon), np.nan, np.float32)
    )
    quantiles = make(spec, LEVELS).fit(nothing, nothing).forecast(inputs)
    median: np.ndarray = quantiles[:, LEVELS.index(0.5)]
    return median


def test_each_rule_says_what_its_name_says() -> None:
    spec = FeatureSpec(horizon_hours=30)
    load = np.arange(168.0)[None]
    ahead = np.arange(30)
    assert (medians(Persistence, load, spec) == 167).all()
    assert medians(SeasonalNaiveWeek, load, spec)[0].tolist() == ahead.tolist()
    yesterday = np.where(ahead < 24, 144 + ahead, 120 + ahead)  # of hour 24 on, the newest known
    assert medians(SeasonalNaiveDay, load, spec)[0].tolist() == yesterday.tolist()
    mean = np.mean([[(144 + a % 24) - 24 * d for d in range(7)] for a in ahead], axis=1)
    assert medians(MovingAverage, load, spec)[0, :24] == pytest.approx(mean[:24])


@pytest.mark.parametrize("name", RULES)
def test_quantiles_rise_and_hold_the_share_they_say(
    name: str,
    archive: Archive,
    builder: FeatureBuilder,
    split: TimeSplit,
    fitted: dict[str, Baseline],
) -> None:
    baseline = fitted[name]
    pairs = pairs_of(archive, builder, split.test)
    found = verify({name: baseline}, LEVELS, archive, builder, pairs)[name]
    assert (np.diff(found.quantiles, axis=2) >= 0).all()
    scores = score(found, Scales.of(archive.mean[: split.train.end], 24))
    coverage = scores["coverage_90"]
    assert coverage is not None
    assert 78 < coverage < 97


def test_ridge_beats_every_rule_of_thumb_at_every_lead(
    archive: Archive, builder: FeatureBuilder, split: TimeSplit, fitted: dict[str, Baseline]
) -> None:
    pairs = pairs_of(archive, builder, split.test)
    found = verify(fitted, LEVELS, archive, builder, pairs)
    error = {
        name: np.nanmean(np.abs(one.truth - one.median) / one.truth, axis=0)
        for name, one in found.items()
    }
    for name in RULES[:-1]:
        assert (error["ridge"] < error[name]).all(), name


@pytest.mark.parametrize("name", RULES)
def test_nothing_but_the_unit_changes_with_the_unit(
    name: str, fitted: dict[str, Baseline], lessons: Lessons
) -> None:
    baseline = fitted[name]
    inputs = lessons[1].inputs.take(slice(0, 50))
    larger = Inputs(inputs.load * 8, inputs.past, inputs.future, inputs.static)
    assert baseline.forecast(larger) == pytest.approx(baseline.forecast(inputs) * 8, rel=1e-4)


@pytest.mark.parametrize("name", RULES)
def test_a_sample_is_answered_alike_in_whatever_company(
    name: str, fitted: dict[str, Baseline], lessons: Lessons
) -> None:
    baseline = fitted[name]
    inputs = lessons[1].inputs
    alone = baseline.forecast(inputs.take(slice(7, 8)))
    assert baseline.forecast(inputs)[7:8] == pytest.approx(alone, rel=1e-4)


def test_a_load_of_nothing_is_forecast_as_nothing() -> None:
    spec = FeatureSpec()
    assert medians(SeasonalNaiveDay, np.zeros((1, 168)), spec)[0].tolist() == [0.0] * 24


def test_between_knots_the_shape_is_that_of_the_days_before() -> None:
    spec = FeatureSpec(step_minutes=10, lookback_hours=168)
    rng = np.random.default_rng(0)
    view = SampleView(spec, inputs_of(np.tile(rng.random(144), 7)[None], spec))
    knots = np.array(spec.knots)
    days_before = view.inputs.load[:, :144]
    at_knots = np.repeat(days_before[:, None, knots] + 1.0, 3, axis=1)
    whole = between_knots(view, at_knots)
    assert whole[0, 1] == pytest.approx(days_before[0] + 1.0, abs=1e-5)
    assert np.array_equal(whole[:, :, knots], at_knots)


def test_ridge_learns_what_weather_the_operator_and_holidays_tell() -> None:
    rng = np.random.default_rng(3)
    spec = FeatureSpec(
        weather=("temperature_c",), weather_ahead=("temperature_c",), operator=True, horizon_hours=3
    )
    n = 800
    load = 50 + rng.random((n, spec.slots))
    future = np.zeros((n, 3, len(spec.future)), np.float32)
    past = np.zeros((n, spec.steps, len(spec.past)), np.float32)
    degrees = rng.normal(15, 5, (n, 3))
    future[:, :, spec.future.index("temperature_c_ahead")] = degrees
    future[:, :, -1] = 50 + rng.normal(0, 5, (n, 3))
    truth = 50 + 0.3 * (degrees - 15) + (future[:, :, -1] - 50)
    unknown = rng.random(n) < 0.1
    future[unknown, :, -2:] = np.nan
    truth[unknown] = np.nan
    inputs = Inputs(load.astype(np.float32), past, future, np.zeros((n, 0), np.float32))
    both = EvaluationSamples(NO_PAIRS, inputs, truth.astype(np.float32))
    answer = Ridge(spec, LEVELS).fit(both, both).forecast(inputs)
    assert np.isfinite(answer).all()
    assert np.nanmean(np.abs(answer[:, 2] - truth)) < 0.5


def test_lightgbm_improves_on_ridge_and_repeats_itself(
    archive: Archive,
    builder: FeatureBuilder,
    split: TimeSplit,
    lessons: Lessons,
    fitted: dict[str, Baseline],
) -> None:
    pytest.importorskip("lightgbm", reason="needs gridcast[train]")
    settings = {"rows": 5_000, "rounds": 20, "leaves": 7}
    make = BASELINES["lightgbm"]
    first, second = (make(builder.spec, LEVELS, **settings).fit(*lessons) for _ in range(2))
    pairs = pairs_of(archive, builder, split.test).thinned(200)
    found = verify({"trees": first, "ridge": fitted["ridge"]}, LEVELS, archive, builder, pairs)
    assert (np.diff(found["trees"].quantiles, axis=2) >= 0).all()
    inputs = lessons[1].inputs.take(slice(0, 20))
    assert np.array_equal(first.forecast(inputs), second.forecast(inputs))
    scales = Scales.of(archive.mean[: split.train.end], 24)
    missed: dict[str, Any] = {name: score(one, scales)["pinball"] for name, one in found.items()}
    assert missed["trees"] < 1.05 * missed["ridge"]


def test_levels_without_a_median_are_refused() -> None:
    with pytest.raises(ValueError, match=r"0\.5"):
        Persistence(FeatureSpec(), (0.1, 0.9))
