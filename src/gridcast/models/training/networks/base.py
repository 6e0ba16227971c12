"""The linear base forecast: ridge regression with its own weights for each slot ahead."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from gridcast.models.features import FeatureSpec
from gridcast.models.features.calendar import CLOCK, HOLIDAYS, WEEKDAYS
from gridcast.models.training.networks.front import WHOLE, Front, Scaled

HARMONICS = 12
"""Fourier harmonics of the day that are crossed with the kinds of day; all for hourly slots."""
FEW_HARMONICS = 6
"""Harmonics for steps under half an hour: the newest slots show the course; more are slower."""
WEATHER_HOURS = (1, 4, 7, 13, 24)
"""Hours before the origin whose weather is a feature."""


class Base(nn.Module):
    """A linear forecast from window, calendar and weather, with its own weights for each lead.

    The daily Fourier terms of a slot are crossed with the kinds of day (weekdays, holidays and
    their neighbours). The weights are multiplied in first, so that serving never holds all the
    products.
    """

    def __init__(self, spec: FeatureSpec, front: Front) -> None:
        super().__init__()
        self.spec = spec
        self._clock = [spec.calendar.index(name) for name in CLOCK if name.endswith("_1")]
        kinds = [name for name in spec.calendar if name in {**WEEKDAYS, **HOLIDAYS}]
        self._kinds = [spec.calendar.index(name) for name in kinds]
        self._front = (front.calendar, front.weather, front.ahead)
        self.register_buffer("neighbours", torch.tensor(_neighbours(spec)), persistent=False)
        self.register_buffer("days_before", torch.tensor(_days_before(spec)), persistent=False)
        self.harmonics = HARMONICS if spec.hour <= 2 else FEW_HARMONICS
        courses = 1 + 2 * self.harmonics
        self.shape = (courses, len(kinds) + 1)
        slots = spec.horizon
        self.register_buffer("common", torch.zeros(slots, self._common_size(front)))
        self.register_buffer("own", torch.zeros(slots, self._own_size(front)))
        self.register_buffer("cross", torch.zeros(slots, *self.shape))

    neighbours: Tensor
    days_before: Tensor
    common: Tensor
    own: Tensor
    cross: Tensor

    def _common_size(self, front: Front) -> int:
        return 1 + self.spec.steps + front.context_size + front.weather * (len(WEATHER_HOURS) + 1)

    def _own_size(self, front: Front) -> int:
        season = front.calendar - len(CLOCK) - len(self._kinds)
        return front.days + self.neighbours.shape[1] + season + 5 * front.weather + 7 * front.ahead

    def shared(self, scaled: Scaled) -> Tensor:
        """Return the features that are the same for all slots: [n, …]."""
        parts = [torch.ones_like(scaled.scale), scaled.hourly, scaled.context]
        if self._front[1]:
            value = self._weather(scaled)
            back = [self.spec.steps - hours for hours in WEATHER_HOURS]
            parts += [value[:, back].flatten(1), value[:, -1].square()]
        return torch.cat(parts, 1)

    def course(self, scaled: Scaled) -> Tensor:
        """Return the Fourier terms of the day at slots: [n, horizon, 1 + 2 harmonics]."""
        sin, cos = (scaled.future[..., at] for at in self._clock)
        waves = [torch.ones_like(cos), cos, sin]
        for _ in range(self.harmonics - 1):  # of each next harmonic, from the two before it
            before = waves[-4:-2] if len(waves) > 3 else [waves[0], torch.zeros_like(sin)]
            waves += [2 * cos * waves[-2] - before[0], 2 * cos * waves[-1] - before[1]]
        return torch.stack(waves, -1)

    def kinds(self, scaled: Scaled) -> Tensor:
        """Return the kinds of day of slots; the first column is 1 for any day: [n, horizon, …]."""
        kinds = scaled.future[..., self._kinds]
        return torch.cat([torch.ones_like(kinds[..., :1]), kinds], -1)

    def single(self, scaled: Scaled) -> Tensor:
        """Return each slot's own features other than its time of day: [n, horizon, …]."""
        calendar, weather, ahead = self._front
        rolling = _trailing_hours(scaled.load, self.spec.hour)
        season = scaled.future[..., len(CLOCK) + len(self._kinds) : calendar]
        parts = [scaled.lags, rolling[:, self.neighbours], season]
        clock = scaled.future[..., : len(CLOCK)]
        if weather:
            value = self._weather(scaled)
            now = value[:, -1:].expand(-1, clock.shape[1], -1)
            parts += [_crossed(now, clock), value[:, self.days_before]]
        if ahead:
            value = scaled.future[..., calendar : calendar + 2 * ahead]
            there = value[..., :ahead]
            parts += [value, there.square(), _crossed(there, clock)]
        return torch.cat(parts, -1)

    def _weather(self, scaled: Scaled) -> Tensor:
        """Return the weather of past hours, 0 where it is unknown."""
        calendar, weather, _ = self._front
        return scaled.hours[..., 1 + calendar : 1 + calendar + weather]

    def forward(self, scaled: Scaled) -> Tensor:
        """Forecast: [n, horizon]."""
        together = functional.linear(self.shared(scaled), self.common)
        # Products of one row each: their sums have the same order however many samples there are.
        courses = torch.matmul(self.course(scaled)[..., None, :], self.cross)[..., 0, :]
        kinds = self.kinds(scaled)
        own = self.own.expand(kinds.shape[0], -1, -1)
        left, right = _whole(self.single(scaled), courses), _whole(own, kinds)
        return together + (left * right).sum(-1)


def _whole(*parts: Tensor) -> Tensor:
    """Concatenate features and pad rows with zeros to a multiple of the register width.

    The rounding of a row's sum depends on its alignment. Without padding, it would depend on the
    batch size.
    """
    width = sum(part.shape[-1] for part in parts)
    return functional.pad(torch.cat(parts, -1), (0, -width % WHOLE))


def _crossed(values: Tensor, clock: Tensor) -> Tensor:
    return (values[..., None] * clock[..., None, :]).flatten(-2)


def _trailing_hours(load: Tensor, hour: int) -> Tensor:
    """Return the mean of the hour that ends with each slot; the first slots stay as they are."""
    if hour == 1:
        return load
    means = functional.avg_pool1d(load[:, None], hour, stride=1)[:, 0]
    return torch.cat([load[:, : hour - 1], means], 1)


def _neighbours(spec: FeatureSpec) -> list[list[int]]:
    """Return the ends of the hours around each slot, on the newest known day and a week ago."""
    day, last = 24 * spec.hour, spec.slots - 1
    rows = []
    for slot in range(spec.horizon):
        near = slot // day + 1
        week = min(7, spec.slots // day)
        rows.append(
            [
                min(spec.slots + slot - day * max(back, near) + beside * spec.hour, last)
                for back in (1, week)
                for beside in (-1, 0, 1)
            ]
        )
    return [[max(0, at) for at in row] for row in rows]


def _days_before(spec: FeatureSpec) -> list[int]:
    """Return the past hour at the same time of day as each slot, on the newest known day."""
    day = 24 * spec.hour
    return [spec.steps + slot // spec.hour - 24 * (slot // day + 1) for slot in range(spec.horizon)]
