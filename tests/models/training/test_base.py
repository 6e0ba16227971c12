"""What lies under the network: scaling, lags, the linear base, calibration, lines between knots."""

from typing import Any

import numpy as np
import pytest
from support.contracts import LEVELS
from support.training import MANY, UNIVARIATE, fitting_of, trained

pytest.importorskip("torch", reason="needs gridcast[train]")

import torch

from gridcast.models.features import FeatureSpec
from gridcast.models.training.calibration import calibrate
from gridcast.models.training.networks import NETWORKS, ForecasterNetwork
from gridcast.models.training.networks.base import HARMONICS
from gridcast.models.training.networks.front import Front
from gridcast.models.training.ridge import fit_base, fit_front
from gridcast.models.training.samples import TrainingBatch

SPEC = FeatureSpec(lookback_hours=72, horizon_hours=30, step_minutes=30, recent=2)


def scaled(forecaster: ForecasterNetwork, batch: TrainingBatch) -> Any:
    parts = (batch.inputs.load, batch.inputs.past, batch.inputs.future, batch.inputs.static)
    load, past, future, static = (torch.from_numpy(part) for part in parts)
    return forecaster.front(load, past, future, static, forecaster.front.scale(load))


def test_lags_are_the_same_slot_of_earlier_days_the_newest_known_first() -> None:
    load = torch.arange(1.0, SPEC.slots + 1)[None]  # slot by slot: so a value says its place
    at = Front(SPEC).lag_slots
    back = SPEC.slots + torch.arange(SPEC.horizon)[:, None] - at
    assert (at < SPEC.slots).all()
    assert (at >= 0).all()
    assert load[:, at].shape == (1, SPEC.horizon, 3)
    assert (back[:48] == torch.tensor([48, 96, 144])).all()
    # From 24 h on yesterday's slot is not known yet: the day before it is.
    assert (back[48:] == torch.tensor([96, 96, 144])).all()


def test_series_of_any_size_are_scaled_alike() -> None:
    fitting = trained(MANY, "lstm")
    batch = fitting._train.batch(np.arange(0, len(fitting._train), 7))
    seen = scaled(fitting.forecaster, batch)
    assert float(seen.load.abs().max()) < 20
    early = seen.load[:, : -MANY.hour]  # the newest hour is scaled by those before it
    assert torch.allclose(early.mean(1), torch.zeros(len(batch)), atol=1e-4)
    assert float(seen.operator.nanmean().abs()) < 1


@torch.no_grad()
@pytest.mark.parametrize(("spec", "is_told"), [(UNIVARIATE, False), (MANY, True)])
def test_the_level_is_told_only_where_it_tells_series_of_different_sizes_apart(
    spec: FeatureSpec, is_told: bool
) -> None:
    """Else a grid that sells less every year would be drawn back to what it was."""
    fitting = trained(spec, "lstm")
    inputs = fitting._train.batch(np.arange(40)).inputs
    load, past, future, static = (
        torch.from_numpy(part) for part in (inputs.load, inputs.past, inputs.future, inputs.static)
    )
    if spec.operator:
        future = torch.cat([future[..., :-1], torch.full_like(future[..., -1:], torch.nan)], -1)
    less = fitting.forecaster(load / 1000, past, future, static)
    wanted = fitting.forecaster(load, past, future, static) / 1000
    assert torch.allclose(less, wanted, rtol=1e-3, atol=0) != is_told


def test_what_is_unknown_is_the_mean_and_says_so() -> None:
    fitting = trained(MANY, "lstm")
    front = fitting.forecaster.front
    past = torch.zeros(1, MANY.steps, len(MANY.past))
    calendar = len(MANY.calendar)
    past[..., calendar] = front.past_mean
    hourly = torch.zeros(1, MANY.steps)
    known = front.hours(hourly, past)
    past[..., calendar] = torch.nan
    unknown = front.hours(hourly, past)
    assert torch.allclose(known[..., :-1], unknown[..., :-1], atol=1e-6)
    assert (known[..., -1] == 0).all()
    assert (unknown[..., -1] == 1).all()


def test_a_window_of_nothing_is_forecast_as_nothing_much() -> None:
    forecaster = trained(UNIVARIATE, "lstm").forecaster
    batch = trained(UNIVARIATE, "lstm")._train.batch(np.arange(2))
    inputs = batch.inputs
    with torch.no_grad():
        found = forecaster(
            torch.zeros(2, UNIVARIATE.slots),
            torch.from_numpy(inputs.past),
            torch.from_numpy(inputs.future),
        )
    assert found.isfinite().all()
    assert float(found.abs().max()) < 0.01


