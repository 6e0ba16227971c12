"""Training batches of the members, drawn by step so that any step can be repeated."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gridcast.models.features import FeatureSpec, Inputs
from gridcast.models.training.networks.forecaster import ForecasterNetwork
from gridcast.models.training.networks.front import Scaled
from gridcast.models.training.networks.head import KnotForecast
from gridcast.models.training.networks.recurrent import Member
from gridcast.models.training.ridge import tensors
from gridcast.models.training.samples import TrainingBatch, TrainingSamples

AT_ONCE = 512
"""Batch size where all samples are iterated over."""


class Lesson(NamedTuple):
    """A batch of prepared inputs and targets for a member."""

    scaled: Scaled
    references: Tensor
    ahead: Tensor
    truth: Tensor
    """[n, knots], scaled; NaN where nothing was measured."""
    weight: Tensor

    def answer(self, member: Member) -> KnotForecast:
        """Return a member's forecast for this batch."""
        state = member.encode(self.scaled.hours)
        return member.decode(state, self.scaled.context, self.ahead)


class Lessons:
    """Batches of the training part, drawn without replacement, epoch after epoch.

    A step's batch depends on the seed, the member and the step only.
    """

    def __init__(
        self, samples: TrainingSamples, seed: int, batch: int, weather_dropout: float
    ) -> None:
        self._samples = samples
        self._seed = seed
        self._batch = batch
        self._weather_dropout = weather_dropout
        self._order = lru_cache(maxsize=2)(self._order_of)

    def draw(self, member: int, step: int) -> TrainingBatch:
        """Return the batch of a step."""
        size = len(self._samples)
        place = step * self._batch + np.arange(self._batch)
        number = np.empty(self._batch, np.intp)
        for epoch in np.unique(place // size).tolist():
            mine = place // size == epoch
            number[mine] = self._order(member, epoch)[place[mine] % size]
        batch = self._samples.batch(number)
        random = np.random.default_rng([self._seed, member, step, 1])
        inputs = without(batch.inputs, self._samples.builder.spec, self._weather_dropout, random)
        return TrainingBatch(inputs, batch.truth, batch.weight)

    def _order_of(self, member: int, epoch: int) -> npt.NDArray[np.intp]:
        random = np.random.default_rng([self._seed, member, epoch, 0])
        return random.permutation(len(self._samples))


def without(inputs: Inputs, spec: FeatureSpec, share: float, random: np.random.Generator) -> Inputs:
    """Remove all weather from a share of the samples, and the operator's forecast from another.

    The network thus learns to do without them. Partially missing weather is not changed.
    """
    calendar, ahead = len(spec.calendar), len(spec.weather_ahead)
    if share == 0 or not (spec.weather or ahead or spec.operator):
        return inputs
    past, future = inputs.past.copy(), inputs.future.copy()
    no_weather, no_ahead, no_operator = random.random((3, len(inputs))) < share
    past[no_weather, :, calendar:] = np.nan
    future[no_weather | no_ahead, :, calendar : calendar + ahead] = np.nan
    if spec.operator:
        future[no_operator, :, -1] = np.nan
    return Inputs(inputs.load, past, future, inputs.static)


@torch.no_grad()
def prepare(forecaster: ForecasterNetwork, batch: TrainingBatch, device: torch.device) -> Lesson:
    """Compute what is the same for all members."""
    load, past, future, static, truth, weight = tensors(batch, device)
    front = forecaster.front
    scaled = front(load, past, future, static, front.scale(load))
    references, ahead = forecaster.prepare(scaled)
    at_knots = front.normal(truth[:, forecaster.knots], scaled.scale)
    return Lesson(scaled, references, ahead, at_knots, weight)


def in_batches(samples: TrainingSamples, most: int) -> Iterator[TrainingBatch]:
    """Yield at most this many samples, evenly spread, batch by batch."""
    chosen = samples.thinned(most)
    for first in range(0, len(chosen), AT_ONCE):
        yield samples.batch(chosen[first : first + AT_ONCE])
