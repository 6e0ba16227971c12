"""The gateway's HTTP answers that are not messages of a topic."""

from typing import Annotated, Literal

from pydantic import Field

from gridcast.schemas.fields import Count, Id, Kilowatts, Time, Unit
from gridcast.schemas.gateway.common import Frozen
from gridcast.schemas.gateway.server import AlarmDelta, ForecastDelta, ReadingDelta, SeriesDelta
from gridcast.schemas.reading import Reading
from gridcast.schemas.weather import Celsius

MOST_SILENT = 50


class RecentPast(Frozen):
    """The recent readings of a series: the mean of each slot that has any."""

    series: Id = Field(description="which series")
    unit: Literal["kW"] = Field("kW", description="unit of the means")
    step_minutes: Annotated[int, Unit("min")] = Field(description="width of one slot")
    time: list[Time] = Field(
        description="when each slot begins; those without readings are left out"
    )
    mean: list[Kilowatts] = Field(description="the mean of the slot's readings")
    newest: Reading | None = Field(None, description="the newest reading; null: none is known")


class SaidBefore(Frozen):
    """Former forecasts for each slot, made the given minutes before it ended."""

    series: Id = Field(description="which series")
    unit: Literal["kW"] = Field("kW", description="unit of the medians")
    step_minutes: Annotated[int, Unit("min")] = Field(description="width of one slot")
    ahead_minutes: list[Annotated[int, Unit("min")]] = Field(
        description="how long before a slot ends the forecasts were made"
    )
    time: list[Time] = Field(description="when each slot begins; those with nothing are left out")
    median: list[list[Kilowatts | None]] = Field(
        description="for each of `ahead_minutes`, the median for each slot; null: not known"
    )


class Temperatures(Frozen):
    """The temperature at a series' weather station, as known at one time."""

    series: Id = Field(description="which series")
    station: Id | None = Field(
        description="the station that its forecasts have the weather of; null: it has none"
    )
    unit: Literal["°C"] = Field("°C", description="unit of the temperatures")
    step_minutes: Annotated[int, Unit("min")] = Field(description="width of one slot")
    at: Time = Field(description="what became available later is not in it (event time)")
    issued_at: Time | None = Field(description="when the forecast was issued; null: there is none")
    time: list[Time] = Field(
        description="when each slot begins, rising; those of which nothing is known are left out"
    )
    measured: list[Celsius | None] = Field(
        description="what was measured, in the middle of each slot; null: not known"
    )
    forecast: list[Celsius | None] = Field(
        description="what the newest forecast says of it; null: not known"
    )


class SilentSeries(Frozen):
    """A series that has stopped sending readings."""

    series: Id = Field(description="which series")
    since: Time = Field(description="time of its newest reading (event time)")


class FeedsAlive(Frozen):
    """The number of series that send readings."""

    time: Time | None = Field(
        description="the grid's own time, of the newest tick; null: nothing is known yet"
    )
    known: Count = Field(description="how many series had readings in the last hours")
    alive: Count = Field(description="how many of them are not silent")
    silent_after_minutes: Annotated[float, Unit("min")] = Field(
        description="without readings for longer, a series is silent (gateway_silent_minutes)"
    )
    silent: list[SilentSeries] = Field(
        description=f"those that are silent, the longest first, at most {MOST_SILENT}"
    )


class Moment(Frozen):
    """The state at a time in the past: what a new client would have been sent then."""

    at: Time = Field(description="the moment, by the stamps that Kafka gave messages")
    messages: list[SeriesDelta | ForecastDelta | ReadingDelta | AlarmDelta] = Field(
        description="the messages of the protocol, in any order"
    )
