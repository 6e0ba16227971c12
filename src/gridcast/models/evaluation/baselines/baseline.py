"""Base classes of the baselines: point forecasts with empirical error quantiles."""

from abc import ABC, abstractmethod
from typing import Self

import numpy as np
import numpy.typing as npt

from gridcast.models.evaluation.baselines.view import SampleView
from gridcast.models.evaluation.samples import EvaluationSamples
from gridcast.models.features import FeatureSpec, Inputs
from gridcast.units import Floats


class Baseline(ABC):
    """A forecaster without a network.

    Parameters
    ----------
    spec
        Layout of the inputs.
    levels
        Probabilities of the quantiles, rising, with the median among them.
    """

    def __init__(self, spec: FeatureSpec, levels: tuple[float, ...]) -> None:
        self.spec, self.levels = spec, levels
        if 0.5 not in levels:
            raise ValueError("levels must include 0.5: the median is the forecast of one number")

    @abstractmethod
    def fit(self, train: EvaluationSamples, validation: EvaluationSamples) -> Self:
        """Fit to `train`; `validation` is for early stopping and to choose the regularisation."""

    @abstractmethod
    def forecast(self, inputs: Inputs, /) -> Floats:
        """Return quantiles, kW: [n, levels, horizon], rising over the levels."""


class PointBaseline(Baseline):
    """A point forecast; the quantiles around it are those of its errors in training.

    Errors are taken by slot ahead and relative to the window's mean size, so that large and small
    series learn from each other. The point forecast itself is the median.
    """

    _spread: Floats
    """[levels, horizon], relative to the size."""

    @abstractmethod
    def point(self, view: SampleView) -> Floats:
        """Return the point forecast of each slot ahead: [n, horizon], kW."""

    def fit(self, train: EvaluationSamples, validation: EvaluationSamples) -> Self:  # noqa: ARG002
        """Learn the quantiles of the errors."""
        view = SampleView(self.spec, train.inputs)
        off = (train.truth - self.point(view)) / view.size
        self._spread = spread_of(off, self.levels)
        return self

    def forecast(self, inputs: Inputs, /) -> Floats:
        """Return the point forecast with the error quantiles around it."""
        view = SampleView(self.spec, inputs)
        around = self._spread * view.size[:, :, None]
        return np.asarray(self.point(view)[:, None, :] + around, np.float32)


def spread_of(off: npt.NDArray[np.floating], levels: tuple[float, ...]) -> Floats:
    """Return the quantiles of each column of errors, [levels, columns], with 0 at the median.

    A biased forecaster keeps its median, so all of its errors may lie on one side.
    """
    spread = np.zeros((len(levels), off.shape[1]), np.float32)
    for column in range(off.shape[1]):
        finite = off[:, column][np.isfinite(off[:, column])]
        if len(finite):
            spread[:, column] = np.quantile(finite, levels)
    side = np.sign(np.array(levels) - 0.5)[:, None]
    return np.asarray(np.where(spread * side > 0, spread, 0), np.float32)
