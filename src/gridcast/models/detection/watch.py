"""Watches the readings of a partition: what comes between two ticks is judged at the second."""

import numpy as np
import numpy.typing as npt

from gridcast.models.detection.detection import Detection, Seen
from gridcast.models.detection.look import Known, Look, Times
from gridcast.models.detection.memory import Floats, Rows
from gridcast.models.records import Kind, Record
from gridcast.schemas.bounds import NEVER
from gridcast.schemas.forecast_columns import ForecastColumns

STEPS = 4
"""So many steps ahead a forecast stands for readings that come before the next."""
MINUTE_MS = 60_000


class Watch:
    """What is needed to judge readings at a tick.

    A reading is judged by the newest forecast that was made before its slot began: one that had
    seen a part of it would say more of the slot's mean and less of a reading.

    Parameters
    ----------
    levels
        Probabilities of the forecast's quantiles.
    """

    def __init__(self, levels: tuple[float, ...]) -> None:
        self.detection = Detection()
        self._levels = levels
        self._heard = np.zeros(0, np.bool_)
        self._value = np.zeros(0, np.float32)
        self._time_ms = np.zeros(0, np.int64)
        self._sent_ms = np.zeros(0, np.int64)
        self._expected = np.zeros((0, len(levels), STEPS), np.float32)
        self._first_ms, self._step_ms = NEVER, MINUTE_MS

    def take(
        self, rows: Rows, value: npt.NDArray[np.floating], time_ms: Times, sent_ms: Times
    ) -> None:
        """Take readings; of each series the newest counts. One that is older tells nothing new."""
        self._grow(int(rows.max(initial=-1)) + 1)
        self._heard[rows] = True
        order = np.argsort(time_ms, kind="stable")
        order = order[time_ms[order] >= self._time_ms[rows[order]]]
        rows = rows[order]
        self._value[rows] = value[order]
        self._time_ms[rows], self._sent_ms[rows] = time_ms[order], sent_ms[order]

    def expect(self, forecasts: ForecastColumns) -> None:
        """Take forecasts that begin with their tick: those of ticks within a slot are left out."""
        if forecasts.first_ms != forecasts.tick_ms:
            return
        self._grow(len(forecasts))
        steps = min(STEPS, forecasts.quantiles.shape[2])
        self._expected[:] = np.nan
        self._expected[: len(forecasts), :, :steps] = forecasts.quantiles[:, :, :steps]
        self._first_ms = forecasts.first_ms
        self._step_ms = forecasts.step_minutes * MINUTE_MS

    def look(self, tick_ms: int, known: Known) -> tuple[Look, Seen]:
        """Judge what came since the last tick."""
        self._grow(len(known.group))
        expected = self._quantiles(tick_ms)
        look = Look(tick_ms, self._heard, self._value, self._time_ms, self._sent_ms, expected)
        self._heard = np.zeros_like(self._heard)
        self._value = np.full_like(self._value, np.nan)
        # A clock that was ahead is believed again when it is not.
        self._time_ms = np.minimum(self._time_ms, tick_ms)
        return look, self.detection.look(look, known)

    def keep(self, stay: Rows) -> None:
        """Forget all series but some, which move together."""
        self.detection.keep(stay)
        self._heard, self._value = self._heard[stay], self._value[stay]
        self._expected = self._expected[stay]
        self._time_ms, self._sent_ms = self._time_ms[stay], self._sent_ms[stay]

    def records(self) -> list[Record]:
        """Give all that is known."""
        parts = self.detection.records()
        own = Record(
            Kind.DETECTION,
            len(parts),
            [
                np.array([self._first_ms, self._step_ms]),
                self._heard,
                self._value,
                self._time_ms,
                self._sent_ms,
                self._expected.ravel(),
            ],
        )
        return [*parts, own]

    def load(self, records: list[Record]) -> None:
        """Take what was known from its records."""
        *parts, own = records
        self.detection.load(parts)
        place, heard, value, time_ms, sent_ms, expected = map(np.asarray, own.columns)
        self._first_ms, self._step_ms = map(int, place)
        self._heard, self._value = heard.astype(np.bool_), value
        self._time_ms, self._sent_ms = time_ms, sent_ms
        self._expected = expected.reshape(-1, len(self._levels), STEPS).copy()

    def _quantiles(self, tick_ms: int) -> Floats:
        """Give what had been forecast for each reading; for the tick where none came."""
        time_ms = np.where(np.isnan(self._value), tick_ms - 1, self._time_ms)
        step = (time_ms - self._first_ms) // self._step_ms
        # A meter whose clock is off is still judged by what was expected about now.
        step = np.clip(step, 0, STEPS - 1)
        if tick_ms - self._first_ms > STEPS * self._step_ms:
            return np.full(self._expected.shape[:2], np.nan, np.float32)
        return np.asarray(self._expected[np.arange(len(step)), :, step], np.float32)

    def _grow(self, rows: int) -> None:
        more = rows - len(self._value)
        if more <= 0:
            return
        self._heard = np.concatenate([self._heard, np.zeros(more, np.bool_)])
        self._value = np.concatenate([self._value, np.full(more, np.nan, np.float32)])
        self._time_ms = np.concatenate([self._time_ms, np.full(more, NEVER)])
        self._sent_ms = np.concatenate([self._sent_ms, np.full(more, NEVER)])
        nothing = np.full((more, len(self._levels), STEPS), np.nan, np.float32)
        self._expected = np.concatenate([self._expected, nothing])
