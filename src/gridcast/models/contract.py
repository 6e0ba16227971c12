"""What a model file says of itself: all that must be so for its forecasts to mean anything.

It travels in the file's own metadata (`gridcast.models.network`), so that a network and what is
done before and after it cannot part.
"""

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from gridcast.models.features.spec import FeatureSpec
from gridcast.schemas.fields import Id, Time

Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Span = Annotated[
    tuple[Time, Time],
    Field(description="from the first moment up to the second, that one left out"),
]
VERSION = 1


class ContractError(ValueError):
    """A model file that cannot be used, and why."""


class DamagedError(ContractError):
    """It is not the file that was made: altered, cut short, or no model file at all."""


class ProbeError(ContractError):
    """It keeps its contract by its form, but does not answer as it should."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Split(_Frozen):
    """Which part of the time was for what; train and validation may take turns."""

    train: Span
    validation: Span
    test: Span


class TrainedOn(_Frozen):
    """A data set that a model was trained on."""

    title: str = Field(min_length=1, description="what people call it")
    source: str = Field(description="where it is from")
    licence: str = Field(description="on which terms")
    digest: Hex = Field(description="SHA-256 of the data")
    series: int = Field(ge=1, description="how many series")
    first: Time = Field(description="when its first slot begins")
    last: Time = Field(description="when its last slot begins")
    split: Split = Field(description="which part of the time was for what")


class Contract(_Frozen):
    """What a model was made of, what it must be given, and what it gives."""

    version: Literal[1] = Field(1, description="of the contract's own form")
    model: Id = Field(description="the model's name, the key of its releases")
    run: Id = Field(description="the training that made it")
    network: str = Field(min_length=1, description="the network's name and its members")
    features: FeatureSpec = Field(description="what it is shown")
    past: tuple[str, ...] = Field(description="features of each past hour, in order")
    future: tuple[str, ...] = Field(description="features of each slot of the horizon, in order")
    static: tuple[str, ...] = Field((), description="features of the series, in order")
    levels: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = Field(
        min_length=1, description="probabilities of the quantiles it gives, rising"
    )
    longest_gap: int = Field(
        ge=0, description="missing slots in a row that the spline bridges; more: from other days"
    )
    trained_on: tuple[TrainedOn, ...] = Field(min_length=1, description="the data")
    commit: str = Field(description="the commit of gridcast that trained it")
    lock_digest: Hex = Field(description="SHA-256 of the lock file it was trained with")
    scores: dict[str, dict[str, float]] = Field(
        default_factory=dict, description="by set of data: its scores on the test part"
    )

    @field_validator("scores")
    @classmethod
    def _in_order(cls, scores: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
        return {name: dict(sorted(scores[name].items())) for name in sorted(scores)}

    @model_validator(mode="after")
    def _kept_here(self) -> Self:
        """Compare what it says with what this gridcast would show it."""
        features = self.features
        for name, said, given in (
            ("past", self.past, features.past),
            ("future", self.future, features.future),
            ("static", self.static, features.static),
        ):
            if said != given:
                raise ValueError(f"{name} features are {_listed(said)}, not {_listed(given)}")
        if self.longest_gap != features.longest_gap:
            raise ValueError(f"longest_gap is {self.longest_gap}, not {features.longest_gap}")
        if any(low >= high for low, high in pairwise(self.levels)):
            raise ValueError(f"levels do not rise: {list(self.levels)}")
        return self

    def to_bytes(self) -> bytes:
        """Write the canonical JSON: equal contracts are equal bytes."""
        return self.model_dump_json().encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read it; whatever cannot be kept here is a `ContractError`."""
        try:
            version = _Version.model_validate_json(data).version
            if version != VERSION:
                raise ContractError(f"contract version {version}; this gridcast reads {VERSION}")
            return cls.model_validate_json(data)
        except ValidationError as error:
            raise ContractError(f"the contract cannot be kept: {_first(error)}") from None


class _Version(BaseModel):
    version: int


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "none"


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    what = first["msg"].removeprefix("Value error, ")
    return f"{where}: {what}" if where else what
