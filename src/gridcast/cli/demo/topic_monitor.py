"""The demo's state as read from Kafka: rate of readings, lag of the workers, forecasts.

The worker is not asked, so this shows what any consumer of the topics would see, and a worker
that hangs cannot look healthy.
"""

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
from confluent_kafka import Consumer, KafkaException, TopicPartition

from gridcast.schemas import (
    DeadLetter,
    Forecast,
    GridSeries,
    SeriesKind,
    TimeBounds,
    decode,
    read,
    within,
)
from gridcast.schemas.bounds import NEVER
from gridcast.schemas.topics import DEAD_LETTERS, FORECASTS, READINGS, SERIES
from gridcast.stream.kafka.config import group, looking_options
from gridcast.stream.kafka.message_reader import poll_messages
from gridcast.stream.settings import Settings

RATE_OVER_S = 10.0
WITHIN_S = 5.0
TAKE = 5_000


@dataclass(slots=True)
class Picture:
    """The state at one moment."""

    sent: int = 0
    """Number of messages on `meter.readings`."""
    worked: int = 0
    """Number of those that the workers have acknowledged."""
    sent_per_s: float = 0.0
    worked_per_s: float = 0.0
    lag_by_partition: dict[int, int] = field(default_factory=dict)
    newest_ms: int | None = None
    """Event time of the newest reading."""
    series: int = 0
    """Number of series with readings."""
    letters: Counter[str] = field(default_factory=Counter)
    """Dead letters by reason."""
    last_letter: DeadLetter | None = None
    zones: dict[str, str] = field(default_factory=dict)
    """Declared name of each zone."""
    load_kw: dict[str, float] = field(default_factory=dict)
    """Newest reading of each zone."""
    forecasts: int = 0
    """Number of committed forecasts."""
    forecasts_per_s: float = 0.0
    forecast: dict[str, Forecast] = field(default_factory=dict)
    """Newest forecast of each zone."""

    @property
    def lag(self) -> int:
        """Messages that wait for the workers."""
        return sum(self.lag_by_partition.values())


class TopicMonitor:
    """A consumer of the deployment's topics. `look` updates the state."""

    def __init__(self, settings: Settings, *, partitions: int) -> None:
        self.picture = Picture()
        readings = settings.topic_prefix + READINGS.name
        self._letters_topic = settings.topic_prefix + DEAD_LETTERS.name
        self._forecasts_topic = settings.topic_prefix + FORECASTS.name
        self._series_topic = settings.topic_prefix + SERIES.name
        self._partitions = [TopicPartition(readings, number) for number in range(partitions)]
        # One client asks for the group's committed offsets, the other consumes.
        self._group = Consumer(looking_options(settings) | {"group.id": group(settings)})
        self._reader = Consumer(looking_options(settings))
        self._reader.assign(
            [
                *(
                    TopicPartition(topic, number, 0)
                    for topic in (readings, self._forecasts_topic)
                    for number in range(partitions)
                ),
                TopicPartition(self._letters_topic, 0, 0),
                TopicPartition(self._series_topic, 0, 0),
            ]
        )
        millisecond = timedelta(milliseconds=1)
        self._bounds = TimeBounds(
            ahead_ms=timedelta(seconds=settings.future_bound_s) // millisecond,
            behind_ms=timedelta(days=settings.window_days) // millisecond,
        )
        self._seen: set[str] = set()
        self._history: deque[tuple[float, int, int, int]] = deque()

    def look(self, for_s: float) -> Picture:
        """Consume for `for_s` seconds, then read the workers' committed offsets."""
        end = time.monotonic() + for_s
        while (left := end - time.monotonic()) > 0:
            self._take(poll_messages(self._reader, min(left, 0.2), TAKE))
        self._measure()
        return self.picture

    def close(self) -> None:
        """Close the Kafka clients."""
        self._reader.close()
        self._group.close()

    def _take(self, messages: list) -> None:  # type: ignore[type-arg]
        keys, values, sent_ms = [], [], []
        for message in messages:
            if message.error():
                continue
            if message.topic() == self._letters_topic:
                self._take_letter(message.key(), message.value())
            elif message.topic() == self._series_topic:
                self._take_series(message.key(), message.value())
            elif message.topic() == self._forecasts_topic:
                self._take_forecast(message.key(), message.value())
            else:
                keys.append(message.key())
                values.append(message.value())
                sent_ms.append(message.timestamp()[1])
        # Like the workers, ignore a meter whose clock was never set.
        decoded, _ = within(decode(keys, values), np.array(sent_ms, np.int64), NEVER, self._bounds)
        readings = decoded.readings
        if not len(readings):
            return
        picture = self.picture
        picture.newest_ms = max(picture.newest_ms or 0, int(readings.time_ms.max()))
        new = set(readings.series) - self._seen
        self._seen |= new
        picture.series = len(self._seen)
        for name, value in zip(readings.series, readings.value, strict=True):
            if name in picture.zones:
                picture.load_kw[name] = float(value)

    def _take_letter(self, key: bytes | None, value: bytes | None) -> None:
        letter = read(DEAD_LETTERS, key, value)
        if isinstance(letter, DeadLetter):
            self.picture.letters[letter.reason] += 1
            self.picture.last_letter = letter

    def _take_series(self, key: bytes, value: bytes | None) -> None:
        declared = read(SERIES, key, value)
        if isinstance(declared, GridSeries) and declared.kind is SeriesKind.ZONE:
            self.picture.zones[declared.series] = declared.name or declared.series

    def _take_forecast(self, key: bytes, value: bytes) -> None:
        self.picture.forecasts += 1
        series = key.decode()
        # Only zones are decoded: there may be thousands of forecasts per second.
        if series in self.picture.zones:
            forecast = read(FORECASTS, key, value)
            if isinstance(forecast, Forecast):
                self.picture.forecast[series] = forecast

    def _measure(self) -> None:
        picture = self.picture
        try:
            committed = self._group.committed(self._partitions, timeout=WITHIN_S)
            ends = {
                partition.partition: self._group.get_watermark_offsets(partition, timeout=WITHIN_S)
                for partition in self._partitions
            }
        except KafkaException:
            return  # the next look retries
        done = {partition.partition: max(partition.offset, 0) for partition in committed}
        picture.sent = sum(high for _, high in ends.values())
        picture.worked = sum(done.values())
        picture.lag_by_partition = {
            number: high - max(done[number], low) for number, (low, high) in ends.items()
        }
        self._history.append((time.monotonic(), picture.sent, picture.worked, picture.forecasts))
        while self._history[-1][0] - self._history[0][0] > RATE_OVER_S:
            self._history.popleft()
        (then, *before), (now, *after) = self._history[0], self._history[-1]
        if now > then:
            rates = [(b - a) / (now - then) for a, b in zip(before, after, strict=True)]
            picture.sent_per_s, picture.worked_per_s, picture.forecasts_per_s = rates
