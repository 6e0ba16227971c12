"""How a deployment forecasts: alike in a worker and where its history is played again."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from weakref import WeakKeyDictionary

from gridcast.agents.metrics import Metrics
from gridcast.agents.partition_processor import OnTick
from gridcast.agents.state_table import Output
from gridcast.models.partition import Partition, Tick
from gridcast.models.serving import TickContext
from gridcast.models.tick import TickForecaster
from gridcast.models.weather import Weather
from gridcast.schemas import TimeBounds
from gridcast.schemas.quantile_texts import QuantileTexts
from gridcast.schemas.topics import FORECASTS, SCORES
from gridcast.stream.settings import Settings
from gridcast.stream.worker.window_spec import window_spec
from gridcast.units import MINUTE_MS


def time_bounds(settings: Settings) -> TimeBounds:
    """Say which readings come at a time that can be used."""
    return TimeBounds(
        ahead_ms=round(settings.future_bound_s * 1000),
        behind_ms=timedelta(days=settings.window_days) // timedelta(milliseconds=1),
    )


def weather_kept(settings: Settings) -> Weather:
    """Make what keeps the weather that ticks are to see."""
    past = timedelta(days=settings.window_days) // timedelta(milliseconds=1)
    return Weather(timedelta(minutes=settings.step_minutes) // timedelta(milliseconds=1), past)


def tick_forecaster(settings: Settings) -> TickForecaster:
    """Make the forecaster of all partitions."""
    return TickForecaster(
        window_spec(settings),
        settings.horizon_hours,
        settings.levels,
        threads=settings.threads or len(os.sched_getaffinity(0)),
        old_hours=settings.weather_old_hours,
    )


def forecasts(
    settings: Settings, beside: Callable[[Tick], TickContext], metrics: Metrics
) -> OnTick:
    """Forecast every series at the ticks that are due, and score what came due.

    `beside` says what is known beside the readings. What is learned and what readings are expected
    follow from the first tick of each slot: that is answered, due or not.
    """
    forecaster, every_ms = tick_forecaster(settings), settings.every_minutes * MINUTE_MS
    texts: WeakKeyDictionary[Partition, QuantileTexts] = WeakKeyDictionary()

    def on_tick(partition: Partition, tick: Tick) -> Iterator[Output]:
        is_due = tick.time_ms % every_ms == 0
        if not is_due and not forecaster.learns(partition):
            return
        answer = forecaster.answer(partition, tick, beside(tick))
        if partition.watch is not None:
            partition.watch.expect(answer.forecasts)
        if is_due:
            metrics.forecast(answer.forecasts)
            own = texts.setdefault(partition, QuantileTexts())
            for key, value in answer.forecasts.messages(own):
                yield Output(FORECASTS, key, value)
        for scores in answer.scores:
            metrics.verified(scores)
            for key, value in scores.messages():
                yield Output(SCORES, key, value)

    return on_tick
