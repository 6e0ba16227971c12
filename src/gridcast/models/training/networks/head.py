"""From what the decoder says of a knot to a mix of references and quantiles around it."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

FIRST_STEP = -0.2
"""Before training: softplus of it is how far quantiles lie apart, in usual errors of the base."""
FIRST_TRUST = 4.0
"""Before training the base has this advantage over the other references: nearly all the mix."""


class KnotForecast(NamedTuple):
    """What a member says of knots."""

    mix: Tensor
    """[n, knots, references]: shares that sum to 1."""
    fan: Tensor
    """[n, knots, levels]: where the quantiles lie around the mix, in usual errors; rising."""


class Head(nn.Module):
    """A mix of references by softmax, and a monotone fan: the median, and steps up and down.

    Parameters
    ----------
    inputs
        Width of what comes in.
    hidden
        Width of the layer between.
    levels
        Probabilities of the quantiles, rising.
    references
        How many there are to mix; the base is the one numbered `base`.
    dropout
        Share of the layer left out at random in training.
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
        """Read the answer: inputs are [n, knots, …]."""
        out = self.layers(inputs)
        median, steps = out[..., :1], functional.softplus(out[..., 1 : self.levels])
        down = steps[..., : self.median].flip(-1).cumsum(-1).flip(-1)
        up = steps[..., self.median :].cumsum(-1)
        fan = torch.cat([median - down, median, median + up], -1)
        return KnotForecast(torch.softmax(out[..., self.levels :], -1), fan)
