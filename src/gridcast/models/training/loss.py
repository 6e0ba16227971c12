"""The training loss: pinball loss in units of each knot's usual error."""

import torch
from torch import Tensor


def pinball(
    quantiles: Tensor, truth: Tensor, weight: Tensor, error: Tensor, levels: Tensor
) -> Tensor:
    """Average the pinball loss over what was measured.

    Parameters
    ----------
    quantiles
        [n, knots, levels], scaled.
    truth
        [n, knots], scaled; not a number where nothing was measured.
    weight
        [n]: what each sample counts.
    error
        [knots]: the base's usual error; without it the far leads would be all that counts.
    levels
        [levels]: probabilities.

    Examples
    --------
    >>> one = torch.ones(1)
    >>> quantiles, truth = torch.tensor([[[8.0, 9.0]]]), torch.tensor([[10.0]])
    >>> loss = pinball(quantiles, truth, one, one, torch.tensor([0.1, 0.5]))
    >>> round(float(loss), 6)  # (0.1 * 2 + 0.5 * 1) / 2
    0.35
    """
    known = truth.isfinite()
    off = (torch.where(known, truth, 0.0)[..., None] - quantiles) / error[:, None]
    loss = torch.maximum(levels * off, (levels - 1) * off).mean(-1)
    counts = known * weight[:, None]
    return (loss * counts).sum() / counts.sum().clamp(min=1e-6)
