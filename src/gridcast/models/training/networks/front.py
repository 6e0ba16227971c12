"""Scaling and feature preparation: the graph's first part, from kW and raw features."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gridcast.models.features import FeatureSpec

LEAST_KW = 1e-4
"""Lower bound of a window's scale, for a meter that reads about zero."""
DEVIATIONS = 4.0
"""Static features and the level are clipped to this many standard deviations."""
ONE_SIZE = 0.5
"""If the logarithms of the levels spread less than this, all series have about one size. The level
is then no feature: it would only show how far a grid has moved, and pull forecasts back."""
WHOLE = 16
"""Floats in the widest register. Rows of a multiple of it are computed alike at any position."""


class Scaled(NamedTuple):
    """A window and its covariates, in units that are comparable between series."""

    scale: Tensor
    """[n, 1] kW: the mean load of the window but its newest hour, whatever its sign."""
    load: Tensor
    """[n, slots]: 0 is that mean."""
    hourly: Tensor
    """[n, steps]: means of whole hours."""
    hours: Tensor
    """[n, steps, …]: encoder inputs."""
    context: Tensor
    """[n, …]: features that are the same for all leads."""
    future: Tensor
    """[n, horizon, …]: features of each slot ahead."""
    lags: Tensor
    """[n, horizon, days]: the same slot 1, 2, … days back, or the newest known value."""
    operator: Tensor
    """[n, horizon]: the operator's own forecast; NaN where it is unknown."""


