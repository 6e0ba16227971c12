"""Weather messages: observations and forecasts, by station."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from gridcast.schemas.fields import (
    Id,
    Latitude,
    Longitude,
    PlusZero,
    Time,
    Unit,
    check_place,
    refuse,
)
from gridcast.schemas.message import Message
from gridcast.schemas.reasons import Reason

Celsius = Annotated[float, Field(ge=-90, le=70), PlusZero, Unit("°C")]
Percent = Annotated[float, Field(ge=0, le=100), PlusZero, Unit("%")]
MetresPerSecond = Annotated[float, Field(ge=0, le=150), PlusZero, Unit("m/s")]
WattsPerSquareMetre = Annotated[float, Field(ge=0, le=1600), PlusZero, Unit("W/m²")]
Hectopascal = Annotated[float, Field(ge=500, le=1100), PlusZero, Unit("hPa")]

VARIABLES = (
    "temperature_c",
    "humidity_pct",
    "wind_ms",
    "cloud_pct",
    "irradiance_wm2",
    "pressure_hpa",
)


class StationMessage(Message):
    """The common fields of weather messages: the station, and its place since version 2."""

    VERSION: ClassVar[int] = 2

    version: Annotated[int, Unit("1")] = Field(2, description="schema version of this message")
    station: Id = Field(description="which station; also the Kafka key")

    @property
    def key(self) -> bytes | None:
        """The station."""
        return self.station.encode()


class WeatherObservation(StationMessage):
    """Measurements of one station. A variable that it doesn't measure is null."""

    time: Time = Field(description="when it was measured (event time)")
    available_at: Time = Field(description="from when on it could be known; never before `time`")
    temperature_c: Celsius | None = Field(None, description="air temperature at 2 m")
    humidity_pct: Percent | None = Field(None, description="relative humidity at 2 m")
    wind_ms: MetresPerSecond | None = Field(None, description="wind speed at 10 m")
    cloud_pct: Percent | None = Field(None, description="share of the sky under cloud")
    irradiance_wm2: WattsPerSquareMetre | None = Field(
        None, description="global horizontal irradiance"
    )
    pressure_hpa: Hectopascal | None = Field(None, description="pressure at sea level")
    latitude: Latitude | None = Field(
        None, description="where the station is, WGS 84, north positive"
    )
    longitude: Longitude | None = Field(
        None, description="where the station is, WGS 84, east positive"
    )

    @model_validator(mode="after")
    def _not_known_before_it_was(self) -> Self:
        if self.available_at < self.time:
            raise refuse(Reason.OUT_OF_RANGE, "available_at is before time")
        check_place(self.latitude, self.longitude)
        return self


class WeatherForecast(StationMessage):
    """One run of a weather forecast for one station, all hours in one message.

    A variable's list is as long as `valid_at`, or empty if the run lacks the variable.
    """

    issued_at: Time = Field(description="the run's own time: what it was computed from")
    available_at: Time = Field(description="from when on it could be known; never before issued_at")
    valid_at: list[Time] = Field(min_length=1, description="the instants that are forecast, rising")
    temperature_c: list[Celsius | None] = Field([], description="air temperature at 2 m")
    humidity_pct: list[Percent | None] = Field([], description="relative humidity at 2 m")
    wind_ms: list[MetresPerSecond | None] = Field([], description="wind speed at 10 m")
    cloud_pct: list[Percent | None] = Field([], description="share of the sky under cloud")
    irradiance_wm2: list[WattsPerSquareMetre | None] = Field(
        [], description="global horizontal irradiance"
    )
    pressure_hpa: list[Hectopascal | None] = Field([], description="pressure at sea level")
    latitude: Latitude | None = Field(
        None, description="where the station is, WGS 84, north positive"
    )
    longitude: Longitude | None = Field(
        None, description="where the station is, WGS 84, east positive"
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.available_at < self.issued_at:
            raise refuse(Reason.OUT_OF_RANGE, "available_at is before issued_at")
        if any(a >= b for a, b in zip(self.valid_at, self.valid_at[1:], strict=False)):
            raise refuse(Reason.OUT_OF_RANGE, "valid_at does not rise")
        for name in VARIABLES:
            length = len(getattr(self, name))
            if length not in {0, len(self.valid_at)}:
                raise refuse(
                    Reason.UNEVEN_LISTS,
                    f"{name} has {length} entries, valid_at {len(self.valid_at)}",
                )
        check_place(self.latitude, self.longitude)
        return self
