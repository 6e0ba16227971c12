"""What all baselines share: a number for each slot ahead, and quantiles from their own errors."""

from abc import ABC, abstractmethod
from typing import Self

import numpy as np
import numpy.typing as npt

from gridcast.models.evaluation.baselines.view import SampleView
from gridcast.models.evaluation.samples import EvaluationSamples
from gridcast.models.features import FeatureSpec, Inputs
from gridcast.units import Floats


class Baseline(ABC):
    """A forecaster that needs no network.

    Parameters
    ----------
    spec
        What the inputs hold.
    levels
        Probabilities of the quantiles, rising, the median among them.
    """

    def __init__(self, spec: FeatureSpec, levels: tuple[float, ...]) -> None:
        self.spec, self.levels = spec, levels
        if 0.5 not in levels:
            raise ValueError("levels must include 0.5: the median is the forecast of one number")

    @abstractmethod
    def fit(self, train: EvaluationSamples, validation: EvaluationSamples) -> Self:
        """Learn from the first; the second only says when to stop and how much to hold back."""

    @abstractmethod
    def forecast(self, inputs: Inputs, /) -> Floats:
        """Give quantiles, kW: [n, levels, horizon], rising over the levels."""


class PointBaseline(Baseline):
    """A rule that gives one number; the quantiles around it are those of its errors in training.

    Errors are taken by slot ahead and in shares of the window's mean size, so that large and small
    series learn from each other. The number itself stays the median, as people know it.
    """

    _spread: Floats
    """[levels, horizon], in shares of the size."""

    @abstractmethod
    def point(self, view: SampleView) -> Floats:
        """Give one number for each slot ahead: [n, horizon], kW."""

    def fit(self, train: EvaluationSamples, validation: EvaluationSamples) -> Self:  # noqa: ARG002
        """Learn how wide the errors are."""
        view = SampleView(self.spec, train.inputs)
        off = (train.truth - self.point(view)) / view.size
        self._spread = spread_of(off, self.levels)
        return self

    def forecast(self, inputs: Inputs, /) -> Floats:
        """Give the number, and its errors around it."""
        view = SampleView(self.spec, inputs)
        around = self._spread * view.size[:, :, None]
        return np.asarray(self.point(view)[:, None, :] + around, np.float32)


def spread_of(off: npt.NDArray[np.floating], levels: tuple[float, ...]) -> Floats:
    """Give the quantiles of each column of errors, [levels, columns], 0 between them.

    A forecaster that leans to one side keeps its median: all that was missed is on one side of it.
    """
    found = np.zeros((len(levels), off.shape[1]), np.float32)
    for column in range(off.shape[1]):
        known = off[:, column][np.isfinite(off[:, column])]
        if len(known):
            found[:, column] = np.quantile(known, levels)
    side = np.sign(np.array(levels) - 0.5)[:, None]
    return np.asarray(np.where(found * side > 0, found, 0), np.float32)
