"""The agents of `weather.observations` and `weather.forecasts`. All of it is kept with its time."""

from collections.abc import AsyncIterable
from datetime import timedelta

from gridcast.agents.batch import Batch
from gridcast.agents.dead_letter import ReportRefusals
from gridcast.models.weather import Weather
from gridcast.schemas import (
    Message,
    Reason,
    Refusal,
    TimeBounds,
    Topic,
    WeatherForecast,
    WeatherObservation,
    read,
)
from gridcast.schemas.bounds import ahead_of_stamp

MILLISECOND = timedelta(milliseconds=1)


async def weather(
    batches: AsyncIterable[Batch],
    topic: Topic,
    known: Weather,
    tell: ReportRefusals,
    *,
    bounds: TimeBounds,
    message_bytes: int,
) -> None:
    """Process batches of one of the two topics until the stream ends."""
    async for batch in batches:
        refused = []
        for place, (key, value) in enumerate(zip(batch.keys, batch.values, strict=True)):
            message = read(topic, key, value, limit=message_bytes)
            message = judge(message, int(batch.sent_ms[place]), bounds)
            if isinstance(message, Refusal):
                refused.append((place, message))
            elif isinstance(message, WeatherObservation):
                known.observe(message)
            elif isinstance(message, WeatherForecast):
                known.forecast(message)
        await tell(batch, refused)


def judge(
    message: Message | Refusal | None, sent_ms: int, bounds: TimeBounds
) -> Message | Refusal | None:
    """Refuse messages from the future, and those that were useless when they became available.

    The verdict depends only on the message and Kafka's timestamp, not on messages before it. So the
    order of arrival doesn't matter.
    """
    if isinstance(message, WeatherObservation):
        name, time, available = "time", message.time, message.available_at
    elif isinstance(message, WeatherForecast):
        name, time, available = "issued_at", message.issued_at, message.available_at
    else:
        return message
    if refused := ahead_of_stamp(name, time, sent_ms, bounds.ahead_ms * MILLISECOND):
        return refused
    if available - time > bounds.behind_ms * MILLISECOND:
        age = (available - time) // timedelta(days=1)
        return Refusal(
            Reason.TOO_OLD,
            f"{name}: {time:%FT%TZ} was {age} days ago when it became available, "
            "longer than a window",
        )
    return message
