"""LightGBM: gradient-boosted trees per quantile, fitted to the errors of the ridge regression."""

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from gridcast.models.evaluation.baselines.baseline import Baseline
from gridcast.models.evaluation.baselines.knots import between_knots
from gridcast.models.evaluation.baselines.ridge import Ridge
from gridcast.models.evaluation.baselines.view import SampleView
from gridcast.models.evaluation.samples import EvaluationSamples
from gridcast.models.features import FeatureSpec, Inputs
from gridcast.units import Floats

AT_ONCE = 2048
"""Samples per batch of features."""


class LightGbm(Baseline):
    """Gradient-boosted trees, one model per level, with the lead as a feature.

    They see what the network sees: lags, hourly means, the newest slots, calendar, weather before
    and after the origin, and the operator's forecast. They also see the ridge forecast. They learn
    its errors, scaled by the mean error at each knot.

    Parameters
    ----------
    spec, levels
        As for any baseline.
    rows
        Number of (sample, knot) pairs to learn from, drawn at random.
    rounds
        Maximum number of trees per level; early stopping uses the validation.
    """

    _models: list[Any]
    _missed: Floats
    """[knots]: mean error of the ridge, relative to the size."""

    def __init__(
        self,
        spec: FeatureSpec,
        levels: tuple[float, ...],
        *,
        rows: int = 150_000,
        rounds: int = 600,
        learning_rate: float = 0.1,
        leaves: int = 31,
        threads: int = 1,
        seed: int = 0,
    ) -> None:
        super().__init__(spec, levels)
        self._knots = np.array(spec.knots)
        self._rows, self._rounds, self._seed = rows, rounds, seed
        self._ridge = Ridge(spec, levels)
        self._settings = {
            "objective": "quantile",
            "learning_rate": learning_rate,
            "num_leaves": leaves,
            "min_data_in_leaf": 100,
            "feature_fraction": 0.6,
            "bagging_fraction": 0.7,
            "bagging_freq": 1,
            "lambda_l2": 1.0,
            "max_bin": 127,
            "num_threads": threads,
            "seed": seed,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }

    def fit(self, train: EvaluationSamples, validation: EvaluationSamples) -> Self:
        """Fit the ridge, then the trees to its errors."""
        import lightgbm  # noqa: PLC0415 - only the extra `train` has it

        self._ridge.fit(train, validation)
        rng = np.random.default_rng(self._seed)
        self._missed = np.ones(len(self._knots), np.float32)
        size = self._weight(train)
        learned = self._rows_of(train, self._rows, rng, size, measure=True)
        checked = self._rows_of(validation, self._rows // 5, rng, size)
        data = lightgbm.Dataset(learned[0], learned[1], weight=learned[2], free_raw_data=False)
        check = lightgbm.Dataset(checked[0], checked[1], weight=checked[2], reference=data)
        self._models = [
            lightgbm.train(
                {**self._settings, "alpha": level},
                data,
                self._rounds,
                valid_sets=[check],
                callbacks=[lightgbm.early_stopping(30, verbose=False)],
            )
            for level in self.levels
        ]
        return self

    def forecast(self, inputs: Inputs, /) -> Floats:
        """Return the ridge forecast corrected by the trees."""
        whole = np.empty((len(inputs), len(self.levels), self.spec.horizon), np.float32)
        for first in range(0, len(inputs), AT_ONCE):
            part = slice(first, first + AT_ONCE)
            view = SampleView(self.spec, inputs.take(part))
            linear = self._ridge.at_knots(view)
            features = self._features(view, linear).reshape(len(view) * len(self._knots), -1)
            off = [
                np.asarray(model.predict(features)).reshape(linear.shape) for model in self._models
            ]
            missed = np.sort(np.stack(off, axis=1), axis=1) * self._missed
            at_knots = (1 + linear[:, None, :] + missed) * view.size[:, :, None]
            whole[part] = between_knots(view, at_knots.astype(np.float32))
        return whole

    def _weight(self, train: EvaluationSamples) -> float:
        return float(SampleView(self.spec, train.inputs).size.mean())

    def _rows_of(
        self,
        samples: EvaluationSamples,
        most: int,
        rng: np.random.Generator,
        size: float,
        *,
        measure: bool = False,
    ) -> tuple[Floats, Floats, Floats]:
        """Draw pairs of a sample and a knot; return their features, targets and weights."""
        knots = len(self._knots)
        share = min(1.0, most / max(len(samples) * knots, 1))
        features: list[Floats] = []
        targets: list[Floats] = []
        weight: list[Floats] = []
        place: list[npt.NDArray[np.intp]] = []
        for first in range(0, len(samples), AT_ONCE):
            part = slice(first, first + AT_ONCE)
            view = SampleView(self.spec, samples.inputs.take(part))
            linear = self._ridge.at_knots(view)
            off = samples.truth[part][:, self._knots] / view.size - 1 - linear
            drawn = np.isfinite(off) & (rng.random(off.shape) < share)
            features.append(self._features(view, linear)[drawn])
            targets.append(off[drawn])
            weight.append(np.broadcast_to(view.size / size, off.shape)[drawn])
            place.append(np.nonzero(drawn)[1])
        error, at = np.concatenate(targets), np.concatenate(place)
        if measure:
            count = np.bincount(at, minlength=knots)
            total = np.bincount(at, np.abs(error), minlength=knots)
            self._missed = np.maximum(total / np.maximum(count, 1), 1e-6).astype(np.float32)
        # The weight undoes the scaling, so an error at a hard knot counts as much as any other.
        counts: Floats = np.concatenate(weight) * self._missed[at]
        scaled: Floats = error / self._missed[at]
        return np.concatenate(features), scaled, counts

    def _features(self, view: SampleView, linear: Floats) -> Floats:
        """Return all features: [n, knots, features]."""
        spec, knots, size = self.spec, self._knots, view.size
        near = view.near(knots)
        lags = [view.lag(knots, near + days) / size - 1 for days in range(7)]
        week = [
            view.lag(np.maximum(knots + off, 0), 7) / size - 1 for off in (-spec.hour, spec.hour)
        ]
        own = view.inputs.future[:, knots].copy()
        if spec.operator:
            own[..., -1] = own[..., -1] / size - 1 - linear
        of_knot = [*lags, *week, np.mean(lags, axis=0) - linear, linear]
        origin = self._of_origin(view)
        shape = (len(view), len(knots), origin.shape[1])
        lead = np.broadcast_to(((knots + 1) / spec.hour)[None, :, None], (*shape[:2], 1))
        parts = [lead, own, *(feature[..., None] for feature in of_knot)]
        parts.append(np.broadcast_to(origin[:, None], shape))
        return np.concatenate(parts, axis=2, dtype=np.float32)

    def _of_origin(self, view: SampleView) -> Floats:
        """Return the features that are the same for all knots: [n, features]."""
        size, hourly = view.size, view.hourly / view.size - 1
        parts = [
            np.log(size),
            hourly[:, -24:],
            hourly[:, [-48, -72, -96, -120, -144, -168 % hourly.shape[1]]],
            view.inputs.load[:, -max(self.spec.recent, 1) :] / size - 1,
            np.stack([hourly[:, -24:].mean(1), hourly[:, -48:-24].mean(1), hourly.std(1)], axis=1),
            view.inputs.static,
        ]
        if self.spec.weather:
            before = [view.weather_before(hours) for hours in (0, 3, 6, 12, 24)]
            day = view.inputs.past[:, -24:, len(self.spec.calendar) :]
            is_known = np.isfinite(day)
            count = is_known.sum(axis=1)
            total = np.where(is_known, day, 0).sum(axis=1)
            nothing = np.full(total.shape, np.nan, np.float32)
            parts += [*before, np.divide(total, count, out=nothing, where=count > 0)]
        return np.concatenate(parts, axis=1)
