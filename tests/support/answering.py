"""Small releases, a partition of daily loads and a sky, for tests of who answers at a tick."""

from functools import cache

import numpy as np
from support.contracts import LEVELS, contract_of
from support.networks import lstm_graph
from support.plain_windows import Row, columns
from support.training import untrained

from gridcast.models.features import FeatureSpec
from gridcast.models.network import Network
from gridcast.models.partition import Partition
from gridcast.models.seal import seal
from gridcast.models.serving import LoadedRelease, ServingModels, TickContext
from gridcast.models.tick_forecaster import TickForecaster
from gridcast.models.weather import Weather
from gridcast.models.windows import WindowSpec
from gridcast.schemas import Forecast, WeatherForecast, WeatherObservation
from gridcast.schemas.forecast_columns import ForecastColumns

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
START = 20_000 * DAY
NOW = START + 8 * DAY
SPEC = WindowSpec(step_minutes=60, days=8, hold_minutes=60)
PLAIN = FeatureSpec(holidays=False)
SEES_WEATHER = FeatureSpec(
    holidays=False, weather=("temperature_c",), weather_ahead=("temperature_c",)
)


def release(name: str, features: FeatureSpec = PLAIN, seed: int = 0) -> LoadedRelease:
    data = seal(lstm_graph(features, seed=seed), contract_of(features))
    return LoadedRelease("small", name, Network.load(data))


def keeping(name: str, features: FeatureSpec) -> LoadedRelease:
    """Give one that keeps what it has read."""
    return LoadedRelease("small", name, _keeping(features))


@cache
def _keeping(features: FeatureSpec) -> Network:
    return Network.load(untrained(features))


FEATURES = (("blind", PLAIN), ("sees", SEES_WEATHER))
ONE, OTHER = release("one"), release("other", seed=1)
BLIND_OR_NOT = release("sees", SEES_WEATHER)


def row(time_ms: int, series: str = "a", value: float = 1.0, quality: int = 0) -> Row:
    return (series, time_ms, value, quality, 0)


def daily(series: str, hours: int = 8 * 24) -> list[Row]:
    times = range(NOW - hours * HOUR, NOW, HOUR)
    return [row(t, series, 10 + 5 * np.sin(t / DAY * 2 * np.pi)) for t in times]


def fed(rows: list[Row], until_ms: int = NOW) -> Partition:
    partition = Partition(SPEC, lateness_ms=0)
    partition.windows.fold(columns(rows))
    partition.windows.advance(until_ms)
    return partition


def forecaster(threads: int = 1) -> TickForecaster:
    return TickForecaster(SPEC, 24, LEVELS, threads=threads)


def told(made: ForecastColumns) -> dict[str, Forecast]:
    return {key.decode(): Forecast.from_bytes(value) for key, value in made.messages()}


def serving(one: LoadedRelease = ONE, **more: object) -> TickContext:
    return TickContext(models=ServingModels({None: one}), **more)  # type: ignore[arg-type]


def sky(issued_ms: int | None) -> Weather:
    weather = Weather(HOUR, 8 * DAY)
    for hour in range(8 * 24):
        weather.observe(
            WeatherObservation.model_validate(
                {
                    "station": "st",
                    "time": _time(START + hour * HOUR),
                    "available_at": _time(START + hour * HOUR),
                    "temperature_c": hour % 24,
                }
            )
        )
    if issued_ms is not None:
        weather.forecast(
            WeatherForecast.model_validate(
                {
                    "station": "st",
                    "issued_at": _time(issued_ms),
                    "available_at": _time(issued_ms),
                    "valid_at": [_time(issued_ms + hour * HOUR) for hour in range(72)],
                    "temperature_c": [float(hour % 24) for hour in range(72)],
                }
            )
        )
    return weather


def _time(ms: int) -> str:
    return f"{np.datetime64(ms, 'ms')}Z"
