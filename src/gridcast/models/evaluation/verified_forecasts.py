"""Forecasts side by side with what came."""

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
    """What errors of each series are measured by, known from the training part."""

    size: AnyFloats
    """Mean size of the load, kW, by series; NaN where nothing is known."""
    naive: AnyFloats
    """What forecasting yesterday's load missed on average, kW."""

    @classmethod
    def of(cls, train: AnyFloats, day: int) -> Self:
        """Take them from the training part: slots down, series across, so many slots a day."""
        known = np.isfinite(train)
        total = np.where(known, np.abs(train), 0).sum(axis=0, dtype=np.float64)
        count = known.sum(axis=0)
        size = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
        return cls(size, daily_naive(train, day))


@dataclass(frozen=True)
class VerifiedForecasts:
    """One forecaster's quantiles at some samples, with what came. What was not measured is NaN."""

    series: Sequence[GridSeries]
    row: Ints
    """[n]: which series each sample is of."""
    origin_ms: npt.NDArray[np.int64]
    """[n]"""
    step_minutes: int
    leads: Ints
    """[leads]: which slots of the horizon are judged; slot i ends i + 1 steps after the origin."""
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
            raise ValueError("without a median there is no error to measure")

    def __len__(self) -> int:
        return len(self.row)

    @property
    def median(self) -> AnyFloats:
        """The middle quantile: [n, leads], kW."""
        return self.quantiles[..., self.levels.index(0.5)]

    @property
    def ends_minutes(self) -> Ints:
        """How long after the origin each lead's slot ends."""
        return (self.leads + 1) * self.step_minutes

    def of_origins(
        self, loss: AnyFloats, apart_ms: int | None = None
    ) -> tuple[npt.NDArray[np.int64], AnyFloats]:
        """Average a loss [n, leads] over leads and series: one value a distinct origin, in order.

        The answer is evenly spaced, by `apart_ms` or as the two nearest origins are: where no
        origin is, the loss is NaN. An origin off that beat, such as one at a local hour when
        clocks change, counts where it is nearest to.
        """
        origin, place = np.unique(self.origin_ms, return_inverse=True)
        known = np.isfinite(loss)
        total = np.bincount(place, np.where(known, loss, 0).sum(axis=1), len(origin))
        count = np.bincount(place, known.sum(axis=1), len(origin))
        mean = np.divide(total, count, out=np.full(len(origin), np.nan), where=count > 0)
        if len(origin) < 2:
            return origin, mean
        apart = apart_ms or int(np.diff(origin).min())
        beat = np.rint((origin - origin[0]) / apart).astype(np.int64)
        even = origin[0] + apart * np.arange(beat[-1] + 1)
        spaced = np.full(len(even), np.nan)
        spaced[beat] = mean
        return even, spaced
