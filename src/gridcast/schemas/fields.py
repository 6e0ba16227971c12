"""Field types of messages: identifiers, times, and numbers with units.

A type holds a field's bounds and unit, for validation and for the JSON Schemas.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from gridcast.schemas.reasons import Reason


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of a number, shown in the JSON Schema as ``unit``."""

    name: str

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(schema) | {"unit": self.name}


def refuse(reason: Reason, detail: str) -> PydanticCustomError:
    """Return the error that a validator raises: its type is the reason, its text the detail."""
    return PydanticCustomError(reason.value, "{detail}", {"detail": detail})


# --- identifiers ----------------------------------------------------------------------------------

# Visible ASCII without the two characters that JSON escapes: an identifier is then the same bytes
# as a Kafka key, inside JSON and in a log line.
ID_CHARACTERS = r"[!#-\[\]-~]"
ID_LENGTH = 200
_ID = re.compile(f"{ID_CHARACTERS}{{1,{ID_LENGTH}}}", re.ASCII)


def _check_id(text: str) -> str:
    if _ID.fullmatch(text) is None:
        raise refuse(
            Reason.BAD_ID,
            f"an identifier is 1 to {ID_LENGTH} visible ASCII characters, no space, quote or"
            f" backslash: {text[:40]!a}",
        )
    return text


Id = Annotated[
    str,
    AfterValidator(_check_id),
    WithJsonSchema(
        {"type": "string", "pattern": f"^{ID_CHARACTERS}{{1,{ID_LENGTH}}}$"}, mode="validation"
    ),
    WithJsonSchema({"type": "string"}, mode="serialization"),
]
"""The name of a series, a station, a model or an alarm."""


# --- times ----------------------------------------------------------------------------------------

_RFC3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})?", re.ASCII
)
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def _read_time(value: Any) -> Any:
    """Parse RFC 3339 with `T` and a zone. Digits finer than a millisecond are cut off."""
    if not isinstance(value, str):
        return value
    match = _RFC3339.fullmatch(value)
    if match is None:
        raise refuse(Reason.BAD_TIME, f"not an RFC 3339 time: {value[:40]!a}")
    seconds, fraction, zone = match.groups()
    if zone is None:
        raise refuse(Reason.TIME_WITHOUT_ZONE, f"a time needs Z or an offset: {value!a}")
    milliseconds = ((fraction or "") + "000")[:3]
    try:
        return datetime.fromisoformat(f"{seconds}.{milliseconds}{zone}")
    except ValueError as error:
        raise refuse(Reason.BAD_TIME, f"{error}: {value!a}") from None


def _to_utc(time: datetime) -> datetime:
    if time.tzinfo is None:
        raise refuse(Reason.TIME_WITHOUT_ZONE, f"a time needs a zone: {time}")
    # Compared before the conversion, which fails on the first and last days of the calendar.
    if not EARLIEST <= time < LATEST:
        raise refuse(Reason.BAD_TIME, f"a time is from 1970 to 2199: {time}")
    time = time.astimezone(UTC)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def write_time(time: datetime) -> str:
    """Format a time as on the wire: UTC, with milliseconds only if there are any."""
    text = time.isoformat(timespec="milliseconds" if time.microsecond else "seconds")
    return text.removesuffix("+00:00") + "Z"


Time = Annotated[
    datetime,
    BeforeValidator(_read_time),
    AfterValidator(_to_utc),
    PlainSerializer(write_time, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""An instant: RFC 3339 with a zone, kept and written in UTC with milliseconds."""


# --- numbers --------------------------------------------------------------------------------------


def _plus_zero(value: float) -> float:
    """Turn -0.0 into 0.0: the two are equal, so their bytes must be."""
    return value + 0.0


PlusZero = AfterValidator(_plus_zero)
"""For every float. Bounds precede it: after it they would be missing from the schema."""

Kilowatts = Annotated[float, PlusZero, Unit("kW")]
Share = Annotated[float, Field(ge=0, le=1), PlusZero, Unit("1")]
Count = Annotated[int, Field(ge=0, le=2**53), Unit("1")]
Revision = Annotated[int, Field(ge=0, le=2**31 - 1), Unit("1")]


# --- places ---------------------------------------------------------------------------------------

Latitude = Annotated[float, Field(ge=-90, le=90), PlusZero, Unit("°")]
Longitude = Annotated[float, Field(ge=-180, le=180), PlusZero, Unit("°")]


def check_place(latitude: float | None, longitude: float | None) -> None:
    """Raise if only one of latitude and longitude is given."""
    if (latitude is None) != (longitude is None):
        raise refuse(Reason.MISSING_FIELD, "latitude and longitude go together")
