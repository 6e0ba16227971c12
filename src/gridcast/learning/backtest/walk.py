"""Forecast one partition of a recording, tick by tick like a worker, in a process of its own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gridcast.learning.backtest.forecast_file import ForecastWriter
from gridcast.learning.backtest.plan import BacktestPlan
from gridcast.learning.backtest.tick_context import backtest_context, models_of
from gridcast.models.partition import Partition, Tick
from gridcast.models.simulator import Arrivals
from gridcast.models.tick import TickSetup, run_tick
from gridcast.schemas import GridSeries, within
from gridcast.schemas.columns import ReadingColumns
from gridcast.schemas.decode import WHOLE, Decoded
from gridcast.schemas.forecast_columns import ForecastColumns
from gridcast.stream.recording.recording import WeatherMessage
from gridcast.stream.worker.forecasting import tick_forecaster, time_bounds

AT_ONCE = 50_000
"""Number of readings per batch."""
OnProgress = Callable[[int], None]
"""A callback with the time of each tick."""


@dataclass(frozen=True)
class SuccessorModel:
    """A model that replaces the former one at a time."""

    from_ms: int
    model: str
    """A model file."""


@dataclass(frozen=True)
class PartitionTask:
    """The work of one process: one partition, one forecaster."""

    forecaster: str
    model: str
    """box, none, or a model file."""
    later: tuple[SuccessorModel, ...]
    """Models that replace it, in order."""
    number: int
    """The partition."""
    plan: BacktestPlan
    series: tuple[GridSeries, ...]
    """All series of the recording. A row number is an index into this."""
    arrivals: Arrivals
    """The partition's readings."""
    offset: npt.NDArray[np.int64]
    """Offset of each reading's message. A tick can only close after a whole message."""
    weather: tuple[WeatherMessage, ...]
    share: float
    """Share of the forecasts to score."""
    folder: Path | None
    """Folder for all forecasts; None to store none."""


@dataclass(frozen=True)
class PartitionForecasts:
    """The forecasts of a partition that are to be scored."""

    forecaster: str
    row: npt.NDArray[np.int32]
    origin_ms: npt.NDArray[np.int64]
    quantiles: npt.NDArray[np.float32]
    """[n, leads, levels], kW."""
    rung: npt.NDArray[np.str_]
    forecasts: int
    """Number of all forecasts made."""


def walk(task: PartitionTask, on_progress: OnProgress = lambda _: None) -> PartitionForecasts:
    """Forecast a partition at every tick of its plan."""
    plan = task.plan
    number = {declared.series: place for place, declared in enumerate(task.series)}
    leads = np.array(plan.leads)
    parts: list[tuple[npt.NDArray[np.generic], ...]] = []
    made = 0
    with ForecastWriter.at(
        task.folder, f"{task.forecaster}-{task.number}", task.forecaster
    ) as keeper:
        for tick, columns in forecasts(task, on_progress):
            made += len(columns)
            keeper.keep(columns)
            row = np.array([number[name] for name in columns.series], np.int64)
            chosen = plan.judged(row, tick.time_ms, task.share)
            if len(chosen):
                quantiles = columns.quantiles[chosen][:, :, leads].transpose(0, 2, 1)
                rungs = np.array([str(maker.rung) for maker in columns.makers])
                parts.append(
                    (
                        row[chosen].astype(np.int32),
                        np.full(len(chosen), tick.time_ms),
                        np.ascontiguousarray(quantiles),
                        rungs[columns.made_by[chosen]],
                    )
                )
    empty = (
        np.empty(0, np.int32),
        np.empty(0, np.int64),
        np.empty((0, len(leads), len(plan.settings.levels)), np.float32),
        np.empty(0, "U1"),
    )
    row_, origin, quantiles_, rung = (
        np.concatenate(column) for column in zip(*(parts or [empty]), strict=True)
    )
    return PartitionForecasts(task.forecaster, row_, origin, quantiles_, rung, made)


def forecasts(
    task: PartitionTask, on_progress: OnProgress = lambda _: None
) -> Iterator[tuple[Tick, ForecastColumns]]:
    """Return the forecasts of every due tick, calibrated as a worker's would be by then."""
    plan, settings = task.plan, task.plan.settings
    context, weather = backtest_context(settings, task.series, task.weather, task.model)
    # A process has one core: threads within it would only make it wait.
    forecaster = tick_forecaster(settings.model_copy(update={"threads": 1}))
    setup = TickSetup(forecaster, plan.every_ms, plan.from_ms)
    partition = Partition(forecaster.spec, round(settings.lateness_s * 1000))
    later = list(task.later)
    for tick in _ticks(partition, task):
        on_progress(tick.time_ms)
        if tick.time_ms >= plan.to_ms:
            return
        while later and later[0].from_ms <= tick.time_ms:
            context = replace(context, models=models_of(settings, later.pop(0).model))
        needs_weather = setup.needs_weather(partition, tick, context.models)
        seen = weather.at(tick.time_ms) if needs_weather else None
        # What is learned must not depend on what is due, so every tick is run.
        output = run_tick(partition, tick, replace(context, weather=seen), setup)
        if output.forecasts is not None:
            yield tick, output.forecasts


def _ticks(partition: Partition, task: PartitionTask) -> Iterator[Tick]:
    """Take the readings, judged as the worker judges them; no tick depends on how they are cut."""
    names = np.array([declared.series for declared in task.series], dtype=object)
    bounds = time_bounds(task.plan.settings)
    end = 0
    while (first := end) < len(task.arrivals):
        last = min(first + AT_ONCE, len(task.arrivals)) - 1
        end = int(np.searchsorted(task.offset, task.offset[last], side="right"))
        some, offset = task.arrivals.take(slice(first, end)), task.offset[first:end]
        count = len(some)
        readings = ReadingColumns(
            names[some.series].tolist(), some.time_ms, some.value, some.quality, some.revision
        )
        decoded = Decoded(readings, np.arange(count), np.full(count, WHOLE), [])
        decoded, _ = within(decoded, some.arrival_ms, partition.newest_ms, bounds)
        message = decoded.message
        yield from partition.take(
            decoded.readings, some.arrival_ms[message], offset[message], int(offset[-1]) + 1
        )
