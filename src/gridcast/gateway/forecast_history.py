"""What was forecast for each slot an hour, six hours and a day before it ended.

A ring of ticks over all series; of each tick at which a slot begins, the medians for the slots that
end so much later: the last one of a horizon of 24 hours ends a day after the tick. 12 bytes a slot
and series: 2.3 KB for a past of a day in quarters of an hour, half of what the newest forecast
takes.
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
    """What was said of the slots of the last hours, and of those to come.

    Parameters
    ----------
    step_ms
        Width of a slot.
    slots
        How many slots of the past are asked for.
    ahead_minutes
        How long before a slot ends what was said of it is kept.

    Examples
    --------
    >>> history = ForecastHistory(step_ms=60_000, slots=3, ahead_minutes=(2,))
    >>> history.note(b'{"series":"m-1","tick":"1970-01-01T00:00:00Z","levels":[0.5],'
    ...           b'"quantiles":[[7.0,8.0]]}')
    >>> history.of("m-1")  # of the slot that ends two minutes later
    [(60000, [8.0])]
    """

    def __init__(
        self, step_ms: int, slots: int, ahead_minutes: tuple[int, ...] = AHEAD_MINUTES
    ) -> None:
        self.ahead_minutes = ahead_minutes
        self.tick_ms: int | None = None
        """The newest tick of any series: how far the grid's own time has come."""
        self._step_ms = step_ms
        self._ahead = np.maximum(np.array(ahead_minutes) * MINUTE_MS // step_ms - 1, 0)
        self._slots = slots + int(self._ahead.max())
        self._head: int | None = None
        self._rows: dict[str, int] = {}
        self._kw = np.zeros((0, self._slots, len(ahead_minutes)), np.float32)

    def note(self, value: bytes | None) -> None:
        """Take a forecast as it is on the topic; most are of ticks that are passed over."""
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
            return  # the board has refused it, too
        self._advance(slot)
        row = self._row_of(forecast.series)
        for place, steps in enumerate(self._ahead.tolist()):
            known = steps < len(median)
            self._kw[row, slot % self._slots, place] = median[steps] if known else np.nan

    def of(self, series: str) -> list[tuple[int, list[float | None]]]:
        """Give when each slot begins of which something was said, and what; the oldest first."""
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
            (begin, [None if np.isnan(one) else round(one, 3) for one in values])
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
    """Read the tick alone: of fifteen forecasts, fourteen need not be read further."""
    begin = value.find(TICK) + len(TICK)
    end = value.find(QUOTE, begin)
    if begin < len(TICK) or end < 0:
        return None
    try:
        return round(datetime.fromisoformat(value[begin:end].decode()).timestamp() * 1000)
    except ValueError:
        return None
