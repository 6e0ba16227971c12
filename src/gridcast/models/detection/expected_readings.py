"""Forecasts that the next readings are judged by."""

from collections.abc import Sequence

import numpy as np

from gridcast.models.detection.detector_state import Rows
from gridcast.models.records import Column
from gridcast.schemas.bounds import NEVER
from gridcast.schemas.forecast_columns import WATTS, ForecastColumns
from gridcast.units import MINUTE_MS, Floats, Times


class ExpectedReadings:
    """The first steps of the newest forecast that began with its tick.

    Only the outermost quantiles and the median are kept: no reading between those is striking.

    Parameters
    ----------
    steps
        Number of steps that are kept.
    """

    def __init__(self, steps: int = 1) -> None:
        self._steps = steps
        self.levels: tuple[float, ...] = (0.05, 0.5, 0.95)
        """Probabilities of the quantiles, as a record keeps them."""
        self._quantiles = np.zeros((0, 3, steps), np.float32)
        self._first_ms, self._step_ms = NEVER, MINUTE_MS

    def take(self, forecasts: ForecastColumns) -> None:
        """Replace the forecasts with the newest."""
        count = len(forecasts.levels)
        places = [0, count // 2, count - 1]
        steps = min(self._steps, forecasts.quantiles.shape[2])
        self._quantiles = np.full((len(forecasts), 3, self._steps), np.nan, np.float32)
        self._quantiles[:, :, :steps] = forecasts.quantiles[:, places, :steps]
        self.levels = tuple(np.take(forecasts.levels, places).astype(np.float32).tolist())
        self._first_ms = forecasts.first_ms
        self._step_ms = forecasts.step_minutes * MINUTE_MS

    def at(self, tick_ms: int, time_ms: Times) -> Floats:
        """Return the quantiles forecast for readings at these times, one per series, kW."""
        quantiles = np.full((len(time_ms), 3), np.nan, np.float32)
        if tick_ms - self._first_ms > self._steps * self._step_ms:
            return quantiles
        count = min(len(time_ms), len(self._quantiles))
        # A meter whose clock is off is still judged by a forecast of about now.
        step = np.clip((time_ms[:count] - self._first_ms) // self._step_ms, 0, self._steps - 1)
        quantiles[:count] = self._quantiles[np.arange(count), :, step]
        return quantiles

    def keep(self, stay: Rows) -> None:
        """Keep only the series of the rows `stay`, in that order."""
        self._quantiles = self._quantiles[stay[stay < len(self._quantiles)]]

    def columns(self) -> list[Column]:
        """Return the forecasts as record columns, in whole watts."""
        watts = np.rint(self._quantiles.astype(np.float64) * WATTS)
        by_level = np.nan_to_num(watts).astype(np.int64).transpose(1, 2, 0)
        place = np.array([self._first_ms, self._step_ms, self._steps])
        levels = np.array(self.levels, np.float32)
        return [place, levels, *by_level.reshape(3 * self._steps, -1)]

    def load(self, columns: Sequence[Column]) -> None:
        """Restore the forecasts from record columns."""
        place, levels, *watts = map(np.asarray, columns)
        self._first_ms, self._step_ms, self._steps = map(int, place)
        self.levels = tuple(levels.tolist())
        kw = np.array(watts, np.float64) / WATTS
        by_row = kw.reshape(3, self._steps, -1).transpose(2, 0, 1)
        self._quantiles = np.ascontiguousarray(by_row, np.float32)