class Front(nn.Module):
    """Scaling by the window's own level, hourly means, lags, and covariates with missing flags.

    An unknown covariate is 0 (its mean), and a flag beside it is set.

    Parameters
    ----------
    spec
        The shape of the inputs.
    """

    def __init__(self, spec: FeatureSpec) -> None:
        super().__init__()
        self.spec = spec
        self.calendar = len(spec.calendar)
        self.weather = len(spec.weather)
        self.ahead = len(spec.weather_ahead)
        self.register_buffer("spread", torch.ones(()))
        self.register_buffer("level", torch.tensor([0.0, 1.0]))
        for name, size in (
            ("past", self.weather),
            ("future", self.ahead),
            ("static", len(spec.static)),
        ):
            self.register_buffer(f"{name}_mean", torch.zeros(size))
            self.register_buffer(f"{name}_std", torch.ones(size))
        early = torch.full((spec.slots,), 1 / (spec.slots - spec.hour))
        early[spec.slots - spec.hour :] = 0.0
        self.register_buffer("early", early, persistent=False)
        self.register_buffer("lag_slots", torch.tensor(_lag_slots(spec)), persistent=False)

    spread: Tensor
    early: Tensor
    """[slots]: weight of each slot in the level."""
    level: Tensor
    """Mean and standard deviation of the levels' logarithms; inf if the level is not a feature."""
    past_mean: Tensor
    past_std: Tensor
    future_mean: Tensor
    future_std: Tensor
    static_mean: Tensor
    static_std: Tensor
    lag_slots: Tensor

    @property
    def days(self) -> int:
        """Number of lags."""
        return int(self.lag_slots.shape[1])

    @property
    def hour_size(self) -> int:
        """Features of an hour of the encoder."""
        return 1 + self.calendar + 2 * self.weather

    @property
    def context_size(self) -> int:
        """Features that are the same for all leads."""
        own = self.spec.recent + 4 + 2 * len(self.spec.static)
        return own + self.calendar + 4 * self.weather

    @property
    def future_size(self) -> int:
        """Features of a slot ahead."""
        return self.calendar + 2 * self.ahead + 2 * self.spec.operator

    def fit(
        self,
        load: Tensor,
        past: Tensor,
        future: Tensor,
        static: Tensor,
        *,
        truth: Tensor,
        weight: Tensor,
    ) -> None:
        """Fit means and standard deviations to the training part: [n, …] as the graph takes it."""
        scale = self.scale(load)
        counts = torch.where(truth.isfinite(), weight[:, None].square(), 0.0)
        off = torch.where(truth.isfinite(), truth / scale - 1, 0.0)
        self.spread.copy_(((counts * off.square()).sum() / counts.sum()).sqrt().clamp(min=1e-3))
        level = scale.log()
        size = level.std(correction=0)
        unit = torch.where(size < ONE_SIZE, torch.inf, size)
        self.level.copy_(torch.stack([level.mean(), unit]))
        ahead = future[..., self.calendar : self.calendar + self.ahead]
        for name, values in (
            ("past", past[..., self.calendar :]),
            ("future", ahead),
            ("static", static),
        ):
            mean, std = _moments(values.flatten(end_dim=-2))
            getattr(self, f"{name}_mean").copy_(mean)
            getattr(self, f"{name}_std").copy_(std)

    def normal(self, load: Tensor, scale: Tensor) -> Tensor:
        """Scale loads, [n, …], by each window's own level."""
        return (load / scale - 1) / self.spread

    def scale(self, load: Tensor) -> Tensor:
        """Return the level of windows. It leaves out the newest hour so that it can be cached."""
        # Whole rows are summed: shorter ones would begin anywhere in a register and be rounded so.
        return (load.abs() * self.early).sum(1, keepdim=True).clamp(min=LEAST_KW)

    def hourly(self, normal: Tensor) -> Tensor:
        """Return the hourly means of windows."""
        return normal.reshape(-1, self.spec.steps, self.spec.hour).mean(-1)

    def hours(self, hourly: Tensor, past: Tensor) -> Tensor:
        """Return the encoder's inputs from hourly scaled means, [n, hours], and their features."""
        calendar, weather = past[..., : self.calendar], past[..., self.calendar :]
        known = _known(weather, self.past_mean, self.past_std)
        return torch.cat([hourly[..., None], calendar, known], -1)

    def window(self, load: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """Return the level of windows and the encoder's inputs for their hours."""
        scale = self.scale(load)
        return scale, self.hours(self.hourly(self.normal(load, scale)), past)

    def forward(
        self, load: Tensor, past: Tensor, future: Tensor, static: Tensor | None, scale: Tensor
    ) -> Scaled:
        """Scale all inputs by `scale`, usually the level of the window itself."""
        normal = self.normal(load, scale)
        hourly = self.hourly(normal)
        hours = self.hours(hourly, past)
        calendar = future[..., : self.calendar]
        ahead = future[..., self.calendar : self.calendar + self.ahead]
        parts = [calendar, _known(ahead, self.future_mean, self.future_std)]
        operator = torch.full_like(future[..., 0], torch.nan)
        if self.spec.operator:
            operator = self.normal(future[..., -1], scale)
            parts.append(_flagged(operator[..., None]))
        return Scaled(
            scale,
            normal,
            hourly,
            hours,
            self._context(normal, hourly, hours, static, scale),
            torch.cat(parts, -1),
            normal[:, self.lag_slots],
            operator,
        )

    def _context(
        self, normal: Tensor, hourly: Tensor, hours: Tensor, static: Tensor | None, scale: Tensor
    ) -> Tensor:
        # Of single numbers the last few of a batch would be rounded in another way than the rest.
        log = scale.expand(-1, WHOLE).log()[:, :1]
        level = ((log - self.level[0]) / self.level[1]).clamp(-DEVIATIONS, DEVIATIONS)
        parts = [
            normal[:, normal.shape[1] - self.spec.recent :],
            level,
            hourly.std(1, keepdim=True, correction=0) - 1,
            hourly[:, -24:].mean(1, keepdim=True),
            hourly[:, :24].mean(1, keepdim=True),
            hours[:, -1, 1 : 1 + self.calendar],
        ]
        if static is not None and self.spec.static:
            known = _known(static, self.static_mean, self.static_std)
            parts.append(known.clamp(-DEVIATIONS, DEVIATIONS))
        if self.weather:
            now = hours[:, -1, 1 + self.calendar :]
            value = hours[:, -24:, 1 + self.calendar : 1 + self.calendar + self.weather]
            parts += [now, value.mean(1), value[:, -1] - value[:, 0]]
        return torch.cat(parts, 1)


def _known(values: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    return _flagged((values - mean) / std)


def _flagged(values: Tensor) -> Tensor:
    unknown = values.isnan()
    return torch.cat([torch.where(unknown, 0.0, values), unknown.to(values.dtype)], -1)


def _moments(values: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of each column, ignoring unknown values."""
    known = values.isfinite()
    count = known.sum(0).clamp(min=1)
    exact = torch.where(known, values, 0.0).double()
    mean = exact.sum(0) / count
    off = torch.where(known, exact - mean, 0.0)
    std = (off.square().sum(0) / count).sqrt()
    return mean.float(), torch.where(std > 1e-6, std, 1.0).float()


def _lag_slots(spec: FeatureSpec) -> Sequence[Sequence[int]]:
    """Return the index in the window of each lag of each slot of the horizon."""
    day = 24 * spec.hour
    days = spec.slots // day
    if spec.horizon > days * day:
        raise ValueError(
            f"a window of {spec.lookback_hours} h knows no slot of the same time for each of"
            f" the {spec.horizon_hours} h ahead: look back as far as you look ahead"
        )
    return [
        [spec.slots + slot - day * max(back, slot // day + 1) for back in range(1, days + 1)]
        for slot in range(spec.horizon)
    ]
