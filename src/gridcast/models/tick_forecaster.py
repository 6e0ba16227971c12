"""Forecasts every series of a partition at a tick.

A forecast is a function of the partition's state, the tick's context, and the tick. What is learned
is kept in the partition. Everything else that is kept between two ticks is a cache of answers that
would come out the same again. So a partition loaded from its records gives the same bytes as one
that kept running.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from gridcast.models.calibration import corrected
from gridcast.models.challengers import in_shadow, rungs_of
from gridcast.models.forecasters import Fallbacks
from gridcast.models.forecasters.population import MOST as MOST_OTHERS
from gridcast.models.forecasters.population import like_others, widen
from gridcast.models.grid import Grid
from gridcast.models.partition import Partition, Tick
from gridcast.models.serving import EMPTY_CONTEXT, TickContext
from gridcast.models.serving.answer_cache import FinishedForecasts
from gridcast.models.serving.partition_serving import PartitionServing, ServingAtTick
from gridcast.models.splines import share_measured
from gridcast.models.verification import Forecasted
from gridcast.models.windows import Windows, WindowSpec
from gridcast.models.windows.marks import NOTHING, share_of
from gridcast.models.windows.minute import Rows
from gridcast.models.windows.trust import TRUST, Trust
from gridcast.schemas.bounds import NEVER
from gridcast.schemas.forecast import ClosedBy
from gridcast.schemas.forecast_columns import ForecastColumns, to_the_watt
from gridcast.schemas.score_columns import ScoreColumns
from gridcast.units import HOUR_MS, MINUTE_MS

MOST, LEAST = 2_048, 128
"""Series that are worked on at once: memory stays small however many there are."""


class TickForecaster:
    """Forecasts every series of a partition at its ticks.

    The first slot of the horizon is the one that the tick lies in. That slot is not over, so its
    mean is still a forecast; the share of it that was measured is used as measured.

    Parameters
    ----------
    spec
        The shape of the windows.
    horizon_hours
        How far ahead; the last slot begins before that.
    levels
        Probabilities of the quantiles, ascending.
    threads
        Number of worker threads. It changes only the time that a tick takes.
    old_hours
        A weather forecast issued longer ago than this is not used.
    """

    def __init__(
        self,
        spec: WindowSpec,
        horizon_hours: float,
        levels: Sequence[float],
        *,
        threads: int = 1,
        old_hours: float = 24,
    ) -> None:
        self.spec = spec
        horizon = round(horizon_hours * 60 / spec.step_minutes)
        self.fallbacks = Fallbacks(spec.day, horizon, levels)
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, "tick") if threads > 1 else None
        self._old_ms = round(old_hours * HOUR_MS)
        self._serving: WeakKeyDictionary[Partition, PartitionServing] = WeakKeyDictionary()
        self._serving_lock = Lock()

    def learns(self, partition: Partition) -> bool:
        """Return True if a forecast now would be the first of its slot: only those are noted."""
        windows, fallbacks = partition.windows, self.fallbacks
        checks = partition.checks
        is_set_up = checks.suits(windows, fallbacks.horizon, fallbacks.levels)
        return not is_set_up or not checks.has_noted(windows.closed)

    def judge(self, partition: Partition) -> list[ScoreColumns]:
        """Judge the forecasts that came due and learn from them; return scores of past hours."""
        windows, checks = partition.windows, partition.checks
        checks.begin(windows, self.fallbacks.horizon, self.fallbacks.levels)
        return checks.judge(windows)

    def forecast_and_note(
        self, partition: Partition, tick: Tick, context: TickContext = EMPTY_CONTEXT
    ) -> ForecastColumns:
        """Forecast all series, and note in the partition what is to be judged later."""
        windows, checks = partition.windows, partition.checks
        answer = self._answer(partition, tick, context)
        checks.note(windows, answer.forecasted)
        for forecasted in answer.challengers():
            checks.note(windows, forecasted, challenger=True)
        return answer.columns()

    def forecast(
        self, partition: Partition, tick: Tick, context: TickContext = EMPTY_CONTEXT
    ) -> ForecastColumns:
        """Forecast all series of a partition that stands at this tick, in the order of its rows.

        Nothing is judged, learned or noted: the partition stays as it is.
        """
        return self._answer(partition, tick, context).columns()

    def _answer(self, partition: Partition, tick: Tick, context: TickContext) -> "_Answer":
        windows = partition.windows
        if windows.tick_ms != tick.time_ms:
            raise ValueError(f"the partition stands at {windows.tick_ms}, not at {tick.time_ms}")
        windows.settle()
        serving = self._serving_of(partition, context.grid)
        releases = serving.at(windows, tick.time_ms, context, self._old_ms)
        answer = _Answer(self, partition, tick, releases, serving.finished)
        size = min(MOST, max(LEAST, -(-len(windows) // self._threads)))
        starts = range(0, len(windows), size)
        parts = [slice(first, min(len(windows), first + size)) for first in starts]
        self._each(answer.work, parts)
        answer.like_others()
        self._each(answer.finish, parts)
        serving.finished = answer.finished
        return answer

    def _each(self, work: Callable[[slice], None], parts: Sequence[slice]) -> None:
        if self._pool is None:
            for part in parts:
                work(part)
        else:
            for _ in self._pool.map(work, parts):
                pass

    def _serving_of(self, partition: Partition, grid: Grid) -> PartitionServing:
        with self._serving_lock:
            serving = self._serving.get(partition)
            if serving is None or serving.grid is not grid:
                serving = self._serving[partition] = PartitionServing(grid)
            return serving


class _Answer:
    """The forecasts of one tick while they are computed, some rows at a time."""

    def __init__(
        self,
        forecaster: TickForecaster,
        partition: Partition,
        tick: Tick,
        releases: ServingAtTick,
        before: FinishedForecasts | None,
    ) -> None:
        self._spec, self._fallbacks = forecaster.spec, forecaster.fallbacks
        self._windows, self._tick, self._releases = partition.windows, tick, releases
        windows, levels = partition.windows, self._fallbacks.levels
        known = partition.checks.suits(windows, self._fallbacks.horizon, levels)
        self._checks = partition.checks if known else None
        series = len(windows)
        self._opened = windows.open_slot()
        into_slot = (tick.time_ms - windows.closed * self._spec.step_ms) / self._spec.step_ms
        self._over = share_of(self._opened.mark) * into_slot
        shape = (series, len(levels), self._fallbacks.horizon)
        self._quantiles = np.empty(shape, np.float32)
        learned = self._checks.calibration if self._checks else None
        about = (*releases.answerers, learned, learned and learned.edition)
        self.finished = FinishedForecasts(
            about,
            np.zeros(series, np.uint64),
            np.zeros(series, np.intp),
            np.empty(shape[:2], np.float32),
            self._quantiles,
        )
        """Its forecasts when they are complete."""
        self._made_by = np.zeros(series, np.uint16)
        self._measured = np.empty(series)
        self._newest_ms = np.full(series, NEVER)
        self._rung = rungs_of(releases.makers)
        leads = self._checks.leads(windows.closed) if self._checks else []
        noted = (len(leads), series, len(levels))
        self.forecasted = Forecasted(
            leads,
            np.empty(noted, np.float32),
            np.empty(noted, np.float32),
            releases.makers,
            self._made_by,
        )
        """The forecasts to note for verification."""
        # Noted forecasts need their values before calibration, so nothing is reused then.
        is_known = (
            before is not None and before.about == about and len(before.fingerprint) == series
        )
        self._before = before if is_known and not leads else None

    def work(self, part: slice) -> None:
        """Forecast some rows."""
        windows, releases = self._windows, self._releases
        mean, mark = windows.cut(self._spec.slots, part)
        self._measured[part] = share_measured(mark)
        self._newest_ms[part] = _newest_slots(windows, mark)
        quantiles, made_by = self._quantiles[part], self._made_by[part]
        fingerprints = self.finished.fingerprint[part]
        releases.answer(part, (mean, mark), quantiles, made_by, fingerprints)
        rest = np.flatnonzero(fingerprints == 0)
        if len(rest):
            rows = part.start + rest
            if len(rest) < len(quantiles):
                mean, mark = mean[:, rest], mark[:, rest]
            lower, opened = releases.lower[rows], self._opened.mean[rows]
            answer = self._fallbacks.forecast(mean, mark, lower, opened)
            quantiles[rest] = answer.quantiles
            made_by[rest] = releases.fell_back(rows, answer.why)

    def like_others(self) -> None:
        """Forecast series without a past from others of their kind."""
        load = np.empty((0, 0), np.float32)
        for new, rest in self._releases.without_a_past(self._made_by):
            if not len(load):
                closed, _ = self._windows.cut(self._spec.day)
                load = np.append(closed, [self._opened.mean], axis=0).T
            others = rest[:MOST_OTHERS]
            profiles, cannot = like_others(
                (load[new], ~np.isnan(load[new])),
                (load[others], ~np.isnan(load[others])),
                self._quantiles[others],
            )
            can = new[~cannot]
            wide = widen(profiles[~cannot], self._quantiles[can], len(self._fallbacks.levels) // 2)
            lower = np.minimum(self._releases.lower[can], 0)[:, None, None]
            self._quantiles[can] = np.maximum(wide, lower)
            self._releases.like_others(can, self._made_by)

    def finish(self, part: slice) -> None:
        """Apply calibration to these rows, and the measured share of the open slot."""
        now, before = self.finished, self._before
        quantiles, first = self._quantiles[part], now.first[part]
        now.rung[part] = rung = self._rung[self._made_by[part]]
        anew: slice | Rows = slice(None)
        if before is not None:
            same = before.holds(part, now.fingerprint[part], rung)
            quantiles[same], first[same] = before.quantiles[part][same], before.first[part][same]
            anew = np.flatnonzero(~same)
        rows = np.arange(part.start, part.stop)[anew]
        if len(rows):
            calibrated = self._calibrate(rows, quantiles[anew], rung[anew])
            first[anew], quantiles[anew] = calibrated[:, :, 0], to_the_watt(calibrated)
        settled = _settled(first, self._opened.mean[part], self._over[part])
        quantiles[:, :, 0] = to_the_watt(settled)

    def _calibrate(
        self, rows: Rows, quantiles: npt.NDArray[np.float32], rung: npt.NDArray[np.intp]
    ) -> npt.NDArray[np.float32]:
        """Calibrate some rows. Note the forecasts to verify, before and after."""
        forecasted = self.forecasted
        calibrated = self._corrected(rows, rung, quantiles)
        for place, (_, lead) in enumerate(forecasted.leads):
            forecasted.raw[place, rows] = quantiles[:, :, lead]
            forecasted.issued[place, rows] = calibrated[:, :, lead]
        return calibrated

    def _corrected(
        self, rows: Rows, rung: npt.NDArray[np.intp], quantiles: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        shift = None if self._checks is None else self._checks.shift(rows, rung)
        if shift is None:
            return quantiles
        return corrected(quantiles, shift, self._releases.lower[rows])

    def challengers(self) -> Iterator[Forecasted]:
        """Yield the challengers' forecasts to note."""
        leads = self.forecasted.leads
        for challenger in self._releases.challengers if leads else ():
            if len(challenger.answers.rows):
                yield in_shadow(
                    challenger, self._windows, self._releases.facts, leads, self._corrected
                )

    def columns(self) -> ForecastColumns:
        """Return the result."""
        windows, tick = self._windows, self._tick
        _note_readings(windows, self._newest_ms)
        return ForecastColumns(
            tick_ms=tick.time_ms,
            first_ms=windows.closed * self._spec.step_ms,
            step_minutes=self._spec.step_minutes,
            levels=self._fallbacks.levels,
            closed_by=ClosedBy.WALL_CLOCK if tick.by_clock else ClosedBy.WATERMARK,
            series=list(windows.roster.names),
            quantiles=self._quantiles,
            makers=self._releases.makers,
            made_by=self._made_by,
            newest_ms=self._newest_ms,
            measured=self._measured,
        )


