"""The ridge baseline stands for a model: judging asks for no more than a forecaster."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gridcast.learning.training import smoothing
from gridcast.learning.training.config import Config
from gridcast.learning.training.dataset import read_sources
from gridcast.learning.training.judge import Judged, TrainingJudge
from gridcast.learning.training.prepare import Prepared, prepare
from gridcast.learning.training.results import MODEL
from gridcast.models.evaluation.forecaster import Forecaster
from gridcast.models.features import Inputs
from gridcast.stream.errors import UserError

Make = Callable[..., Any]
CONFIG = Config.model_validate(
    {
        "evaluation": {
            "baselines": ["persistence", "seasonal_naive_week", "ridge"],
            "levels": [0.05, 0.25, 0.5, 0.75, 0.95],
            "most_samples": 400,
        }
    }
)


class Halved:
    """Forecasts half of what another does: a poor model."""

    def __init__(self, other: Forecaster) -> None:
        self._other = other

    def forecast(self, inputs: Inputs, /) -> np.ndarray:
        return self._other.forecast(inputs) / 2


def _prepared(made: Any, config: Config = CONFIG) -> tuple[Prepared, TrainingJudge]:
    data = prepare(read_sources([made.file], [made.mapping]), config)
    return data, TrainingJudge(data.datasets[0], data.builder, config.evaluation)


def _judged(judge: TrainingJudge, *, poor: bool = False) -> Judged:
    baselines: dict[str, Forecaster] = {
        name: judge.fit_baseline(name, seed=1, threads=1) for name in CONFIG.evaluation.baselines
    }
    ridge = baselines["ridge"]
    model = Halved(ridge) if poor else ridge
    return judge.judge(model, ridge, baselines)


def test_all_are_judged_on_the_same_forecasts(make_history: Make) -> None:
    _, judge = _prepared(make_history(days=60, series=2))
    scores = _judged(judge).scores
    assert set(scores.test) == {MODEL, "persistence", "seasonal_naive_week", "ridge"}
    assert len({one["count"] for one in scores.test.values()}) == 1
    assert scores.test[MODEL] == scores.test["ridge"]
    assert scores.versus["ridge"].verdict == "no difference"
    assert scores.versus["persistence"].verdict == "better"
    assert scores.error == "mape"
    assert len(scores.leads_minutes) == len(scores.by_lead[MODEL]["mape"]) == 24
    assert set(scores.by) == {"hour", "weekday", "month"}
    assert [one.series for one in scores.by_series] == ["s-0", "s-1"]
    small_kw, large_kw = (one.size_kw for one in scores.by_series)
    assert small_kw is not None
    assert large_kw == pytest.approx(3 * small_kw, rel=0.05)


def test_an_honest_forecaster_is_reliable_and_flawless(make_history: Make) -> None:
    _, judge = _prepared(make_history(days=90))
    scores = _judged(judge).scores
    assert scores.reliability.after == scores.reliability.before
    np.testing.assert_allclose(scores.reliability.after, scores.levels, atol=0.12)
    assert scores.faults == ()


def test_a_poor_model_is_told_so(make_history: Make) -> None:
    _, judge = _prepared(make_history(days=60))
    scores = _judged(judge, poor=True).scores
    assert {one.fault for one in scores.faults} == {"underfitted", "beaten"}
    assert scores.versus["ridge"].verdict == "worse"


def test_the_best_day_is_better_than_the_worst(make_history: Make) -> None:
    _, judge = _prepared(make_history(days=60))
    judged = _judged(judge)
    assert judged.best is not None
    assert judged.worst is not None
    mape = judged.scores.test[MODEL]["mape"]
    assert mape is not None
    assert judged.best.error < mape < judged.worst.error
    assert judged.best.truth.shape == (24,)
    assert judged.best.quantiles.shape == (5, 24)


def test_too_little_to_judge_on_is_one_line(make_history: Make) -> None:
    config = Config.model_validate({"split": {"train": 0.1, "validation": 0.1}})
    _, judge = _prepared(make_history(days=60), config)
    with pytest.raises(UserError, match="too little was measured"):
        judge.fit_baseline("ridge", seed=1, threads=1)


def test_the_effect_of_lam_is_measured_off_fixed_and_chosen(make_history: Make) -> None:
    data, judge = _prepared(make_history(days=60))
    effect = smoothing.measure(CONFIG, data.datasets[0], data.spec, judge)
    assert [one.name.partition(" ")[0] for one in effect.found] == ["off", "1", "gcv"]
    errors = [one.scores["mae"] for one in effect.found]
    assert None not in errors
    assert len(set(errors)) == 3
    assert "ridge" in effect.proxy


def test_a_window_is_shown_raw_and_under_each_lam(make_history: Make) -> None:
    data, _ = _prepared(make_history(days=60))
    dataset = data.datasets[0]
    holed = dataset.archive.mark.copy()
    holed[-30:-25] = 0
    mean = np.where(holed == 0, np.float32(np.nan), dataset.archive.mean)
    archive = replace(dataset.archive, mark=holed, mean=mean)
    window = smoothing.window_of(CONFIG, replace(dataset, archive=archive), data.spec)
    assert window is not None
    assert window.filled.sum() == 5
    assert np.isnan(window.mean).sum() == 5
    off, *others = window.smoothed.values()
    np.testing.assert_array_equal(off[~window.filled], window.mean[~window.filled])
    for other in others:
        assert np.isfinite(other).all()
        assert not np.array_equal(other, off)
