"""Releases: which model serves, in which role."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from gridcast.schemas.fields import Id, Share, Time
from gridcast.schemas.message import Message

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


class Role(StrEnum):
    """What a release is there for."""

    CHAMPION = "champion"
    CHALLENGER = "challenger"
    WITHDRAWN = "withdrawn"


class Release(Message):
    """A model version that may serve, and where to fetch it."""

    model: Id = Field(description="which model; also the Kafka key")
    release: Id = Field(description="which version of it")
    role: Role = Field(description="champion answers; challenger runs in the shadow and is scored")
    digest: Digest = Field(description="SHA-256 of the artifact, to know it is the one meant")
    url: str = Field(
        min_length=1, max_length=2000, description="where the artifact is: file: or s3:"
    )
    released_at: Time = Field(description="when it was released")
    released_by: str = Field("", max_length=200, description="who released it")
    series_kind: str | None = Field(
        None, max_length=40, description="which kind of series it serves; null: all"
    )
    share: Share = Field(1.0, description="for how many of those series; below 1 for a challenger")

    @property
    def key(self) -> bytes | None:
        """The model."""
        return self.model.encode()
