"""The output head: from decoder output to a mix of references and quantiles around it."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

FIRST_STEP = -0.2
"""Initial bias: its softplus is the distance between quantiles, in usual errors of the base."""
FIRST_TRUST = 4.0
"""Initial bias of the base over the other references: it starts as nearly all of the mix."""


class KnotForecast(NamedTuple):
    """Output of a member at the knots."""

    mix: Tensor
    """[n, knots, references]: shares that sum to 1."""
    fan: Tensor
    """[n, knots, levels]: where the quantiles lie around the mix, in usual errors; rising."""


class Head(nn.Module):
    """A softmax mix of references and a monotone fan: the median, and steps up and down.

    Parameters
    ----------
    inputs
        Width of the input.
    hidden
        Width of the hidden layer.
    levels
        Probabilities of the quantiles, rising.
    references
        Number of references to mix; the base is number `base`.
    dropout
        Dropout rate of the hidden layer.
    """

    def __init__(
        self,
        inputs: int,
        hidden: int,
        *,
        levels: tuple[float, ...],
        references: int,
        base: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.levels = len(levels)
        self.median = min(range(len(levels)), key=lambda at: abs(levels[at] - 0.5))
        last = nn.Linear(hidden, len(levels) + references)
        nn.init.zeros_(last.weight)
        with torch.no_grad():
            last.bias.zero_()
            last.bias[1 : len(levels)] = FIRST_STEP
            last.bias[len(levels) + base] = FIRST_TRUST
        self.layers = nn.Sequential(nn.Linear(inputs, hidden), nn.GELU(), nn.Dropout(dropout), last)

    def forward(self, inputs: Tensor) -> KnotForecast:
        """Return the forecast at the knots; inputs are [n, knots, …]."""
        out = self.layers(inputs)
        median, steps = out[..., :1], functional.softplus(out[..., 1 : self.levels])
        down = steps[..., : self.median].flip(-1).cumsum(-1).flip(-1)
        up = steps[..., self.median :].cumsum(-1)
        fan = torch.cat([median - down, median, median + up], -1)
        return KnotForecast(torch.softmax(out[..., self.levels :], -1), fan)
