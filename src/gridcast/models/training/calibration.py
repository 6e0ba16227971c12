"""Move quantiles so that they hold on the validation part: conformal, by knot and level."""

import torch
from torch import Tensor

from gridcast.models.training.networks.forecaster import ForecasterNetwork

FEWEST = 50
"""With fewer loads known at a knot its quantiles stay where they are."""


@torch.no_grad()
def calibrate(forecaster: ForecasterNetwork, quantiles: Tensor, truth: Tensor) -> None:
    """Find how far quantiles must move to hold on samples that nothing was learned from.

    How far the truth lies above a quantile is seen in widths of the sample's own fan, so that what
    is found on calm days and large series holds on others. The median stays.

    Parameters
    ----------
    forecaster
        Whose `shift` is set.
    quantiles
        [n, knots, levels]: as the mean of the members says, uncalibrated, scaled.
    truth
        [n, knots]: scaled; not a number where nothing was measured.

    References
    ----------
    Romano, Patterson, Candès: Conformalized Quantile Regression, 2019.
    Sesia, Candès: A comparison of some conformal quantile regression methods, 2020 (CQR-r).
    """
    width = (quantiles[..., -1] - quantiles[..., 0]).clamp(min=1e-9)
    above = (truth[..., None] - quantiles) / width[..., None]
    for knot in range(above.shape[1]):
        known = above[truth[:, knot].isfinite(), knot].double()
        if len(known) < FEWEST:
            continue
        for at, level in enumerate(forecaster.levels):
            if level != 0.5:
                forecaster.shift[knot, at] = _quantile(known[:, at], level)


def _quantile(scores: Tensor, level: float) -> Tensor:
    """Give the quantile outwards of the scores, as conformal prediction wants it of few."""
    size = len(scores)
    outward = (size + 1) * (level if level > 0.5 else 1 - level) / size
    share = min(1.0, outward)
    return torch.quantile(scores, share if level > 0.5 else 1 - share)
