"""Ridge regression: linear in past loads, calendar and weather, one model per knot."""

from typing import Self

import numpy as np
import numpy.typing as npt

from gridcast.models.evaluation.baselines.baseline import Baseline, spread_of
from gridcast.models.evaluation.baselines.knots import between_knots
from gridcast.models.evaluation.baselines.ridge_features import RidgeFeatures
from gridcast.models.evaluation.baselines.view import SampleView
from gridcast.models.evaluation.samples import EvaluationSamples
from gridcast.models.features import FeatureSpec, Inputs
from gridcast.units import Floats

PENALTIES = (1.0, 10.0, 100.0, 1000.0)
"""L2 penalties that are tried on the validation."""
AT_ONCE = 4096
"""Samples per batch of features."""
Matrix = npt.NDArray[np.float64]


class Ridge(Baseline):
    """A linear forecast at each knot; its quantiles are those of its errors in training.

    Loads are relative to the window's mean size and errors are weighted by it, so that a kilowatt
    counts the same in every series.
    """

    _features: RidgeFeatures
    _weights: list[Floats]
    """One vector per knot."""
    _spread: Floats
    """[levels, knots], relative to the size."""

    def __init__(self, spec: FeatureSpec, levels: tuple[float, ...]) -> None:
        super().__init__(spec, levels)
        self._knots = spec.knots

    def fit(self, train: EvaluationSamples, validation: EvaluationSamples) -> Self:
        """Solve the normal equations; the validation chooses the penalty."""
        view, check = SampleView(self.spec, train.inputs), SampleView(self.spec, validation.inputs)
        self._features = RidgeFeatures(self.spec, view)
        common, common_check = self._features.common(view), self._features.common(check)
        weight = view.size / view.size.mean()
        common_moment = _product(common * weight, common * weight)
        off = np.empty((len(view), len(self._knots)), np.float32)
        self._weights = []
        for place, knot in enumerate(self._knots):
            own = self._features.of_knot(view, knot)
            wanted = train.truth[:, knot] / view.size[:, 0] - 1
            is_known = np.isfinite(wanted)
            left, right = common[is_known] * weight[is_known], own[is_known] * weight[is_known]
            first = common_moment if is_known.all() else _product(left, left)
            both = _product(left, right)
            moment = np.block([[first, both], [both.T, _product(right, right)]])
            target = wanted[is_known, None] * weight[is_known]
            drive = np.concatenate([_product(left, target), _product(right, target)])[:, 0]
            features = np.hstack([common_check, self._features.of_knot(check, knot)])
            weights = _solve(moment, drive, features, validation.truth[:, knot], check.size[:, 0])
            self._weights.append(weights)
            off[:, place] = wanted - np.hstack([common, own]) @ weights
        self._spread = spread_of(off, self.levels)
        return self

    def forecast(self, inputs: Inputs, /) -> Floats:
        """Return the linear forecast with the error quantiles around it."""
        whole = np.empty((len(inputs), len(self.levels), self.spec.horizon), np.float32)
        for first in range(0, len(inputs), AT_ONCE):
            part = slice(first, first + AT_ONCE)
            view = SampleView(self.spec, inputs.take(part))
            share = 1 + self.at_knots(view)[:, None, :] + self._spread
            whole[part] = between_knots(view, share * view.size[:, :, None])
        return whole

    def at_knots(self, view: SampleView) -> Floats:
        """Return the linear forecast at the knots, relative to the size, less 1: [n, knots]."""
        common = self._features.common(view)
        split = common.shape[1]
        forecasts = [
            common @ weights[:split] + self._features.of_knot(view, knot) @ weights[split:]
            for knot, weights in zip(self._knots, self._weights, strict=True)
        ]
        return np.stack(forecasts, axis=1)


def _solve(moment: Matrix, drive: Matrix, features: Floats, truth: Floats, size: Floats) -> Floats:
    """Return the weights with the penalty that is best on the validation."""
    is_known = np.isfinite(truth)
    features, truth, size = features[is_known], truth[is_known], size[is_known]
    best, least = np.zeros(len(drive), np.float32), np.inf
    for penalty in PENALTIES:
        weights = np.linalg.solve(moment + penalty * np.eye(len(drive)), drive).astype(np.float32)
        error = float(np.abs(truth - (1 + features @ weights) * size).sum())
        if error < least:
            best, least = weights, error
    return best


def _product(left: Floats, right: Floats) -> Matrix:
    return np.asarray(left.T @ right, np.float64)
