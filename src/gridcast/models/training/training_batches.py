"""What members learn from, ready for them: drawn by step, so that any step can be drawn again."""

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
"""Samples built at once where all of them are gone through."""


class Lesson(NamedTuple):
    """Samples as members see them, and what they should have said."""

    scaled: Scaled
    references: Tensor
    ahead: Tensor
    truth: Tensor
    """[n, knots], scaled; not a number where nothing was measured."""
    weight: Tensor

    def answer(self, member: Member) -> KnotForecast:
        """Ask a member."""
        state = member.encode(self.scaled.hours)
        return member.decode(state, self.scaled.context, self.ahead)


class Lessons:
    """The training part, drawn without putting back until all of it was seen, and then again.

    What a step draws follows from the seed, the member and the step alone.
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
        """Draw the samples of a step."""
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
    """Take all weather from a share of the samples, and from another the operator's forecast.

    So a network learns to do without them. What is told of a part of the hours only stays.
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
    """Do what is the same for all members."""
    load, past, future, static, truth, weight = tensors(batch, device)
    front = forecaster.front
    scaled = front(load, past, future, static, front.scale(load))
    references, ahead = forecaster.prepare(scaled)
    at_knots = front.normal(truth[:, forecaster.knots], scaled.scale)
    return Lesson(scaled, references, ahead, at_knots, weight)


def in_batches(samples: TrainingSamples, most: int) -> Iterator[TrainingBatch]:
    """Build samples spread evenly, so many at most, a batch at a time."""
    chosen = samples.thinned(most)
    for first in range(0, len(chosen), AT_ONCE):
        yield samples.batch(chosen[first : first + AT_ONCE])
