"""What had been forecast for the readings that come."""

from collections.abc import Sequence

import numpy as np

from gridcast.models.detection.detector_state import Rows
from gridcast.models.records import Column
from gridcast.schemas.bounds import NEVER
from gridcast.schemas.forecast_columns import WATTS, ForecastColumns
from gridcast.units import MINUTE_MS, Floats, Times


class ExpectedReadings:
    """The first steps of the newest forecast that began with its tick.

    Of the quantiles the outermost and the median are kept: within those no reading is striking.

    Parameters
    ----------
    steps
        How many steps ahead.
    """

    def __init__(self, steps: int = 1) -> None:
        self._steps = steps
        self.levels: tuple[float, ...] = (0.05, 0.5, 0.95)
        """Probabilities of the quantiles, as a record keeps them."""
        self._quantiles = np.zeros((0, 3, steps), np.float32)
        self._first_ms, self._step_ms = NEVER, MINUTE_MS

    def take(self, forecasts: ForecastColumns) -> None:
        """Take the newest forecasts."""
        known = len(forecasts.levels)
        places = [0, known // 2, known - 1]
        steps = min(self._steps, forecasts.quantiles.shape[2])
        self._quantiles = np.full((len(forecasts), 3, self._steps), np.nan, np.float32)
        self._quantiles[:, :, :steps] = forecasts.quantiles[:, places, :steps]
        self.levels = tuple(np.take(forecasts.levels, places).astype(np.float32).tolist())
        self._first_ms = forecasts.first_ms
        self._step_ms = forecasts.step_minutes * MINUTE_MS

    def at(self, tick_ms: int, time_ms: Times) -> Floats:
        """Give what had been forecast for readings of these times, one of each series."""
        found = np.full((len(time_ms), 3), np.nan, np.float32)
        if tick_ms - self._first_ms > self._steps * self._step_ms:
            return found
        known = min(len(time_ms), len(self._quantiles))
        # A meter whose clock is off is still judged by what was expected about now.
        step = np.clip((time_ms[:known] - self._first_ms) // self._step_ms, 0, self._steps - 1)
        found[:known] = self._quantiles[np.arange(known), :, step]
        return found

    def keep(self, stay: Rows) -> None:
        """Forget all series but some, which move together."""
        self._quantiles = self._quantiles[stay[stay < len(self._quantiles)]]

    def columns(self) -> list[Column]:
        """Give it as columns of a record: forecasts are whole watts."""
        watts = np.rint(self._quantiles.astype(np.float64) * WATTS)
        by_level = np.nan_to_num(watts).astype(np.int64).transpose(1, 2, 0)
        place = np.array([self._first_ms, self._step_ms, self._steps])
        levels = np.array(self.levels, np.float32)
        return [place, levels, *by_level.reshape(3 * self._steps, -1)]

    def load(self, columns: Sequence[Column]) -> None:
        """Take it from columns of a record."""
        place, levels, *watts = map(np.asarray, columns)
        self._first_ms, self._step_ms, self._steps = map(int, place)
        self.levels = tuple(levels.tolist())
        kw = np.array(watts, np.float64) / WATTS
        by_row = kw.reshape(3, self._steps, -1).transpose(2, 0, 1)
        self._quantiles = np.ascontiguousarray(by_row, np.float32)
