"""One tick: watch the readings, judge past forecasts, forecast, and note what to judge later.

`run_tick` is the single entry for workers, backtests and benchmarks. It is a function of the
partition's state, the context and the tick, and it neither reads a clock nor waits for anything:
whoever calls it brings the reference data in a `TickContext`.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from gridcast.models.alarms import Condition
from gridcast.models.partition import Partition, Tick
from gridcast.models.serving import EMPTY_CONTEXT, ServingModels, TickContext
from gridcast.models.tick_forecaster import TickForecaster
from gridcast.schemas.bounds import NEVER
from gridcast.schemas.forecast_columns import ForecastColumns
from gridcast.schemas.score_columns import ScoreColumns
from gridcast.units import MINUTE_MS

UNTIMED = nullcontext()


@dataclass(frozen=True, slots=True)
class TickOutput:
    """Everything that one tick gives out."""

    forecasts: ForecastColumns | None
    """None: no forecast is due at this tick."""
    scores: Sequence[ScoreColumns]
    """Scores of the hours that ended with this tick."""
    conditions: Sequence[Condition]
    """Conditions that the watch found in the readings since the tick before."""


@dataclass(frozen=True, slots=True)
class TickSetup:
    """The forecaster, and the ticks at which it publishes."""

    forecaster: TickForecaster | None = None
    """None: nothing is forecast or scored."""
    every_ms: int = MINUTE_MS
    """Forecasts are due at the multiples of this."""
    from_ms: int = NEVER
    """No forecast is due before this tick."""

    def is_due(self, tick: Tick) -> bool:
        """Return True if forecasts are published at this tick."""
        return tick.time_ms >= self.from_ms and tick.time_ms % self.every_ms == 0

    def forecaster_at(self, partition: Partition, tick: Tick) -> TickForecaster | None:
        """Return the forecaster if it has to run at this tick, due or not.

        What is learned, and which readings are expected, follow from the first forecasts of each
        slot. So these are made even if they are not published.
        """
        forecaster = self.forecaster
        if forecaster is None or self.is_due(tick) or forecaster.learns(partition):
            return forecaster
        return None

    def needs_weather(self, partition: Partition, tick: Tick, models: ServingModels) -> bool:
        """Return True if the tick reads the weather: for its models, or for the watch."""
        watch = partition.watch
        if watch is not None and watch.needs_weather(tick.time_ms):
            return True
        return models.sees_weather and self.forecaster_at(partition, tick) is not None


def run_tick(
    partition: Partition,
    tick: Tick,
    context: TickContext = EMPTY_CONTEXT,
    setup: TickSetup = TickSetup(),
    *,
    feed: str = "",
    watch_timer: AbstractContextManager[object] = UNTIMED,
) -> TickOutput:
    """Run one tick of a partition that stands at it.

    Parameters
    ----------
    partition
        Its state; what the tick learns is kept in it.
    tick
        The tick that has just closed.
    context
        The grid, the models that serve, and the weather known at the tick.
    setup
        Who forecasts, and when.
    feed
        Name of the partition in conditions about all of its series.
    watch_timer
        Entered while the readings are judged, so that a caller with a clock can time it.
    """
    with watch_timer:
        conditions = _conditions(partition, tick, context, feed)
    forecaster = setup.forecaster_at(partition, tick)
    if forecaster is None:
        return TickOutput(None, (), conditions)
    scores = forecaster.judge(partition)
    forecasts = forecaster.forecast_and_note(partition, tick, context)
    if partition.watch is not None:
        partition.watch.expect(forecasts)
    return TickOutput(forecasts if setup.is_due(tick) else None, scores, conditions)


def _conditions(
    partition: Partition, tick: Tick, context: TickContext, feed: str
) -> list[Condition]:
    """Judge the readings since the last tick by the forecasts made for them before it."""
    watch = partition.watch
    if watch is None:
        return []
    names = partition.windows.roster.names
    conditions = watch.conditions(tick.time_ms, names, context.grid, feed, context.weather)
    return conditions + watch.health(partition.checks.running, feed)
