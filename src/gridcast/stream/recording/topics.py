"""Reading a recording from the live topics."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice

import numpy as np
from confluent_kafka import Message

from gridcast.agents.weather import judge
from gridcast.models.simulator import Arrivals
from gridcast.schemas import GridSeries, WeatherForecast, WeatherObservation, decode, read
from gridcast.schemas.topics import READINGS, SERIES, WEATHER_FORECASTS, WEATHER_OBSERVATIONS, Topic
from gridcast.stream.recording.recording import Places, Recording, WeatherMessage, in_order
from gridcast.stream.recording.taps import (
    FROM_THE_BEGINNING,
    TO_THE_END,
    Tap,
    check_stretch,
    partitions_of_topic,
    whole_from_ms,
)
from gridcast.stream.settings import Settings
from gridcast.stream.worker.forecasting import time_bounds
from gridcast.units import DAY_MS, utc_time

AT_ONCE = 20_000
"""Messages decoded at once."""


def read_topics(settings: Settings, from_ms: int | None, to_ms: int) -> tuple[Recording, int]:
    """Return the recording of a time span with the window before it; `from_ms` None: of everything.

    The second result is the time from which on the readings are complete. Times are Kafka's
    timestamps. Series are as the topic has them now.
    """
    begin_ms = FROM_THE_BEGINNING if from_ms is None else from_ms - settings.window_days * DAY_MS
    taps = _taps(settings, READINGS, begin_ms, to_ms)
    try:
        whole_ms = whole_from_ms(taps, begin_ms)
        check_stretch(taps, whole_ms if from_ms is None else from_ms)
        declared = _series(settings)
        row = {series.series: place for place, series in enumerate(declared)}
        parts = [part for tap in taps for part in _readings(tap, row, settings.message_bytes)]
    finally:
        _close(taps)
    arrivals = Arrivals.join([part for part, _ in parts])
    places = Places.join([part for _, part in parts])
    # Within a partition they are in the order of their offsets, which a stable sort keeps.
    order = np.argsort(arrivals.arrival_ms, kind="stable")
    weather_ms = max(FROM_THE_BEGINNING, begin_ms - 2 * DAY_MS)
    recording = Recording(
        title=settings.topic_prefix + READINGS.name,
        series=(*declared, *(GridSeries(series=name) for name in [*row][len(declared) :])),
        arrivals=arrivals.take(order),
        weather=in_order([*_weather(settings, weather_ms, to_ms)]),
        places=places.take(order),
    )
    return recording, whole_ms


def _readings(tap: Tap, row: dict[str, int], limit: int) -> Iterator[tuple[Arrivals, Places]]:
    """Yield decoded readings, as a worker decodes them; undeclared series get the next rows."""
    newest_ms = 0
    messages = tap.before(TO_THE_END)
    while some := list(islice(messages, AT_ONCE)):
        decoded = decode([m.key() for m in some], [m.value() for m in some], limit=limit)
        readings, message = decoded.readings, decoded.message
        stamps = np.array([m.timestamp()[1] for m in some], np.int64)
        # Kafka's timestamps do not decrease, unless a broker's clock was set back.
        stamps = np.maximum.accumulate(np.maximum(stamps, newest_ms))
        newest_ms = int(stamps[-1])
        arrivals = Arrivals(
            series=np.array([row.setdefault(name, len(row)) for name in readings.series], np.int32),
            time_ms=readings.time_ms,
            arrival_ms=stamps[message],
            value=readings.value,
            quality=readings.quality,
            revision=readings.revision,
        )
        offset = np.array([m.offset() for m in some], np.int64)[message]
        yield arrivals, Places(np.full(len(arrivals), tap.number, np.int32), offset)


def _series(settings: Settings) -> list[GridSeries]:
    """Return the newest declaration of each series that was not withdrawn."""
    series: dict[bytes, GridSeries] = {}
    for message in _all(settings, SERIES, FROM_THE_BEGINNING, TO_THE_END):
        key = message.key() or b""
        declared = read(SERIES, message.key(), message.value(), limit=settings.message_bytes)
        if isinstance(declared, GridSeries):
            series[key] = declared
        elif declared is None:
            series.pop(key, None)
    return list(series.values())


def _weather(settings: Settings, from_ms: int, to_ms: int) -> Iterator[WeatherMessage]:
    """Yield the weather, available no earlier than a tick could have seen it.

    A tick closes when readings arrive that are newer by the allowed lateness. It saw the weather
    that had arrived by then, even if that was a little later than the sender's `available_at`.
    """
    bounds, lateness = time_bounds(settings), timedelta(seconds=settings.lateness_s)
    for topic in (WEATHER_OBSERVATIONS, WEATHER_FORECASTS):
        for record in _all(settings, topic, from_ms, to_ms):
            stamp_ms = record.timestamp()[1]
            message = read(topic, record.key(), record.value(), limit=settings.message_bytes)
            message = judge(message, stamp_ms, bounds)
            if isinstance(message, WeatherObservation | WeatherForecast):
                known = max(message.available_at, utc_time(stamp_ms) - lateness)
                yield message.model_copy(update={"available_at": known})


def _all(settings: Settings, topic: Topic, from_ms: int, to_ms: int) -> Iterator[Message]:
    taps = _taps(settings, topic, from_ms, to_ms)
    try:
        for tap in taps:
            yield from tap.before(TO_THE_END)
    finally:
        _close(taps)


def _taps(settings: Settings, topic: Topic, from_ms: int, to_ms: int) -> list[Tap]:
    numbers = range(partitions_of_topic(settings, topic))
    return [Tap(settings, topic, number, from_ms, to_ms) for number in numbers]


def _close(taps: Iterable[Tap]) -> None:
    for tap in taps:
        tap.close()