def _settled(
    first: npt.NDArray[np.float32],
    opened: npt.NDArray[np.float32],
    over: npt.NDArray[np.float64],
) -> npt.NDArray[np.float32]:
    """Return the open slot's mean: its measured share as measured, the rest as forecast."""
    rows, settled = np.flatnonzero(over), first.copy()
    share = over[rows, None].astype(np.float32)
    settled[rows] = opened[rows, None] * share + first[rows] * (np.float32(1) - share)
    return settled


def _newest_slots(windows: Windows, mark: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Return when the newest non-empty compacted slot began. Its single readings are gone."""
    compacted = mark[: windows.spec.slots - (windows.closed - windows.fine)]
    is_measured = compacted[::-1] != NOTHING
    slot = windows.fine - 1 - is_measured.argmax(axis=0)
    return np.where(is_measured.any(axis=0), slot * windows.spec.step_ms, NEVER)


def _note_readings(windows: Windows, newest_ms: npt.NDArray[np.int64]) -> None:
    """Set the time of the newest used single reading before the tick."""
    tick_ms, step_ms = windows.tick_ms or 0, windows.spec.step_ms
    silent_ms = (windows.roster.last_ms // step_ms + 1) * step_ms
    waiting, end_ms = np.arange(len(newest_ms)), tick_ms
    for number in sorted(windows.minutes, reverse=True):
        time_ms = number * MINUTE_MS
        if time_ms >= end_ms:
            continue
        minute = windows.minutes[number]
        used = TRUST[minute.quality] != Trust.REJECTED
        row = minute.row[used]
        newest_ms[row] = np.maximum(newest_ms[row], time_ms + minute.offset_ms[used])
        # Most series are done after the newest minute. A silent one needs its last slot.
        waiting = waiting[newest_ms[waiting] < time_ms]
        if not len(waiting):
            break
        end_ms = min(tick_ms, int(silent_ms[waiting].max()))
