"""The temperature beside a series' load: measured and forecast, at the series' weather station.

It is read from the weather topics as workers read them, and kept as long as readings are. A gateway
is ready without it.
"""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gridcast.agents.batch import Batch
from gridcast.agents.weather import judge
from gridcast.gateway.metrics import GatewayMetrics
from gridcast.models.grid import Grid
from gridcast.models.nearest import first_that_tells, nearest
from gridcast.models.weather import Weather
from gridcast.models.weather.at_tick import FORECAST_APART_MS, OBSERVED_APART_MS
from gridcast.models.weather.between import between
from gridcast.schemas import TimeBounds, Topic, WeatherForecast, WeatherObservation, read
from gridcast.schemas.topics import WEATHER_FORECASTS, WEATHER_OBSERVATIONS
from gridcast.schemas.weather import VARIABLES
from gridcast.stream.kafka.broadcast_consumer import BroadcastConsumer
from gridcast.stream.kafka.reachable import reachable
from gridcast.stream.kafka.retry import retry_async
from gridcast.stream.settings import Settings

MS = timedelta(milliseconds=1)
TEMPERATURE = slice(VARIABLES.index("temperature_c"), VARIABLES.index("temperature_c") + 1)


class TemperatureCurve(NamedTuple):
    """The temperature at a series' station as known at one time, °C; NaN where it is unknown."""

    station: str | None
    """None: the series has no station."""
    time_ms: npt.NDArray[np.int64]
    """Begin of each slot with any value. The values are those of the slot's middle."""
    measured: npt.NDArray[np.float32]
    forecast: npt.NDArray[np.float32]
    issued_ms: int | None
    """When the newest forecast run was issued; None: there is none."""


class WeatherCurves:
    """The weather of all stations, for queries about single series.

    Each station is stored separately, so a query about one never waits for another.

    Parameters
    ----------
    grid
        Has the station of each series.
    step_ms
        Width of a slot.
    past_ms, ahead_ms
        How far a query reaches back, and ahead.
    """

    def __init__(self, grid: Grid, step_ms: int, past_ms: int, ahead_ms: int) -> None:
        self._grid = grid
        self._step_ms, self._past_ms, self._ahead_ms = step_ms, past_ms, ahead_ms
        self._weather: dict[str, Weather] = {}
        self._locations: dict[str, tuple[datetime, float, float]] = {}
        """The newest location of each station: available since when, latitude, longitude."""

    def __len__(self) -> int:
        return len(self._weather)

    def take(self, message: WeatherObservation | WeatherForecast) -> None:
        """Add an observation or a forecast of one station."""
        name = message.station
        weather = self._weather.get(name)
        if weather is None:
            weather = self._weather[name] = Weather(self._step_ms, self._past_ms)
        if isinstance(message, WeatherObservation):
            weather.observe(message)
        else:
            weather.forecast(message)
        if message.latitude is not None and message.longitude is not None:
            location = message.available_at, message.latitude, message.longitude
            self._locations[name] = max(location, self._locations.get(name, location))

    def of(self, series: str, tick_ms: int) -> TemperatureCurve:
        """Return the temperature of a series' station as known at a tick.

        Unlike in a forecaster's view, a measurement does not hide the forecast for the same time.
        """
        name = self._station(series)
        if name is None or name not in self._weather:
            return TemperatureCurve(
                name, np.empty(0, np.int64), *(np.empty(0, np.float32),) * 2, None
            )
        weather, step_ms = self._weather[name], self._step_ms
        station, since_ms = weather.stations()[name], tick_ms - weather.reach_ms
        begin, end = tick_ms - self._past_ms, tick_ms + self._ahead_ms
        slots_ms = np.arange(begin - begin % step_ms, end, step_ms, dtype=np.int64)
        middles = slots_ms + step_ms // 2
        at_ms, _, values = station.observations.known(tick_ms, since_ms)
        measured = between(at_ms, values[:, TEMPERATURE], middles, OBSERVED_APART_MS)[:, 0]
        forecast, run = np.full_like(measured, np.nan), station.runs.newest(tick_ms, since_ms)
        if run is not None:
            values = run.values[:, TEMPERATURE]
            forecast = between(run.valid_ms, values, middles, FORECAST_APART_MS)[:, 0]
        has_value = ~(np.isnan(measured) & np.isnan(forecast))
        issued_ms = None if run is None else run.issued_ms
        return TemperatureCurve(
            name, slots_ms[has_value], measured[has_value], forecast[has_value], issued_ms
        )

    def forget(self, tick_ms: int) -> Iterator[None]:
        """Drop the weather that no query at a tick or in its past reaches, one station per step."""
        for name, weather in list(self._weather.items()):
            weather.forget(tick_ms - self._past_ms)
            if not len(weather):
                del self._weather[name]
                self._locations.pop(name, None)
            yield

    def _station(self, series: str) -> str | None:
        """Return the station that the forecasts of a series use (`gridcast.models.nearest`)."""
        source = first_that_tells(self._grid, series)
        if source is not None and source.station is not None:
            return source.station
        if source is None or source.latitude is None or not self._locations:
            return next(iter(self._weather)) if len(self._weather) == 1 else None
        names = sorted(self._locations)
        locations = np.array([self._locations[name][1:] for name in names])
        return names[int(nearest(np.array([[source.latitude, source.longitude]]), locations)[0])]


class WeatherFeed:
    """Reads the weather of all stations.

    Parameters
    ----------
    settings
        The deployment's settings.
    grid
        Has the station of each series.
    metrics
        Count messages.
    """

    def __init__(self, settings: Settings, grid: Grid, metrics: GatewayMetrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._bounds = TimeBounds(
            ahead_ms=round(settings.future_bound_s * 1000),
            behind_ms=timedelta(days=settings.window_days) // MS,
        )
        self.curves = WeatherCurves(
            grid,
            timedelta(minutes=settings.step_minutes) // MS,
            past_ms=timedelta(hours=settings.gateway_past_hours) // MS,
            ahead_ms=timedelta(hours=settings.horizon_hours) // MS,
        )

    async def run(self) -> None:
        """Read until cancelled."""
        await retry_async("reading the weather", lambda: reachable(self._settings))
        await asyncio.gather(
            *(self._read(topic) for topic in (WEATHER_OBSERVATIONS, WEATHER_FORECASTS))
        )

    async def forget(self, tick_ms: int) -> None:
        """Drop weather that is too old."""
        for _ in self.curves.forget(tick_ms):
            await asyncio.sleep(0)

    async def _read(self, topic: Topic) -> None:
        consumer = BroadcastConsumer(self._settings, topic, remembers=False)
        await consumer.start()
        try:
            async for batch in consumer.batches():
                self._metrics.consumed("weather", len(batch), self._take(topic, batch))
                await asyncio.sleep(0)
        finally:
            await consumer.stop()

    def _take(self, topic: Topic, batch: Batch) -> int:
        """Add the valid messages and return the number of invalid ones.

        Workers write dead letters about the invalid ones; a gateway only counts them.
        """
        unusable = 0
        for key, value, sent_ms in zip(batch.keys, batch.values, batch.sent_ms, strict=True):
            message = read(topic, key, value, limit=self._settings.message_bytes)
            message = judge(message, int(sent_ms), self._bounds)
            if isinstance(message, WeatherObservation | WeatherForecast):
                self.curves.take(message)
            else:
                unusable += 1
        return unusable
