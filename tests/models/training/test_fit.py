"""Training: the same whenever it is done, interrupted or not."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.contracts import LEVELS
from support.training import MANY, UNIVARIATE, archive_for, fitting_of, samples_of

torch = pytest.importorskip("torch", reason="needs gridcast[train]")

from gridcast.models.archive import Archive  # noqa: E402
from gridcast.models.features import FeatureSpec  # noqa: E402
from gridcast.models.training.checkpoint import from_bytes, to_bytes  # noqa: E402
from gridcast.models.training.fit import Fitting, device_of  # noqa: E402
from gridcast.models.training.learner import Learner  # noqa: E402
from gridcast.models.training.settings import Design, TrainingSettings  # noqa: E402
from gridcast.models.training.training_batches import Lessons, prepare, without  # noqa: E402


def weights(fitting: Fitting) -> dict[str, bytes]:
    state = fitting.forecaster.state_dict()
    return {name: value.numpy().tobytes() for name, value in state.items()}


def finish(fitting: Fitting) -> dict[str, bytes]:
    for _ in fitting.run():
        pass
    assert fitting.is_done
    return weights(fitting)


@pytest.mark.parametrize("spec", [UNIVARIATE, MANY], ids=["univariate", "covariates"])
def test_the_same_seed_gives_the_same_weights(spec: FeatureSpec) -> None:
    first = finish(fitting_of(spec))
    np.random.seed(9)  # noqa: NPY002 - nothing of what others draw matters
    torch.manual_seed(9)
    assert finish(fitting_of(spec)) == first
    assert finish(fitting_of(spec, seed=2)) != first


@pytest.mark.parametrize("stop", [1, 4, 6, 9])  # between looks, at one, between members
def test_a_training_that_was_interrupted_ends_with_the_same_weights(stop: int) -> None:
    whole = finish(fitting_of(MANY, "attention-lstm", members=2))
    first = fitting_of(MANY, "attention-lstm", members=2)
    for progress in first.run():
        if progress.stage == "member" and progress.step == stop:
            break
    kept = from_bytes(to_bytes(first.state()))
    second = fitting_of(MANY, "attention-lstm", members=2)
    second.resume(kept)
    assert finish(second) == whole
    assert len(second.best) == 2


def test_one_interrupted_before_it_began_or_after_it_ended_goes_on_too() -> None:
    whole = finish(fitting_of(UNIVARIATE))
    fresh = fitting_of(UNIVARIATE)
    fresh.resume(fitting_of(UNIVARIATE).state())
    assert finish(fresh) == whole
    done = fitting_of(UNIVARIATE)
    done.resume(fresh.state())
    assert list(done.run()) == []
    assert weights(done) == whole


def test_what_happened_is_told_step_by_step() -> None:
    told = list(fitting_of(UNIVARIATE, members=2).run())
    assert [one.stage for one in told] == ["base", *["member"] * 12, "calibration"]
    assert [one.step for one in told] == [0, *range(1, 13), 12]
    assert {one.steps for one in told} == {12}
    looked = [one.step for one in told if one.validation is not None]
    assert looked == [3, 6, 9, 12]


def test_learning_stops_when_it_no_longer_pays_and_the_best_weights_are_taken() -> None:
    # So steep a way down that the validation soon gets worse.
    fitting = fitting_of(UNIVARIATE, steps=200, check_every=2, patience=3, learning_rate=5.0, ema=0)
    told = [one for one in fitting.run() if one.stage == "member"]
    assert told[-1].step < 200
    looks = {one.step: one.validation for one in told if one.validation is not None}
    (best,) = fitting.best
    assert best == (min(looks, key=lambda step: looks[step]), min(looks.values()))
    assert told[-1].step == best[0] + 2 * 3


def test_without_patience_the_validation_part_chooses_nothing() -> None:
    steep: dict[str, Any] = {"learning_rate": 5.0, "schedule": "constant", "ema": 0}
    fitting = fitting_of(UNIVARIATE, steps=18, check_every=2, patience=0, **steep)
    looks = {one.step: one.validation for one in fitting.run() if one.validation is not None}
    assert fitting.best == [(18, looks[18])]
    assert min(looks.values()) < looks[18]


def test_a_member_can_learn_a_few_samples_by_heart() -> None:
    fitting = fitting_of(MANY, steps=1)
    finish(fitting)
    settings = TrainingSettings(
        steps=150, learning_rate=1e-2, schedule="constant", weight_decay=0.0
    )
    learner = Learner(fitting.forecaster, 0, settings)
    lesson = prepare(fitting.forecaster, fitting._train.batch(np.arange(8)), torch.device("cpu"))
    losses = [learner.learn(lesson) for _ in range(150)]
    assert np.mean(losses[-10:]) < 0.5 * np.mean(losses[:10])


def test_without_anything_to_learn_from_it_says_so() -> None:
    train, validation = samples_of(UNIVARIATE, archive_for(UNIVARIATE))
    archive = archive_for(UNIVARIATE)
    short = Archive.of(archive.start_ms, 60, archive.series, archive.mean[:60])
    nothing, _ = samples_of(UNIVARIATE, short)
    for parts, word in (((nothing, validation), "training"), ((train, nothing), "validation")):
        with pytest.raises(ValueError, match=f"the {word} part has no origin"):
            Fitting(
                UNIVARIATE,
                LEVELS,
                Design(),
                TrainingSettings(),
                train=parts[0],
                validation=parts[1],
            )


def test_each_sample_is_drawn_once_before_any_is_drawn_again() -> None:
    train, _ = samples_of(UNIVARIATE, archive_for(UNIVARIATE))
    lessons = Lessons(train, seed=1, batch=50, weather_dropout=0.0)
    steps = len(train) // 50
    drawn = np.concatenate([lessons.draw(0, step).truth[:, 0] for step in range(steps)])
    assert len(np.unique(drawn)) == len(drawn)
    assert (lessons.draw(0, 3).truth == lessons.draw(0, 3).truth).all()
    assert (lessons.draw(0, 3).truth != lessons.draw(1, 3).truth).any()


def test_weather_and_operator_are_taken_away_from_a_share_of_the_samples() -> None:
    train, _ = samples_of(MANY, archive_for(MANY))
    inputs = train.batch(np.arange(400)).inputs
    calendar = len(MANY.calendar)
    inputs.past[:, :, calendar:] = 1.0
    inputs.future[:, :, calendar:] = 1.0
    shown = without(inputs, MANY, 0.25, np.random.default_rng(1))
    gone = np.isnan(shown.past[:, :, calendar:])
    assert (gone.all(axis=(1, 2)) | ~gone.any(axis=(1, 2))).all()
    assert 0.15 < gone.mean() < 0.35
    assert 0.15 < np.isnan(shown.future[..., -1]).mean() < 0.35
    # Who has no weather of the past has no forecast of it either.
    assert np.isnan(shown.future[gone.all(axis=(1, 2)), :, calendar]).all()
    assert np.isfinite(shown.past[:, :, :calendar]).all()
    assert np.isfinite(inputs.past).all()


def test_calibration_can_be_left_out() -> None:
    plain, moved = fitting_of(UNIVARIATE, calibrate=False), fitting_of(UNIVARIATE)
    finish(plain)
    finish(moved)
    assert not plain.forecaster.shift.any()
    assert moved.forecaster.shift.any()
    assert replace(moved.settings, calibrate=False) == plain.settings


def test_a_gpu_that_is_not_there_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_of("auto").type == "cpu"
    with pytest.raises(ValueError, match="no GPU"):
        device_of("cuda")
