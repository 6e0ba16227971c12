"""Feeds for a replay: messages in the order of arrival, with their original timestamps."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np

from gridcast.schemas.topics import READINGS, SERIES, WEATHER_FORECASTS, WEATHER_OBSERVATIONS, Topic
from gridcast.schemas.weather import WeatherObservation
from gridcast.stream.recording import Recording
from gridcast.stream.recording.partitions import partitions_of
from gridcast.stream.recording.reading_writer import ReadingWriter
from gridcast.stream.recording.recording import available_ms

PLAYED = (SERIES, WEATHER_OBSERVATIONS, WEATHER_FORECASTS, READINGS)
"""The topics that are played; messages of the same moment are sent in this order."""


class Played(NamedTuple):
    """One message to play."""

    topic: Topic
    partition: int
    key: bytes
    value: bytes | None
    stamp_ms: int


class ReplayFeed(Protocol):
    """A source of messages to play."""

    def next_ms(self) -> int | None:
        """Return when the next reading arrived; None if there is none left."""

    def before(self, due_ms: int) -> Iterator[Played]:
        """Yield what arrived before a moment: first what readings are judged by, then readings."""


class RecordedFeed:
    """A feed of a recording: one message per reading, weather when it became available.

    Parameters
    ----------
    recording
        The recording, already cut to the span that is played.
    partitions
        Number of partitions of the target topics.
    """

    def __init__(self, recording: Recording, partitions: int) -> None:
        self._recording = recording
        self._arrivals = recording.arrivals
        self._writer = ReadingWriter(recording.names)
        self._partition = partitions_of(recording.names, partitions)
        self._place = self._weather = 0
        self._declared = False

    def next_ms(self) -> int | None:
        """Return when the next reading arrived."""
        arrival_ms = self._arrivals.arrival_ms
        return int(arrival_ms[self._place]) if self._place < len(arrival_ms) else None

    def before(self, due_ms: int) -> Iterator[Played]:
        """Yield the series at the first call, then weather, then readings."""
        if not self._declared:
            self._declared = True
            for series in self._recording.series:
                yield Played(
                    SERIES, 0, series.series.encode(), series.to_bytes(), self._recording.first_ms
                )
        weather = self._recording.weather
        while self._weather < len(weather) and available_ms(weather[self._weather]) < due_ms:
            message = weather[self._weather]
            self._weather += 1
            is_observed = isinstance(message, WeatherObservation)
            topic = WEATHER_OBSERVATIONS if is_observed else WEATHER_FORECASTS
            key, stamp_ms = message.station.encode(), available_ms(message)
            yield Played(topic, 0, key, message.to_bytes(), stamp_ms)
        end = int(np.searchsorted(self._arrivals.arrival_ms, due_ms))
        some = self._arrivals.take(slice(self._place, end))
        self._place = max(self._place, end)
        numbers = self._partition[some.series].tolist()
        stamps = some.arrival_ms.tolist()
        for (key, value), number, stamp_ms in zip(
            self._writer.write(some), numbers, stamps, strict=True
        ):
            yield Played(READINGS, number, key, value, stamp_ms)
