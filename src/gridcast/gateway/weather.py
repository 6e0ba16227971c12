"""The temperature beside a series' load: at its station, as measured and as forecast.

Read from the weather's topics whole, as workers read them, and kept as they keep it, but for no
longer than the past of readings. It is never waited for: a gateway is ready without it.
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
from gridcast.models.weather.between import between
from gridcast.models.weather.weather import FORECAST_APART_MS, OBSERVED_APART_MS
from gridcast.schemas import TimeBounds, Topic, WeatherForecast, WeatherObservation, read
from gridcast.schemas.topics import WEATHER_FORECASTS, WEATHER_OBSERVATIONS
from gridcast.schemas.weather import VARIABLES
from gridcast.stream.kafka.broadcast_consumer import BroadcastConsumer
from gridcast.stream.kafka.keep_trying import keep_trying
from gridcast.stream.kafka.reachable import reachable
from gridcast.stream.settings import Settings

MS = timedelta(milliseconds=1)
TEMPERATURE = slice(VARIABLES.index("temperature_c"), VARIABLES.index("temperature_c") + 1)


class TemperatureCurve(NamedTuple):
    """What was known of the temperature at a series' station, °C; NaN where it was not."""

    station: str | None
    """None: the series has none."""
    time_ms: npt.NDArray[np.int64]
    """When each slot begins of which anything was known; values are those of its middle."""
    measured: npt.NDArray[np.float32]
    forecast: npt.NDArray[np.float32]
    issued_ms: int | None
    """When the newest run was issued; None: there is none."""


class WeatherCurves:
    """The weather of all stations, for who asks about a series.

    Each station is kept by itself: whoever asks about one waits for no other.

    Parameters
    ----------
    grid
        Says which station a series has.
    step_ms
        Width of a slot.
    past_ms, ahead_ms
        How far a question reaches back, and ahead.
    """

    def __init__(self, grid: Grid, step_ms: int, past_ms: int, ahead_ms: int) -> None:
        self._grid = grid
        self._step_ms, self._past_ms, self._ahead_ms = step_ms, past_ms, ahead_ms
        self._weather: dict[str, Weather] = {}
        self._locations: dict[str, tuple[datetime, float, float]] = {}
        """From when on it could be known, and where each station is: what was said last."""

    def __len__(self) -> int:
        return len(self._weather)

    def take(self, message: WeatherObservation | WeatherForecast) -> None:
        """Take what was measured or forecast at one station."""
        name = message.station
        known = self._weather.get(name)
        if known is None:
            known = self._weather[name] = Weather(self._step_ms, self._past_ms)
        if isinstance(message, WeatherObservation):
            known.observe(message)
        else:
            known.forecast(message)
        if message.latitude is not None and message.longitude is not None:
            place = message.available_at, message.latitude, message.longitude
            self._locations[name] = max(place, self._locations.get(name, place))

    def of(self, series: str, tick_ms: int) -> TemperatureCurve:
        """Give what was known at a tick.

        Unlike what a forecaster sees, what was measured does not hide what was forecast of it.
        """
        name = self._station(series)
        if name is None or name not in self._weather:
            return TemperatureCurve(
                name, np.empty(0, np.int64), *(np.empty(0, np.float32),) * 2, None
            )
        known, step_ms = self._weather[name], self._step_ms
        station, since_ms = known.stations()[name], tick_ms - known.reach_ms
        begin, end = tick_ms - self._past_ms, tick_ms + self._ahead_ms
        slots_ms = np.arange(begin - begin % step_ms, end, step_ms, dtype=np.int64)
        middles = slots_ms + step_ms // 2
        at_ms, _, values = station.observations.known(tick_ms, since_ms)
        measured = between(at_ms, values[:, TEMPERATURE], middles, OBSERVED_APART_MS)[:, 0]
        forecast, run = np.full_like(measured, np.nan), station.runs.newest(tick_ms, since_ms)
        if run is not None:
            values = run.values[:, TEMPERATURE]
            forecast = between(run.valid_ms, values, middles, FORECAST_APART_MS)[:, 0]
        some = ~(np.isnan(measured) & np.isnan(forecast))
        issued_ms = None if run is None else run.issued_ms
        return TemperatureCurve(name, slots_ms[some], measured[some], forecast[some], issued_ms)

    def forget(self, tick_ms: int) -> Iterator[None]:
        """Let go of what no question at a tick, or in its past, reaches; a station at a time."""
        for name, known in list(self._weather.items()):
            known.forget(tick_ms - self._past_ms)
            if not len(known):
                del self._weather[name]
                self._locations.pop(name, None)
            yield

    def _station(self, series: str) -> str | None:
        """Give the station that the forecasts of a series have (`gridcast.models.nearest`)."""
        tells = first_that_tells(self._grid, series)
        if tells is not None and tells.station is not None:
            return tells.station
        if tells is None or tells.latitude is None or not self._locations:
            return next(iter(self._weather)) if len(self._weather) == 1 else None
        names = sorted(self._locations)
        places = np.array([self._locations[name][1:] for name in names])
        return names[int(nearest(np.array([[tells.latitude, tells.longitude]]), places)[0])]


class WeatherFeed:
    """Reads the weather of all stations.

    Parameters
    ----------
    settings
        Of the deployment.
    grid
        Says which station a series has.
    metrics
        Are told of what is read.
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
        """Read for ever."""
        await keep_trying("reading the weather", lambda: reachable(self._settings))
        await asyncio.gather(
            *(self._read(topic) for topic in (WEATHER_OBSERVATIONS, WEATHER_FORECASTS))
        )

    async def forget(self, tick_ms: int) -> None:
        """Let go of what is too old."""
        for _ in self.curves.forget(tick_ms):
            await asyncio.sleep(0)

    async def _read(self, topic: Topic) -> None:
        whole = BroadcastConsumer(self._settings, topic, remembers=False)
        await whole.start()
        try:
            async for batch in whole.batches():
                self._metrics.consumed("weather", len(batch), self._take(topic, batch))
                await asyncio.sleep(0)
        finally:
            await whole.stop()

    def _take(self, topic: Topic, batch: Batch) -> int:
        """Take what can be used; gives how many cannot. Workers write dead letters about those."""
        unusable = 0
        for key, value, sent_ms in zip(batch.keys, batch.values, batch.sent_ms, strict=True):
            found = read(topic, key, value, limit=self._settings.message_bytes)
            found = judge(found, int(sent_ms), self._bounds)
            if isinstance(found, WeatherObservation | WeatherForecast):
                self.curves.take(found)
            else:
                unusable += 1
        return unusable
