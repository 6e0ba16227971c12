"""Conformal calibration of quantiles on the validation part, per knot and level."""

import torch
from torch import Tensor

from gridcast.models.training.networks.forecaster import ForecasterNetwork

FEWEST = 50
"""Minimum number of measured loads at a knot; with fewer, its quantiles are not calibrated."""


@torch.no_grad()
def calibrate(forecaster: ForecasterNetwork, quantiles: Tensor, truth: Tensor) -> None:
    """Set the conformal shift of the quantiles from samples that were not trained on.

    How far the truth lies above a quantile is measured in widths of the sample's own fan, so that a
    shift found on calm days and large series also fits others. The median does not move.

    Parameters
    ----------
    forecaster
        The network whose `shift` is set.
    quantiles
        [n, knots, levels]: mean of the members, uncalibrated, scaled.
    truth
        [n, knots]: scaled; NaN where nothing was measured.

    References
    ----------
    Romano, Patterson, Candès: Conformalized Quantile Regression, 2019.
    Sesia, Candès: A comparison of some conformal quantile regression methods, 2020 (CQR-r).
    """
    width = (quantiles[..., -1] - quantiles[..., 0]).clamp(min=1e-9)
    above = (truth[..., None] - quantiles) / width[..., None]
    for knot in range(above.shape[1]):
        measured = above[truth[:, knot].isfinite(), knot].double()
        if len(measured) < FEWEST:
            continue
        for at, level in enumerate(forecaster.levels):
            if level != 0.5:
                forecaster.shift[knot, at] = _quantile(measured[:, at], level)


def _quantile(scores: Tensor, level: float) -> Tensor:
    """Return the conformal quantile of the scores: rounded outwards, for small samples."""
    size = len(scores)
    outward = (size + 1) * (level if level > 0.5 else 1 - level) / size
    share = min(1.0, outward)
    return torch.quantile(scores, share if level > 0.5 else 1 - share)
