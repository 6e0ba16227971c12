"""The weather agent, run over a list instead of a Kafka."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from gridcast.agents.batch import Batch
from gridcast.agents.dead_letter import Refused, dead_letter
from gridcast.agents.weather import weather
from gridcast.models.weather import Weather
from gridcast.schemas import Message, Reason, TimeBounds, Topic, WeatherForecast, WeatherObservation
from gridcast.schemas.topics import WEATHER_FORECASTS, WEATHER_OBSERVATIONS
from gridcast.units import HOUR_MS

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOON_MS = round(NOON.timestamp() * 1000)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BOUNDS = TimeBounds(ahead_ms=300_000, behind_ms=8 * 24 * HOUR_MS)


def observation(at: datetime, available: datetime | None = None) -> WeatherObservation:
    return WeatherObservation(station="s", time=at, available_at=available or at, wind_ms=3)


def run(at: datetime, available: datetime | None = None) -> WeatherForecast:
    return WeatherForecast(
        station="s", issued_at=at, available_at=available or at, valid_at=[at], wind_ms=[3]
    )


def batch_of(values: Sequence[bytes | None], *, key: bytes = b"s", begin: int = 0) -> Batch:
    end = begin + len(values)
    sent_ms = np.full(len(values), NOON_MS)
    return Batch(
        "x.weather", 0, begin, end, range(begin, end), [key] * len(values), values, sent_ms
    )


async def take(topic: Topic, *batches: Batch) -> tuple[Weather, list[tuple[Batch, Refused]]]:
    known = Weather(HOUR_MS, 8 * 24 * HOUR_MS)
    told: list[tuple[Batch, Refused]] = []

    async def stream() -> AsyncIterator[Batch]:
        for one in batches:
            yield one
            assert told[-1][0] is one, "the next is asked for when this one is told of"

    async def tell(batch: Batch, refused: Refused) -> None:
        told.append((batch, refused))

    await weather(stream(), topic, known, tell, bounds=BOUNDS, message_bytes=1000)
    return known, told


async def reason_of(topic: Topic, message: Message) -> Reason | None:
    _, [(_, refused)] = await take(topic, batch_of([message.to_bytes()]))
    return refused[0][1].reason if refused else None


async def test_good_weather_is_known_and_every_batch_is_told_of() -> None:
    known, told = await take(
        WEATHER_OBSERVATIONS,
        batch_of([observation(NOON).to_bytes()] * 2),
        batch_of([observation(NOON - HOUR).to_bytes()], begin=2),
    )
    assert [refused for _, refused in told] == [[], []]
    answer = known.as_of(NOON_MS, NOON_MS - HOUR_MS, 1)
    assert answer.values[0, 0, 2] == 3


async def test_what_cannot_be_used_is_told_with_its_place_and_costs_no_other() -> None:
    values = [b"{", observation(NOON).to_bytes(), None, b" " * 1001]
    known, [(batch, refused)] = await take(WEATHER_OBSERVATIONS, batch_of(values, begin=40))
    assert [(place, one.reason) for place, one in refused] == [
        (0, Reason.NOT_JSON),
        (2, Reason.EMPTY),
        (3, Reason.OVERSIZED),
    ]
    assert len(known) == 1
    letter = dead_letter(batch, *refused[0])
    assert (letter.topic, letter.offset, letter.original) == ("x.weather", 40, b"{")
    assert letter.sent_at == NOON


@pytest.mark.parametrize(
    ("topic", "make"), [(WEATHER_OBSERVATIONS, observation), (WEATHER_FORECASTS, run)]
)
async def test_times_are_judged_by_the_message_and_kafka_s_stamp_alone(
    topic: Topic, make: Callable[..., Any]
) -> None:
    late = timedelta(milliseconds=1)
    bound = timedelta(minutes=5)
    assert await reason_of(topic, make(NOON + bound)) is None
    assert await reason_of(topic, make(NOON + bound + late)) is Reason.FAR_FUTURE
    assert await reason_of(topic, make(NOON - 400 * DAY)) is None, "history may be sent today"
    assert await reason_of(topic, make(NOON - 9 * DAY, NOON - DAY)) is None
    assert await reason_of(topic, make(NOON - 9 * DAY, NOON - DAY + late)) is Reason.TOO_OLD
    assert await reason_of(topic, make(NOON, NOON + DAY)) is None, "sent before it is available"


async def test_a_run_on_the_topic_of_observations_is_refused() -> None:
    _, [(_, refused)] = await take(WEATHER_OBSERVATIONS, batch_of([run(NOON).to_bytes()]))
    assert [one.reason for _, one in refused] == [Reason.MISSING_FIELD]
