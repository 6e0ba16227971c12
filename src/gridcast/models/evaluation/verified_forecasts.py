"""Verified forecasts: a forecaster's quantiles side by side with the truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from gridcast.models.evaluation.point import daily_naive
from gridcast.schemas import GridSeries
from gridcast.units import AnyFloats

Ints = npt.NDArray[np.integer]


@dataclass(frozen=True)
class Scales:
    """The scales of each series' errors, computed from the training part."""

    size: AnyFloats
    """Mean size of each series' load, kW; NaN if unknown."""
    naive: AnyFloats
    """Mean absolute error of the daily naive forecast, kW."""

    @classmethod
    def of(cls, train: AnyFloats, day: int) -> Self:
        """Compute the scales from the training part, [slots, series], with `day` slots a day."""
        is_known = np.isfinite(train)
        total = np.where(is_known, np.abs(train), 0).sum(axis=0, dtype=np.float64)
        count = is_known.sum(axis=0)
        size = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
        return cls(size, daily_naive(train, day))


@dataclass(frozen=True)
class VerifiedForecasts:
    """One forecaster's quantiles at some samples, with the truth; NaN if not measured."""

    series: Sequence[GridSeries]
    row: Ints
    """[n]: the series of each sample."""
    origin_ms: npt.NDArray[np.int64]
    """[n]"""
    step_minutes: int
    leads: Ints
    """[leads]: the judged slots of the horizon; slot i ends i + 1 steps after the origin."""
    levels: tuple[float, ...]
    truth: AnyFloats
    """[n, leads], kW"""
    quantiles: AnyFloats
    """[n, leads, levels], kW, rising over the levels."""

    def __post_init__(self) -> None:
        shape = (len(self.row), len(self.leads))
        if self.truth.shape != shape or self.quantiles.shape != (*shape, len(self.levels)):
            raise ValueError(f"{shape} samples and leads, but {self.quantiles.shape} forecasts")
        if 0.5 not in self.levels:
            raise ValueError("levels must include 0.5: errors are those of the median")

    def __len__(self) -> int:
        return len(self.row)

    @property
    def median(self) -> AnyFloats:
        """The middle quantile: [n, leads], kW."""
        return self.quantiles[..., self.levels.index(0.5)]

    @property
    def ends_minutes(self) -> Ints:
        """Minutes from the origin to the end of each lead's slot."""
        return (self.leads + 1) * self.step_minutes

    def of_origins(
        self, loss: AnyFloats, apart_ms: int | None = None
    ) -> tuple[npt.NDArray[np.int64], AnyFloats]:
        """Average a loss [n, leads] over leads and series; return origins and one value for each.

        The origins are evenly spaced, by `apart_ms` or by the smallest distance; the loss is NaN
        without an origin. An origin off that grid, such as one at a local hour when clocks change,
        counts at the nearest grid point.
        """
        origin, place = np.unique(self.origin_ms, return_inverse=True)
        is_known = np.isfinite(loss)
        total = np.bincount(place, np.where(is_known, loss, 0).sum(axis=1), len(origin))
        count = np.bincount(place, is_known.sum(axis=1), len(origin))
        mean = np.divide(total, count, out=np.full(len(origin), np.nan), where=count > 0)
        if len(origin) < 2:
            return origin, mean
        apart = apart_ms or int(np.diff(origin).min())
        step = np.rint((origin - origin[0]) / apart).astype(np.int64)
        even = origin[0] + apart * np.arange(step[-1] + 1)
        spaced = np.full(len(even), np.nan)
        spaced[step] = mean
        return even, spaced