@torch.no_grad()
def test_the_base_is_the_product_of_its_features_and_weights() -> None:
    fitting = trained(MANY, "lstm")
    base, seen = (
        fitting.forecaster.base,
        scaled(fitting.forecaster, fitting._train.batch(np.arange(20))),
    )
    shared, single = base.shared(seen), base.single(seen)
    course, kinds = base.course(seen), base.kinds(seen)
    assert course.shape[-1] == 1 + 2 * HARMONICS
    for slot in range(MANY.horizon):
        cross = torch.einsum("nj,nk,jk->n", course[:, slot], kinds[:, slot], base.cross[slot])
        wanted = shared @ base.common[slot] + single[:, slot] @ base.own[slot] + cross
        assert torch.allclose(base(seen)[:, slot], wanted, atol=1e-4)


@torch.no_grad()
def test_the_course_of_the_day_is_its_harmonics() -> None:
    fitting = trained(UNIVARIATE, "lstm")
    seen = scaled(fitting.forecaster, fitting._train.batch(np.arange(48)))
    sin, cos = (seen.future[..., fitting.forecaster.base._clock[at]] for at in range(2))
    turn = torch.atan2(sin, cos)
    course = fitting.forecaster.base.course(seen)
    for times in range(1, HARMONICS + 1):
        assert torch.allclose(course[..., 2 * times - 1], torch.cos(times * turn), atol=1e-4)
        assert torch.allclose(course[..., 2 * times], torch.sin(times * turn), atol=1e-4)


@torch.no_grad()
def test_the_base_finds_a_linear_law_and_what_is_not_measured_does_not_count() -> None:
    fitting = fitting_of(UNIVARIATE)
    forecaster, samples = fitting.forecaster, fitting._train
    batch = samples.batch(np.arange(len(samples)))
    scale = forecaster.front.scale(torch.from_numpy(batch.inputs.load)).numpy()
    law = 0.6 * batch.inputs.load[:, -24 : -24 + 5] + 0.4 * batch.inputs.load[:, -1:]
    law = law.astype(np.float32)
    law[::3, 2] = np.nan
    taught = TrainingBatch(batch.inputs, law, batch.weight)
    fit_front(forecaster, taught)
    fit_base(forecaster, [taught], [taught])
    said = forecaster.base(scaled(forecaster, batch)).numpy() * float(forecaster.front.spread)
    off = np.abs((said + 1) * scale - law) / scale
    assert np.nanmax(off) < 0.01
    assert float(forecaster.error.max()) < 0.05


def test_quantiles_hold_on_what_they_are_calibrated_on() -> None:
    forecaster = ForecasterNetwork(UNIVARIATE, LEVELS, NETWORKS["lstm"], hidden=4)
    random = torch.Generator().manual_seed(1)
    truth = torch.randn(4000, 5, generator=random)
    # Too narrow at each knot, and for half of the samples everything is ten times as large.
    fan = torch.tensor([-0.4, -0.2, 0.0, 0.2, 0.4]).expand(4000, 5, 5).clone()
    size = torch.where(torch.arange(4000) % 2 == 0, 1.0, 10.0)[:, None]
    calibrate(forecaster, fan * size[..., None], truth * size)
    moved = fan * size[..., None] + forecaster.shift * (0.8 * size)[..., None]
    below = (truth * size)[..., None] < moved
    for half in (slice(0, None, 2), slice(1, None, 2)):
        assert torch.allclose(below[half].float().mean((0, 1)), torch.tensor(LEVELS), atol=0.02)
    assert (forecaster.shift[:, 2] == 0).all()


def test_between_knots_corrections_lie_on_straight_lines() -> None:
    forecaster = ForecasterNetwork(SPEC, LEVELS, NETWORKS["gru"], hidden=4)
    knots = torch.tensor(SPEC.knots)
    line = 3.0 + 2.0 * knots.float()
    laid = line @ forecaster.between
    assert torch.allclose(laid, 3.0 + 2.0 * torch.arange(SPEC.horizon), atol=1e-4)
    assert (forecaster.between[:, knots] == torch.eye(len(knots))).all()
