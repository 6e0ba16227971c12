"""The whole network, from kW to kW: scaling, base, members, mean, calibration, sorted quantiles."""

import torch
from torch import Tensor, nn

from gridcast.models.features import FeatureSpec
from gridcast.models.training.networks.base import Base
from gridcast.models.training.networks.front import Front, Scaled
from gridcast.models.training.networks.head import KnotForecast
from gridcast.models.training.networks.recurrent import Member, Sizes, State

DAY, WEEK, BASE, OPERATOR = range(4)
"""The references that are mixed: the newest day known, a week ago, the base, and the operator."""


class ForecasterNetwork(nn.Module):
    """Quantiles of the load in all slots ahead, kW, from what was known at the origin.

    At the knots, every member outputs a mix of references and a fan of quantiles around it, in
    units of the base's usual error there. The outputs are averaged, calibrated, interpolated
    linearly between the knots, and added to the references, which are known at every slot.

    Parameters
    ----------
    spec
        The shape of the inputs.
    levels
        Probabilities of the quantiles, rising.
    network
        The kind of the members.
    members
        Number of members; each is trained by itself.
    hidden, layers, dropout
        As in `Member`.
    """

    def __init__(
        self,
        spec: FeatureSpec,
        levels: tuple[float, ...],
        network: type[Member],
        *,
        members: int = 1,
        hidden: int = 64,
        layers: int = 1,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.spec = spec
        self.levels = levels
        self.network = network
        self.front = Front(spec)
        self.base = Base(spec, self.front)
        references = OPERATOR + 1 if spec.operator else OPERATOR
        sizes = Sizes(
            hour=self.front.hour_size,
            context=self.front.context_size,
            ahead=self.front.future_size + self.front.days + 2 * references - 1,
            knots=len(spec.knots),
            references=references,
            base=BASE,
            levels=levels,
        )
        self.members = nn.ModuleList(
            network(sizes, hidden, layers, dropout) for _ in range(members)
        )
        knots = torch.tensor(spec.knots)
        self.register_buffer("knots", knots, persistent=False)
        self.register_buffer("between", _between(spec), persistent=False)
        self.register_buffer("error", torch.ones(len(knots)))
        self.register_buffer("shift", torch.zeros(len(knots), len(levels)))

    knots: Tensor
    between: Tensor
    error: Tensor
    """[knots]: the base's usual error, in scaled load."""
    shift: Tensor
    """[knots, levels]: how far calibration moves quantiles, in widths of the whole fan."""

    def forward(
        self, load: Tensor, past: Tensor, future: Tensor, static: Tensor | None = None
    ) -> Tensor:
        """Forecast: [n, levels, horizon] kW."""
        scaled = self.front(load, past, future, static, self.front.scale(load))
        return self.finish(scaled, [member.encode(scaled.hours) for member in self.each])

    @property
    def each(self) -> list[Member]:
        """The members."""
        return [member for member in self.members if isinstance(member, Member)]

    def finish(self, scaled: Scaled, states: list[State]) -> Tensor:
        """Forecast from the states of all members: [n, levels, horizon] kW."""
        references, ahead = self.prepare(scaled)
        answers = [
            member.decode(state, scaled.context, ahead)
            for member, state in zip(self.each, states, strict=True)
        ]
        answer = self.calibrated(mean_of(answers))
        mix = torch.matmul(answer.mix.transpose(1, 2), self.between)
        fan = torch.matmul((answer.fan * self.error[:, None]).transpose(1, 2), self.between)
        quantiles = _mixed(mix, references) + fan
        rising = torch.sort(quantiles, dim=1).values
        return (rising * self.front.spread + 1) * scaled.scale[..., None]

    def prepare(self, scaled: Scaled) -> tuple[Tensor, Tensor]:
        """Return the references, [n, references, horizon], and the decoder's inputs at knots."""
        references = self._references(scaled)
        return references, self._ahead(scaled, references)

    def _references(self, scaled: Scaled) -> Tensor:
        base = self.base(scaled)
        week = min(7, self.front.days) - 1
        references = [scaled.lags[..., 0], scaled.lags[..., week], base]
        if self.spec.operator:
            references.append(torch.where(scaled.operator.isnan(), base, scaled.operator))
        return torch.stack(references, 1)

    def _ahead(self, scaled: Scaled, references: Tensor) -> Tensor:
        at = references[..., self.knots].transpose(1, 2)
        newest = scaled.load[:, -1, None, None].expand(-1, at.shape[1], 1)
        return torch.cat(
            [
                scaled.future[:, self.knots],
                scaled.lags[:, self.knots],
                at,
                at[..., BASE:] - at[..., DAY : DAY + 1],
                newest,
            ],
            -1,
        )

    def at_knots(self, answer: KnotForecast, references: Tensor) -> Tensor:
        """Return scaled quantiles around the references: [n, knots, levels]."""
        mix = _mixed(answer.mix.transpose(1, 2), references[..., self.knots])
        return mix.transpose(1, 2) + answer.fan * self.error[:, None]

    def calibrated(self, answer: KnotForecast) -> KnotForecast:
        """Apply the conformal shift to the quantiles."""
        width = answer.fan[..., -1:] - answer.fan[..., :1]
        return KnotForecast(answer.mix, answer.fan + self.shift * width)


def _mixed(mix: Tensor, references: Tensor) -> Tensor:
    """Return the weighted sum of references, [n, references, …], added in order: [n, 1, …]."""
    parts = [mix[:, at] * references[:, at] for at in range(references.shape[1])]
    return sum(parts[1:], parts[0])[:, None]


def mean_of(answers: list[KnotForecast]) -> KnotForecast:
    """Return the average of the members' outputs: the mean of their quantiles."""
    mix = torch.stack([answer.mix for answer in answers]).mean(0)
    return KnotForecast(mix, torch.stack([answer.fan for answer in answers]).mean(0))


def _between(spec: FeatureSpec) -> Tensor:
    """Return the matrix [knots, horizon] of linear interpolation between the knots."""
    knots = torch.tensor(spec.knots, dtype=torch.float64)
    slots = torch.arange(spec.horizon, dtype=torch.float64)
    right = torch.searchsorted(knots, slots).clamp(1, max(1, len(knots) - 1))
    if len(knots) == 1:
        return torch.ones(1, spec.horizon)
    left = right - 1
    share = (slots - knots[left]) / (knots[right] - knots[left])
    matrix = torch.zeros(len(knots), spec.horizon, dtype=torch.float64)
    at = torch.arange(spec.horizon)
    matrix[left, at] = 1 - share
    matrix[right, at] += share
    return matrix.float()
