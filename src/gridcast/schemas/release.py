"""Releases: which model serves, in which role; and what workers could not take into use."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from gridcast.schemas.fields import Id, Share, Time, refuse
from gridcast.schemas.message import Message
from gridcast.schemas.reasons import Reason
from gridcast.schemas.series import SeriesKind

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Kind = Annotated[
    SeriesKind | None,
    Field(description="which kind of series it serves; null: all that have none of their own"),
]


class Role(StrEnum):
    """What a release is there for."""

    CHAMPION = "champion"
    CHALLENGER = "challenger"
    WITHDRAWN = "withdrawn"


class Release(Message):
    """A model version that may serve, and where to fetch it.

    Of all champions of a kind of series the last one that was sent serves; those before it are what
    a rollback comes back to. Of all challengers the last one runs in the shadow.
    """

    model: Id = Field(description="which model")
    release: Id = Field(description="which version of it")
    role: Role = Field(
        description="champion answers; challenger runs in the shadow and is scored; withdrawn is"
        " out of use"
    )
    digest: Digest = Field(description="SHA-256 of the artifact, to know it is the one meant")
    url: str = Field(
        min_length=1,
        max_length=2000,
        description="where the artifact is: file:, s3:, or box: (it came with gridcast)",
    )
    released_at: Time = Field(description="when it was given this role")
    released_by: str = Field("", max_length=200, description="who gave it")
    series_kind: Kind = None
    share: Share = Field(1.0, description="for how many of those series; below 1 for a challenger")

    @model_validator(mode="after")
    def _champions_serve_all(self) -> Self:
        if self.role is Role.CHAMPION and self.share < 1:
            raise refuse(Reason.OUT_OF_RANGE, "share: a champion serves all series of its kind")
        return self

    @property
    def key(self) -> bytes | None:
        """The kind of series, the model and the release: each serves by itself."""
        return release_key(self.series_kind, self.model, self.release)


class Unfit(StrEnum):
    """Why a worker did not take a release into use."""

    UNREACHABLE = "unreachable"
    """The artifact cannot be fetched; it is tried again."""
    TOO_LARGE = "too-large"
    """The artifact is larger than a worker fetches."""
    DIGEST = "digest"
    """What lies there is not the artifact that is meant: another one, or cut short; it is fetched
    again."""
    DAMAGED = "damaged"
    """The artifact is no model file, or one that was altered since it was made."""
    CONTRACT = "contract"
    """Its contract cannot be kept: another step, a shorter horizon, levels that it lacks."""
    PROBE = "probe"
    """It does not answer as it should when it is tried: NaN, quantiles that fall, an error."""

    @property
    def may_pass(self) -> bool:
        """Whether it may come right by itself; else it is about the very bytes of the artifact."""
        return self in {Unfit.UNREACHABLE, Unfit.DIGEST}


class ReleaseRefused(Message):
    """A release that a worker could not take into use: what served before goes on."""

    model: Id = Field(description="which model")
    release: Id = Field(description="which version of it")
    series_kind: Kind = None
    digest: Digest = Field(description="SHA-256 of the artifact that is meant")
    released_at: Time = Field(description="when it was given its role: which message this is about")
    because: Unfit = Field(description="why it was not taken into use")
    detail: str = Field("", max_length=300, description="one line for people: what was found")
    refused_at: Time = Field(description="when it was refused")
    refused_by: str = Field("", max_length=200, description="the machine of the worker")

    @property
    def key(self) -> bytes | None:
        """That of the release, and a word more: it is kept beside it."""
        return release_key(self.series_kind, self.model, self.release) + b" refused"

    def is_about(self, release: Release) -> bool:
        """Tell whether it is about this message, not one that was sent before or after."""
        return (
            release.key == release_key(self.series_kind, self.model, self.release)
            and release.released_at == self.released_at
            and release.digest == self.digest
        )


def release_key(kind: SeriesKind | None, model: str, release: str) -> bytes:
    """Give the key of a release. No identifier has a space, so no two have the same."""
    return f"{kind or 'all'} {model} {release}".encode()
