"""Base types of the gateway's messages."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from gridcast.schemas.fields import Count


class Frozen(BaseModel):
    """A gateway message or a part of one. Unknown fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    def to_bytes(self) -> bytes:
        """Return the JSON bytes."""
        return self.model_dump_json().encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode strictly: no string for a number, no number for a string."""
        return cls.model_validate_json(data, strict=True)


class What(StrEnum):
    """A kind of data to subscribe to; also the type of its delta."""

    SERIES = "series"
    FORECAST = "forecast"
    ALARM = "alarm"
    SCORE = "score"
    READING = "reading"


class Scope(StrEnum):
    """A permission."""

    READ = "read"
    ACKNOWLEDGE = "acknowledge"
    ADMIN = "admin"


Label = Annotated[str, Field(min_length=1, max_length=64)]
"""A name that the client chooses, such as `overview`, to match answers to requests."""

Epoch = Annotated[str, Field(min_length=1, max_length=64)]

MOST_PARTITIONS = 1_000
Offsets = Annotated[list[Count], Field(max_length=MOST_PARTITIONS)]


class Place(Frozen):
    """A resume position. Any gateway of the deployment understands it."""

    epoch: Epoch = Field(description="which topics these are; made anew, they begin anew")
    seq: dict[What, Offsets] = Field(
        max_length=len(What),
        description="for each kind of delta, the next offset of each of its partitions",
    )
