"""Former forecasts: the median for each slot, made 1, 6 and 24 hours before it ended.

A ring of ticks over all series. Only ticks at the begin of a slot are kept, and of each only the
medians for the slots that end 1, 6 and 24 hours later. This takes 12 bytes per slot and series:
2.3 KB for a day of quarter hours, half as much as the newest forecast.
"""

from datetime import datetime

import msgspec
import numpy as np
import numpy.typing as npt

from gridcast.units import MINUTE_MS

AHEAD_MINUTES = (60, 360, 1440)
BEGIN_ROWS = 256
TICK, QUOTE = b'"tick":"', b'"'


class _Forecast(msgspec.Struct):
    series: str
    levels: list[float]
    quantiles: list[list[float]]


_FORECAST = msgspec.json.Decoder(_Forecast)


class ForecastHistory:
    """The former forecasts of all series, for the slots of the last hours and for future ones.

    Parameters
    ----------
    step_ms
        Width of a slot.
    slots
        Number of past slots that are kept.
    ahead_minutes
        How long before the end of a slot its forecasts were made.

    Examples
    --------
    >>> history = ForecastHistory(step_ms=60_000, slots=3, ahead_minutes=(2,))
    >>> history.note(b'{"series":"m-1","tick":"1970-01-01T00:00:00Z","levels":[0.5],'
    ...              b'"quantiles":[[7.0,8.0]]}')
    >>> history.of("m-1")  # the slot that ends two minutes after the tick
    [(60000, [8.0])]
    """

    def __init__(
        self, step_ms: int, slots: int, ahead_minutes: tuple[int, ...] = AHEAD_MINUTES
    ) -> None:
        self.ahead_minutes = ahead_minutes
        self.tick_ms: int | None = None
        """The newest tick of any series: the event time that the grid has reached."""
        self._step_ms = step_ms
        self._ahead = np.maximum(np.array(ahead_minutes) * MINUTE_MS // step_ms - 1, 0)
        self._slots = slots + int(self._ahead.max())
        self._head: int | None = None
        self._rows: dict[str, int] = {}
        self._kw = np.zeros((0, self._slots, len(ahead_minutes)), np.float32)

    def note(self, value: bytes | None) -> None:
        """Add a forecast, given as the value of its message. Ticks within a slot are skipped."""
        tick_ms = _tick_ms(value or b"")
        if value is None or tick_ms is None:
            return
        self.tick_ms = tick_ms if self.tick_ms is None else max(self.tick_ms, tick_ms)
        slot = tick_ms // self._step_ms
        if tick_ms % self._step_ms or (self._head is not None and slot <= self._head - self._slots):
            return
        try:
            forecast = _FORECAST.decode(value)
            median = forecast.quantiles[len(forecast.levels) // 2]
        except (msgspec.MsgspecError, UnicodeDecodeError, IndexError):
            return  # the latest state refuses it, too
        self._advance(slot)
        row = self._row_of(forecast.series)
        for column, steps in enumerate(self._ahead.tolist()):
            is_forecast = steps < len(median)
            self._kw[row, slot % self._slots, column] = median[steps] if is_forecast else np.nan

    def of(self, series: str) -> list[tuple[int, list[float | None]]]:
        """Return the begin of each slot that has former medians, and those, kW; oldest first."""
        row = self._rows.get(series)
        if row is None or self._head is None:
            return []
        longest = int(self._ahead.max())
        slots = np.arange(self._head - self._slots + 1 + longest, self._head + longest + 1)
        ticks = slots[:, None] - self._ahead
        kept = (ticks <= self._head) & (ticks > self._head - self._slots)
        kw = self._kw[row, ticks % self._slots, np.arange(len(self._ahead))].astype(np.float64)
        kw[~kept] = np.nan
        return [
            (begin, [None if np.isnan(value) else round(value, 3) for value in values])
            for begin, values in zip((slots * self._step_ms).tolist(), kw.tolist(), strict=True)
            if not np.isnan(values).all()
        ]

    def _row_of(self, series: str) -> int:
        row = self._rows.setdefault(series, len(self._rows))
        if row >= len(self._kw):
            self._kw = np.concatenate([self._kw, self._none(max(len(self._kw), BEGIN_ROWS))])
        return row

    def _none(self, rows: int) -> npt.NDArray[np.float32]:
        return np.full((rows, *self._kw.shape[1:]), np.nan, np.float32)

    def _advance(self, slot: int) -> None:
        if self._head is None:
            self._head = slot
        for passed in range(max(self._head, slot - self._slots) + 1, slot + 1):
            self._kw[:, passed % self._slots] = np.nan
        self._head = max(self._head, slot)


def _tick_ms(value: bytes) -> int | None:
    """Return the tick without parsing the rest, which 14 of 15 forecasts don't need."""
    begin = value.find(TICK) + len(TICK)
    end = value.find(QUOTE, begin)
    if begin < len(TICK) or end < 0:
        return None
    try:
        return round(datetime.fromisoformat(value[begin:end].decode()).timestamp() * 1000)
    except ValueError:
        return None
