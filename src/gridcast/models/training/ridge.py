"""Fit the base: ridge regression of every slot ahead, in closed form."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from gridcast.models.training.networks.forecaster import ForecasterNetwork
from gridcast.models.training.networks.front import Scaled
from gridcast.models.training.samples import TrainingBatch

HOLDS = (1.0, 10.0, 100.0, 1000.0)
"""Ridge penalties that are tried on the validation part."""
USUAL = 1.25
"""Ratio of standard deviation to mean absolute error of a normal distribution."""


@dataclass(frozen=True, slots=True)
class _Design:
    """Design matrix and targets of some samples; unknown and unweighted values are 0."""

    shared: Tensor
    """[n, …]; all are double precision."""
    own: Tensor
    """[horizon, n, …]"""
    target: Tensor
    """[horizon, n]"""
    counts: Tensor
    """[horizon, n]"""

    def of(self, slot: int) -> tuple[Tensor, Tensor]:
        """Return a slot's features and target, weighted by sample."""
        counts = self.counts[slot, :, None]
        both = torch.cat([self.shared, self.own[slot]], 1)
        return both * counts, self.target[slot, :, None] * counts


def fit_front(forecaster: ForecasterNetwork, batch: TrainingBatch) -> None:
    """Fit the scaling on samples of the training part."""
    load, past, future, static, truth, weight = tensors(batch)
    forecaster.front.fit(load, past, future, static, truth=truth, weight=weight)


def tensors(batch: TrainingBatch, device: torch.device | str = "cpu") -> tuple[Tensor, ...]:
    """Return load, past, future, static, truth and weight as tensors."""
    inputs = batch.inputs
    arrays = (inputs.load, inputs.past, inputs.future, inputs.static, batch.truth, batch.weight)
    return tuple(torch.from_numpy(array).to(device) for array in arrays)


@torch.no_grad()
def fit_base(
    forecaster: ForecasterNetwork,
    train: Iterable[TrainingBatch],
    validation: Iterable[TrainingBatch],
) -> None:
    """Solve the normal equations of all slots, in double precision.

    The moments are summed over batches, so that the features are never all in memory. Each slot
    takes the ridge penalty with the lowest validation error. The base's usual errors at the knots
    become the unit of the members' outputs.
    """
    moments, drives = _normal_equations(forecaster, train)
    holds = torch.tensor(HOLDS, dtype=torch.float64)
    unit = torch.eye(moments.shape[1], dtype=torch.float64)
    weights = torch.stack(  # [horizon, features, holds]
        [
            torch.cat([torch.linalg.solve(moment + hold * unit, drive) for hold in holds], 1)
            for moment, drive in zip(moments, drives, strict=True)
        ]
    )
    missed = torch.zeros(len(weights), len(HOLDS), dtype=torch.float64)
    counted = torch.zeros(len(weights), dtype=torch.float64)
    for design in _designs(forecaster, validation):
        for slot in range(len(weights)):
            features, target = design.of(slot)
            missed[slot] += (features @ weights[slot] - target).abs().sum(0)
        counted += design.counts.sum(1)
    best = missed.argmin(1)
    chosen = weights[torch.arange(len(weights)), :, best].float()
    base = forecaster.base
    shared, own = base.common.shape[1], base.own.shape[1]
    base.common.copy_(chosen[:, :shared])
    base.own.copy_(chosen[:, shared : shared + own])
    base.cross.copy_(chosen[:, shared + own :].reshape(base.cross.shape))
    error = missed[torch.arange(len(weights)), best] / counted.clamp(min=1e-6)
    forecaster.error.copy_((USUAL * error[forecaster.knots]).clamp(min=1e-4))


def _normal_equations(
    forecaster: ForecasterNetwork, train: Iterable[TrainingBatch]
) -> tuple[Tensor, Tensor]:
    """Return the Gram matrix of each slot's features, and the products of features and target."""
    moments, drives = torch.zeros(0), torch.zeros(0)
    for design in _designs(forecaster, train):
        split = design.shared.shape[1]
        size = split + design.own.shape[2]
        if not len(moments):
            moments = torch.zeros(len(design.own), size, size, dtype=torch.float64)
            drives = torch.zeros(len(design.own), size, 1, dtype=torch.float64)
        usual = design.counts.amax(0)
        whole = design.shared * usual[:, None]
        common = whole.T @ whole  # of samples known throughout it is the same for all slots
        for slot in range(len(moments)):
            features, target = design.of(slot)
            if torch.equal(design.counts[slot], usual):
                moments[slot, :split, :split] += common
            else:
                moments[slot, :split, :split] += features[:, :split].T @ features[:, :split]
            right = features.T @ features[:, split:]
            moments[slot, :, split:] += right
            moments[slot, split:, :split] += right[:split].T
            drives[slot] += features.T @ target
    return moments, drives


def _designs(forecaster: ForecasterNetwork, batches: Iterable[TrainingBatch]) -> Iterator[_Design]:
    front, base = forecaster.front, forecaster.base
    for batch in batches:
        load, past, future, static, truth, weight = tensors(batch)
        scaled: Scaled = front(load, past, future, static, front.scale(load))
        cross = base.course(scaled)[..., :, None] * base.kinds(scaled)[..., None, :]
        own = torch.cat([base.single(scaled), cross.flatten(-2)], -1).double()
        target = front.normal(truth, scaled.scale)
        is_measured = target.isfinite()
        yield _Design(
            base.shared(scaled).double(),
            own.transpose(0, 1),
            torch.where(is_measured, target, 0.0).T.double(),
            (is_measured * weight[:, None]).T.double(),
        )
