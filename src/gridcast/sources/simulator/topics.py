"""Send readings and weather at the time they would arrive, after declaring the series."""

from heapq import heappop, heappush
from threading import Event

import numpy as np

from gridcast.models.simulator import Arrivals, Simulation, SimulationChunk
from gridcast.models.simulator.types import Ints
from gridcast.schemas.message import Message
from gridcast.schemas.topics import (
    READINGS,
    SERIES,
    WEATHER_FORECASTS,
    WEATHER_OBSERVATIONS,
    Topic,
)
from gridcast.sources.simulator.broken import broken_now_and_then
from gridcast.sources.simulator.messages import (
    FrameWriter,
    write_observations,
    write_weather_run,
)
from gridcast.sources.simulator.sink import Tell
from gridcast.stream.kafka.bulk_producer import BulkProducer
from gridcast.stream.recording.reading_writer import ReadingWriter
from gridcast.stream.replay.pace import Pace
from gridcast.stream.settings import Settings
from gridcast.units import HOUR_MS

_KNOWN_H = (
    12  # weather of this time before the start is sent first, so that consumers begin with some
)
_FOREVER_MS = 2**63
_USED = (SERIES, READINGS, WEATHER_OBSERVATIONS, WEATHER_FORECASTS)


class Topics:
    """A sink that sends a simulated grid to Kafka."""

    def __init__(
        self,
        simulation: Simulation,
        settings: Settings,
        pace: Pace,
        stop: Event,
        *,
        start_ms: int,
        frames: bool,
        broken_per_million: int,
    ) -> None:
        self._simulation = simulation
        self._settings = settings
        self._producer = BulkProducer(settings, _USED)
        self._broken_per_million = broken_per_million
        self._pace = pace
        self._stop = stop
        grid = simulation.grid
        self._writer = FrameWriter(grid) if frames else ReadingWriter(grid.ids)
        self._zones = grid.zones
        self._weather: list[tuple[int, int, Topic, bytes, bytes]] = []  # a heap, by available_at
        self._weather_ms = start_ms - _KNOWN_H * HOUR_MS  # queued up to here
        self.sent_ms = start_ms  # everything that arrives before this is sent
        self._count = 0
        self._producer.send(SERIES, (_keyed(series) for series in grid.series))
        self._producer.flush()

    def write(self, chunk: SimulationChunk, tell: Tell) -> None:
        """Send a chunk at the set pace."""
        self._queue_weather(chunk.until_ms)
        arrival_ms, place = chunk.arrivals.arrival_ms, 0
        while place < len(arrival_ms) and not self._stop.is_set():
            due_ms = self._due_ms(arrival_ms, place)
            here = int(np.searchsorted(arrival_ms, due_ms))
            self._send_weather(due_ms)
            if here == place:
                tell(0, min(due_ms, chunk.until_ms))
                self._pace.wait()
                continue
            self._send_readings(chunk.arrivals.take(slice(place, here)))
            self.sent_ms = int(arrival_ms[here - 1]) + 1
            self._count += here - place
            tell(here - place, min(self.sent_ms, chunk.until_ms))
            place = here
        if chunk.from_ms == chunk.until_ms and not self._stop.is_set():
            self._send_weather(_FOREVER_MS)  # the last chunk: what becomes known after the end

    def close(self) -> str:
        """Wait until Kafka has confirmed everything."""
        self._producer.flush()
        return (
            f"{self._count:,} readings on {self._settings.topic_prefix}{READINGS.name}"
            f" at {self._settings.broker}"
        )

    def _send_readings(self, arrivals: Arrivals) -> None:
        messages = self._writer.write(arrivals)
        if self._broken_per_million:
            messages = broken_now_and_then(
                messages, self._broken_per_million, self._simulation.seed
            )
        self._producer.send(READINGS, messages)

    def _due_ms(self, arrival_ms: Ints, place: int) -> int:
        # if nothing arrives for a while, continue at the next arrival
        due_ms = self._pace.due_ms(max(self.sent_ms, int(arrival_ms[place])))
        return due_ms // self._writer.GRAIN_MS * self._writer.GRAIN_MS

    def _queue_weather(self, until_ms: int) -> None:
        """Queue weather measured or issued up to `until_ms`. It becomes available later."""
        for observed in self._simulation.observations(self._weather_ms, until_ms):
            zone = self._zones[observed.station]
            for available_ms, message in write_observations(zone, observed):
                self._push(available_ms, WEATHER_OBSERVATIONS, zone.station, message)
        for run in self._simulation.weather_forecasts(self._weather_ms, until_ms):
            zone = self._zones[run.station]
            message = write_weather_run(zone, run)
            self._push(run.available_ms, WEATHER_FORECASTS, zone.station, message)
        self._weather_ms = max(self._weather_ms, until_ms)

    def _push(self, available_ms: int, topic: Topic, station: str, message: bytes) -> None:
        number = len(self._weather)
        heappush(self._weather, (available_ms, number, topic, station.encode(), message))

    def _send_weather(self, due_ms: int) -> None:
        while self._weather and self._weather[0][0] < due_ms:
            _, _, topic, key, message = heappop(self._weather)
            self._producer.send(topic, [(key, message)])


def _keyed(message: Message) -> tuple[bytes, bytes]:
    return message.key or b"", message.to_bytes()
