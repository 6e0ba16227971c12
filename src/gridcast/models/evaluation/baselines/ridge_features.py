"""Features of the ridge regression."""

import numpy as np

from gridcast.models.evaluation.baselines.view import SampleView
from gridcast.models.features import FeatureSpec
from gridcast.models.features.calendar import CLOCK
from gridcast.units import Floats

WEATHER_BEFORE = (0, 3, 6, 12, 24)
"""Weather lags, hours."""


class RidgeFeatures:
    """Features at the origin and at each knot; loads are relative to the window's size, less 1.

    Weather is standardised by its mean and spread in training; unknown weather is set to the mean.
    """

    def __init__(self, spec: FeatureSpec, train: SampleView) -> None:
        self.spec = spec
        first = len(spec.calendar)
        self._now = _Standardizer(train.inputs.past[:, -1, first:])
        ahead = train.inputs.future[:, -1, first : first + len(spec.weather_ahead)]
        self._ahead = _Standardizer(ahead)

    def common(self, view: SampleView) -> Floats:
        """Return the features of every knot: [n, features]."""
        size, hourly = view.size, view.hourly / view.size - 1
        recent = view.inputs.load[:, -max(self.spec.recent, 1) :] / size - 1
        shape = [hourly.std(axis=1), hourly[:, -24:].mean(axis=1), hourly[:, -48:-24].mean(axis=1)]
        parts = [np.ones_like(size), hourly, recent, np.stack(shape, axis=1)]
        if self.spec.weather:
            before = [self._now.scaled(view.weather_before(hours)) for hours in WEATHER_BEFORE]
            parts += [*before, before[0] ** 2]
        return np.concatenate(parts, axis=1).astype(np.float32, copy=False)

    def of_knot(self, view: SampleView, knot: int) -> Floats:
        """Return the features of one knot: [n, features]."""
        slot, hour = np.array([knot]), self.spec.hour
        calendar = view.inputs.future[:, knot, : len(self.spec.calendar)]
        clock = calendar[:, : len(CLOCK)]
        days: tuple[str, ...] = ("monday", "saturday", "sunday")
        if self.spec.holidays:
            days += ("holiday", "holiday_yesterday", "holiday_a_week_ago")
        kinds = view.calendar(days, slot)[:, 0]
        hours = np.eye(24, dtype=np.float32)[view.hour(slot)[:, 0]]
        by_hour = [hours, *(hours * kinds[:, [place]] for place in range(len(days)))]
        lags = [_hourly_lag(view, knot, days, off) for days in (1, 7) for off in (-hour, 0, hour)]
        lags += [view.lag(slot, 1), view.lag(slot, 7)]
        parts = [*by_hour, calendar[:, len(CLOCK) :], np.concatenate(lags, axis=1) / view.size - 1]
        if self.spec.weather:
            now = self._now.scaled(view.weather_before(0))
            parts.append((now[:, :, None] * clock[:, None, :]).reshape(len(view), -1))
        first = len(self.spec.calendar)
        ahead = view.inputs.future[:, knot, first : first + len(self.spec.weather_ahead)]
        if self.spec.weather_ahead:
            value = self._ahead.scaled(ahead)
            parts += [value, value**2, (value[:, :, None] * clock[:, None]).reshape(len(view), -1)]
        if self.spec.operator:
            value = view.inputs.future[:, knot, [-1]] / view.size - 1
            is_known = np.isfinite(value)
            parts += [np.where(is_known, value, 0), hours * is_known]
        return np.concatenate(parts, axis=1).astype(np.float32, copy=False)


class _Standardizer:
    """Mean and spread of some variables."""

    def __init__(self, value: Floats) -> None:
        is_known = np.isfinite(value)
        count = np.maximum(is_known.sum(axis=0), 1)
        self._mean = np.where(is_known, value, 0).sum(axis=0) / count
        off = np.where(is_known, value - self._mean, 0)
        self._spread = np.maximum(np.sqrt(np.square(off).sum(axis=0) / count), 1e-3)

    def scaled(self, value: Floats) -> Floats:
        scaled: Floats = np.nan_to_num((value - self._mean) / self._spread).astype(np.float32)
        return scaled


def _hourly_lag(view: SampleView, knot: int, days: int, off: int) -> Floats:
    """Return the mean of the hour that ends `off` slots from a knot, some days before: [n, 1]."""
    lag_days = max(days, int(view.near(np.array([knot]))[0]))
    end = min(view.spec.slots + knot + off + 1 - view.day * lag_days, view.spec.slots)
    first = max(end - view.spec.hour, 0)
    mean: Floats = view.inputs.load[:, first : first + view.spec.hour].mean(axis=1, keepdims=True)
    return mean
