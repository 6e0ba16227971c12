"""Releases: which model serves in which role, and which release a worker refused."""

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
    """The role of a release."""

    CHAMPION = "champion"
    CHALLENGER = "challenger"
    WITHDRAWN = "withdrawn"


class Release(Message):
    """A model version that may serve, and where to fetch it.

    The newest champion of a kind of series serves. A rollback returns to the champion before it.
    The newest challenger runs in shadow mode.
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
        """Kind of series, model and release: each combination has its own key."""
        return release_key(self.series_kind, self.model, self.release)


class Unfit(StrEnum):
    """The reason why a worker refused a release."""

    UNREACHABLE = "unreachable"
    """The artifact cannot be fetched. The worker retries."""
    TOO_LARGE = "too-large"
    """The artifact exceeds the size that a worker fetches."""
    DIGEST = "digest"
    """The fetched bytes have another digest: another artifact, or a truncated one. Retried."""
    DAMAGED = "damaged"
    """The artifact is not a model file, or was altered after it was made."""
    CONTRACT = "contract"
    """The deployment needs what its contract lacks: another step, a longer horizon, levels."""
    PROBE = "probe"
    """The trial run failed: NaN, quantiles that cross, an error."""

    @property
    def may_pass(self) -> bool:
        """Return True if a retry can succeed. Otherwise the artifact itself is unfit."""
        return self in {Unfit.UNREACHABLE, Unfit.DIGEST}


class ReleaseRefused(Message):
    """A release that a worker refused. The former release keeps serving."""

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
        """The release's key with a suffix: compaction keeps both messages."""
        return release_key(self.series_kind, self.model, self.release) + b" refused"

    def is_about(self, release: Release) -> bool:
        """Return True if this refuses exactly that message, not another one of its key."""
        return (
            release.key == release_key(self.series_kind, self.model, self.release)
            and release.released_at == self.released_at
            and release.digest == self.digest
        )


def release_key(kind: SeriesKind | None, model: str, release: str) -> bytes:
    """Return the key of a release. Identifiers have no spaces, so keys are unique."""
    return f"{kind or 'all'} {model} {release}".encode()
