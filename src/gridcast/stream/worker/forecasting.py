"""How a deployment forecasts: the same in a worker and in a backtest."""

import os
from collections.abc import Iterator
from datetime import timedelta
from weakref import WeakKeyDictionary

from gridcast.agents.metrics import Metrics
from gridcast.agents.partition_processor import Encode
from gridcast.agents.state_table import Output
from gridcast.models.partition import Partition, Tick
from gridcast.models.tick import TickOutput, TickSetup
from gridcast.models.tick_forecaster import TickForecaster
from gridcast.models.weather import Weather
from gridcast.schemas import TimeBounds
from gridcast.schemas.quantile_texts import QuantileTexts
from gridcast.schemas.topics import FORECASTS, SCORES
from gridcast.stream.settings import Settings
from gridcast.stream.worker.window_spec import window_spec
from gridcast.units import MINUTE_MS


def time_bounds(settings: Settings) -> TimeBounds:
    """Return which times a reading may have."""
    return TimeBounds(
        ahead_ms=round(settings.future_bound_s * 1000),
        behind_ms=timedelta(days=settings.window_days) // timedelta(milliseconds=1),
    )


def weather_kept(settings: Settings) -> Weather:
    """Return an empty store of the weather that ticks see."""
    past = timedelta(days=settings.window_days) // timedelta(milliseconds=1)
    return Weather(timedelta(minutes=settings.step_minutes) // timedelta(milliseconds=1), past)


def tick_forecaster(settings: Settings) -> TickForecaster:
    """Return the forecaster of all partitions."""
    return TickForecaster(
        window_spec(settings),
        settings.horizon_hours,
        settings.levels,
        threads=settings.threads or len(os.sched_getaffinity(0)),
        old_hours=settings.weather_old_hours,
    )


def tick_setup(settings: Settings) -> TickSetup:
    """Return who forecasts in this deployment, and how often."""
    return TickSetup(tick_forecaster(settings), settings.every_minutes * MINUTE_MS)


def encoder(metrics: Metrics) -> Encode:
    """Return a function that encodes forecasts and scores as messages, and counts them."""
    texts: WeakKeyDictionary[Partition, QuantileTexts] = WeakKeyDictionary()

    def encode(partition: Partition, tick: Tick, output: TickOutput) -> Iterator[Output]:  # noqa: ARG001
        if output.forecasts is not None:
            metrics.forecast(output.forecasts)
            own = texts.setdefault(partition, QuantileTexts())
            for key, value in output.forecasts.messages(own):
                yield Output(FORECASTS, key, value)
        for scores in output.scores:
            metrics.verified(scores)
            for key, value in scores.messages():
                yield Output(SCORES, key, value)

    return encode
