"""The forecasts of a tick: all series of a partition at once.

A pure function of the partition's state and the tick. It keeps nothing between two ticks, so a
partition that was loaded from its records gives the same bytes as one that has lived.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gridcast.models.forecasters import Fallbacks, Why
from gridcast.models.partition import Partition, Tick
from gridcast.models.splines import share_measured
from gridcast.models.windows import Windows, WindowSpec
from gridcast.models.windows.marks import NOTHING, share_of
from gridcast.models.windows.spec import MINUTE_MS
from gridcast.models.windows.trust import TRUST, Trust
from gridcast.schemas.bounds import NEVER
from gridcast.schemas.forecast import ClosedBy
from gridcast.schemas.forecast_columns import ForecastColumns, Maker, to_the_watt

PART = 2_048
"""Series whose windows are cut at once: memory stays small however many there are."""

NO_MODEL = "no model is served"
MAKERS = tuple(Maker(why.rung, why.text or NO_MODEL) for why in Why)
"""By `Why`."""


class TickForecaster:
    """Forecast every series of a partition at its ticks.

    The first slot of the horizon is the one that the tick lies in. It is not over, so its mean is a
    forecast still; but as much of it as was measured is taken as it was.

    Parameters
    ----------
    spec
        The shape of the windows.
    horizon_hours
        How far ahead; the last slot begins before that.
    levels
        Probabilities of the quantiles, rising.
    """

    def __init__(self, spec: WindowSpec, horizon_hours: float, levels: Sequence[float]) -> None:
        self.spec = spec
        horizon = round(horizon_hours * 60 / spec.step_minutes)
        self.fallbacks = Fallbacks(spec.day, horizon, levels)

    def forecast(
        self,
        partition: Partition,
        tick: Tick,
        lower: npt.NDArray[np.floating] | float = 0.0,
    ) -> ForecastColumns:
        """Forecast all series of a partition that stands at this tick, in the order of its rows.

        `lower` is the least that a load can be, for each row or for all.
        """
        windows = partition.windows
        if windows.tick_ms != tick.time_ms:
            raise ValueError(f"the partition stands at {windows.tick_ms}, not at {tick.time_ms}")
        series, fallbacks = len(windows), self.fallbacks
        floor = np.broadcast_to(np.asarray(lower, np.float32), (series,))
        opened = windows.open_slot()
        into_slot = (tick.time_ms - windows.closed * self.spec.step_ms) / self.spec.step_ms
        over = share_of(opened.mark) * into_slot
        shape = (series, len(fallbacks.levels), fallbacks.horizon)
        quantiles = np.empty(shape, np.float32)
        why = np.empty(series, np.uint8)
        measured = np.empty(series)
        newest_ms = np.full(series, NEVER)
        for first in range(0, series, PART):
            part = slice(first, min(series, first + PART))
            mean, mark = windows.cut(self.spec.slots, part)
            answer = fallbacks.forecast(mean, mark, floor[part], opened.mean[part])
            _settle_first_slot(answer.quantiles, opened.mean[part], over[part])
            quantiles[part] = to_the_watt(answer.quantiles)
            why[part] = answer.why
            measured[part] = share_measured(mark)
            newest_ms[part] = _newest_slots(windows, mark)
        _note_readings(windows, newest_ms)
        return ForecastColumns(
            tick_ms=tick.time_ms,
            first_ms=windows.closed * self.spec.step_ms,
            step_minutes=self.spec.step_minutes,
            levels=fallbacks.levels,
            closed_by=ClosedBy.WALL_CLOCK if tick.by_clock else ClosedBy.WATERMARK,
            series=list(windows.roster.names),
            quantiles=quantiles,
            makers=MAKERS,
            made_by=why,
            newest_ms=newest_ms,
            measured=measured,
        )


def _settle_first_slot(
    quantiles: npt.NDArray[np.float32],
    opened: npt.NDArray[np.float32],
    over: npt.NDArray[np.float64],
) -> None:
    """Put in what the open slot's measured share is known to be; only the rest is a forecast."""
    rows = np.flatnonzero(over)
    share = over[rows, None].astype(np.float32)
    known = opened[rows, None] * share
    quantiles[rows, :, 0] = known + quantiles[rows, :, 0] * (np.float32(1) - share)


def _newest_slots(windows: Windows, mark: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Give when the newest compacted slot with anything in it began: its readings are gone."""
    compacted = mark[: windows.spec.slots - (windows.closed - windows.fine)]
    known = compacted[::-1] != NOTHING
    slot = windows.fine - 1 - known.argmax(axis=0)
    return np.where(known.any(axis=0), slot * windows.spec.step_ms, NEVER)


def _note_readings(windows: Windows, newest_ms: npt.NDArray[np.int64]) -> None:
    """Put in the time of the newest reading that is kept by itself, before the tick and used."""
    tick_ms = windows.tick_ms or 0
    for number in sorted(windows.minutes):
        minute = windows.minutes[number]
        if number * MINUTE_MS >= tick_ms:
            break
        used = TRUST[minute.quality] != Trust.REJECTED
        time = number * MINUTE_MS + minute.offset_ms
        row = minute.row[used]
        newest_ms[row] = np.maximum(newest_ms[row], time[used])
