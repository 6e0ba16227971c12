"""The history of some series laid out by slot, for training and evaluation."""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from gridcast.models.past_weather import PastWeather
from gridcast.models.weather import Weather
from gridcast.models.windows.marks import FULL, NOTHING, PLAIN
from gridcast.models.windows.spec import STEPS
from gridcast.schemas import GridSeries
from gridcast.schemas.weather import VARIABLES
from gridcast.units import MINUTE_MS, Floats

Marks = npt.NDArray[np.uint8]
Index = npt.NDArray[np.integer]
Values = TypeVar("Values", bound=npt.NDArray[np.generic])

MEASURED = FULL // 2
"""From this mark on, half of a slot, a mean counts as ground truth."""


@dataclass(frozen=True, eq=False)
class Archive:
    """The history of some series, slots down and series across, as their windows would show it."""

    start_ms: int
    """Start of slot 0: a multiple of the step since 1970."""
    step_minutes: int
    series: tuple[GridSeries, ...]
    mean: Floats
    """kW, [slots, series]; NaN where nothing was measured."""
    mark: Marks
    """[slots, series], as in `gridcast.models.windows.marks`."""
    weather: Weather | None = None
    """All messages of weather stations, with the times at which they became known."""
    operator: Floats | None = None
    """kW, [slots, series]: the operator's own forecast; NaN if there was none."""
    operator_at_ms: npt.NDArray[np.int64] | None = None
    """[slots, series]: when that forecast became known."""

    def __post_init__(self) -> None:
        if self.step_minutes not in STEPS:
            raise ValueError(f"a step is one of {STEPS} minutes, not {self.step_minutes}")
        if self.start_ms % self.step_ms:
            raise ValueError("an archive begins on a whole step since 1970")
        if self.mean.shape != self.mark.shape or self.mean.shape[1:] != (len(self.series),):
            raise ValueError(f"{len(self.series)} series, but {self.mean.shape} means")
        if (self.operator is None) != (self.operator_at_ms is None):
            raise ValueError("operator and operator_at_ms go together")
        if self.weather is not None and self.weather.step_ms != self.step_ms:
            raise ValueError("the weather stands on slots of another step")

    @classmethod
    def of(
        cls,
        start_ms: int,
        step_minutes: int,
        series: tuple[GridSeries, ...],
        mean: npt.NDArray[np.floating],
        weather: Weather | None = None,
    ) -> "Archive":
        """Return an archive whose slots are wholly measured, or missing where their mean is NaN."""
        mark = np.where(np.isnan(mean), NOTHING, PLAIN).astype(np.uint8)
        return cls(start_ms, step_minutes, series, mean.astype(np.float32), mark, weather)

    def __len__(self) -> int:
        """Number of slots."""
        return len(self.mean)

    @property
    def step_ms(self) -> int:
        """Width of a slot in milliseconds."""
        return self.step_minutes * MINUTE_MS

    def begin_ms(self, slot: Index) -> npt.NDArray[np.int64]:
        """Return the start times of slots."""
        return self.start_ms + self.step_ms * np.asarray(slot, np.int64)

    def cut(self, slot: Index | int, row: Index | int, slots: int) -> tuple[Floats, Marks]:
        """Return the windows that end before `slot`, as `Windows.cut` does: slots down.

        One column per pair of a slot and a row; nothing is measured before the archive's start.
        """
        at, rows = self._reach(slot, row, -slots, 0)
        mean = np.full(at.shape, np.nan, np.float32)
        mark = np.full(at.shape, NOTHING, np.uint8)
        return self._put(self.mean, at, rows, mean), self._put(self.mark, at, rows, mark)

    def truth(self, slot: Index | int, row: Index | int, horizon: int) -> Floats:
        """Return the loads from `slot` on, [pairs, horizon]; NaN if less than half was measured."""
        at, rows = self._reach(slot, row, 0, horizon)
        mean = self._put(self.mean, at, rows, np.full(at.shape, np.nan, np.float32))
        mark = self._put(self.mark, at, rows, np.full(at.shape, NOTHING, np.uint8))
        return np.ascontiguousarray(np.where(mark >= MEASURED, mean, np.float32(np.nan)).T)

    def operator_as_of(self, slot: Index | int, row: Index | int, horizon: int) -> Floats:
        """Return the operator's forecast from `slot` on, as known at its start.

        [pairs, horizon]; NaN where there was none.
        """
        at, rows = self._reach(slot, row, 0, horizon)
        value = np.full(at.shape, np.nan, np.float32)
        if self.operator is not None and self.operator_at_ms is not None:
            available_ms = np.full(at.shape, np.iinfo(np.int64).max)
            self._put(self.operator, at, rows, value)
            self._put(self.operator_at_ms, at, rows, available_ms)
            value[available_ms > self.begin_ms(at[0])] = np.nan
        return np.ascontiguousarray(value.T)

    def weather_as_of(self, slot: Index | int, row: Index | int, back: int, slots: int) -> Floats:
        """Return the weather known at the start of `slot`, [pairs, slots, variables].

        `back` of the slots are before it; NaN where nothing was known.
        """
        at, rows = np.broadcast_arrays(*np.atleast_1d(slot, row))
        if self._past_weather is None:
            return np.full((len(at), slots, len(VARIABLES)), np.nan, np.float32)
        return self._past_weather.of(self.begin_ms(at), rows, back, slots)

    @cached_property
    def _past_weather(self) -> PastWeather | None:
        return None if self.weather is None else PastWeather(self.weather, self.series)

    def _reach(
        self, slot: Index | int, row: Index | int, first: int, end: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return slots (down, from `first` to `end` after each pair's own) and rows of pairs."""
        slots, rows = np.broadcast_arrays(
            np.atleast_1d(np.asarray(slot, np.int64)), np.atleast_1d(np.asarray(row, np.int64))
        )
        return slots + np.arange(first, end)[:, None], rows

    def _put(
        self, source: Values, at: npt.NDArray[np.int64], rows: npt.NDArray[np.int64], out: Values
    ) -> Values:
        """Copy the archive's values of these slots into an array."""
        inside = (at >= 0) & (at < len(self))
        if inside.all():
            out[...] = source[at, rows]
        else:
            out[inside] = source[at[inside], np.broadcast_to(rows, at.shape)[inside]]
        return out
