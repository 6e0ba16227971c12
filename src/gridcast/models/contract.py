"""The contract of a model file: the conditions under which its forecasts are valid.

It is stored in the file's own metadata (`gridcast.models.network`), so that a network cannot be
separated from its pre- and postprocessing.
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
    """A model file is unusable; the message gives the reason."""


class DamagedError(ContractError):
    """A model file is altered, truncated, or not a model file at all."""


class ProbeError(ContractError):
    """A model's contract is valid, but its answers to a probe are not."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Split(_Frozen):
    """The time spans for training, validation and test; the first two may alternate."""

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
    """How a model was made, its inputs, and its outputs."""

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
        """Check that this version of gridcast provides the features that the contract names."""
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
        """Return the canonical JSON: equal contracts have equal bytes."""
        return self.model_dump_json().encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Parse a contract; raise ContractError if this version cannot fulfil it."""
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
