"""Declarations of series: place, kind, capacity, calendar."""

from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from gridcast.schemas.fields import Id, Latitude, Longitude, PlusZero, Unit, check_place, refuse
from gridcast.schemas.message import Message
from gridcast.schemas.reasons import Reason


class SeriesKind(StrEnum):
    """The level of the grid at which a series is measured."""

    METER = "meter"
    FEEDER = "feeder"
    SUBSTATION = "substation"
    ZONE = "zone"


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _known_zone(name: str) -> str:
    # Looked up in a list: a name from the wire must not choose a file to open.
    if name not in _zones():
        raise refuse(Reason.UNKNOWN_VALUE, f"no such time zone: {name[:40]!a}")
    return name


def _positive(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool) and value <= 0:
        raise refuse(Reason.NEGATIVE_CAPACITY, f"a capacity is above 0 kW, not {value}")
    return value


TimeZone = Annotated[str, AfterValidator(_known_zone)]
Calendar = Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
Capacity = Annotated[float, Field(gt=0), PlusZero, BeforeValidator(_positive), Unit("kW")]


class GridSeries(Message):
    """The declaration of a series. A series without one has the defaults."""

    series: Id = Field(description="which series; also the Kafka key")
    kind: SeriesKind = Field(SeriesKind.METER, description="where in the grid it is measured")
    parent: Id | None = Field(None, description="the series that it is a part of: a meter's feeder")
    name: str | None = Field(None, max_length=200, description="what people call it")
    station: Id | None = Field(None, description="its weather station; else the nearest one")
    latitude: Latitude | None = Field(None, description="where it is, WGS 84, north positive")
    longitude: Longitude | None = Field(None, description="where it is, WGS 84, east positive")
    time_zone: TimeZone = Field("UTC", description="its local time, an IANA name: Europe/Berlin")
    holidays: Calendar | None = Field(
        None, description="its holidays: a country (ISO 3166-1), or a part of one: KR, DE-BY"
    )
    capacity_kw: Capacity | None = Field(None, description="the most it can carry or feed back")
    can_be_negative: bool = Field(False, description="whether power can flow back, as from solar")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.parent == self.series:
            raise refuse(Reason.OUT_OF_RANGE, "a series cannot be its own parent")
        check_place(self.latitude, self.longitude)
        return self

    @property
    def key(self) -> bytes | None:
        """The series."""
        return self.series.encode()
