"""What the gateway's messages are made of."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from gridcast.schemas.fields import Count


class Frozen(BaseModel):
    """A message of the gateway, or a part of one; fields that are not known are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    def to_bytes(self) -> bytes:
        """Write it as JSON."""
        return self.model_dump_json().encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read it strictly: no text for a number, no number for a text."""
        return cls.model_validate_json(data, strict=True)


class What(StrEnum):
    """What can be subscribed to; also the type of the delta that brings it."""

    SERIES = "series"
    FORECAST = "forecast"
    ALARM = "alarm"
    SCORE = "score"
    READING = "reading"


class Scope(StrEnum):
    """What somebody may do."""

    READ = "read"
    ACKNOWLEDGE = "acknowledge"
    ADMIN = "admin"


Label = Annotated[str, Field(min_length=1, max_length=64)]
"""A name that the client chooses, such as `overview`, to tell its requests apart."""

Epoch = Annotated[str, Field(min_length=1, max_length=64)]

MOST_PARTITIONS = 1_000
Offsets = Annotated[list[Count], Field(max_length=MOST_PARTITIONS)]


class Place(Frozen):
    """Up to where somebody has everything; any gateway of the deployment understands it."""

    epoch: Epoch = Field(description="which topics these are; made anew, they begin anew")
    seq: dict[What, Offsets] = Field(
        max_length=len(What),
        description="for each kind of delta, the next offset of each of its partitions",
    )
