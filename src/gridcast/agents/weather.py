"""The agents of `weather.observations` and `weather.forecasts`: all of it is kept, as of when."""

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
    """Take batches of one of the two topics for as long as there are any."""
    async for batch in batches:
        refused = []
        for place, (key, value) in enumerate(zip(batch.keys, batch.values, strict=True)):
            found = read(topic, key, value, limit=message_bytes)
            found = judge(found, int(batch.sent_ms[place]), bounds)
            if isinstance(found, Refusal):
                refused.append((place, found))
            elif isinstance(found, WeatherObservation):
                known.observe(found)
            elif isinstance(found, WeatherForecast):
                known.forecast(found)
        await tell(batch, refused)


def judge(
    found: Message | Refusal | None, sent_ms: int, bounds: TimeBounds
) -> Message | Refusal | None:
    """Refuse what claims to be from the future, and what was of no use when it became known.

    Judged by what stands in the message and by Kafka's stamp, not by what came before it: in
    whatever order weather comes, the same of it is used.
    """
    if isinstance(found, WeatherObservation):
        name, time, available = "time", found.time, found.available_at
    elif isinstance(found, WeatherForecast):
        name, time, available = "issued_at", found.issued_at, found.available_at
    else:
        return found
    if refused := ahead_of_stamp(name, time, sent_ms, bounds.ahead_ms * MILLISECOND):
        return refused
    if available - time > bounds.behind_ms * MILLISECOND:
        age = (available - time) // timedelta(days=1)
        return Refusal(
            Reason.TOO_OLD,
            f"{name}: {time:%FT%TZ} was {age} days ago when it became available, "
            "longer than a window",
        )
    return found
