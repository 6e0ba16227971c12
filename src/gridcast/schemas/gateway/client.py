"""Messages from a client to the gateway."""

from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from gridcast.schemas.command import Action
from gridcast.schemas.fields import Id, Time, refuse
from gridcast.schemas.gateway.common import Frozen, Label, Place, What
from gridcast.schemas.reasons import Reason
from gridcast.schemas.series import SeriesKind

MOST_SERIES = 1_000
"""Series in one subscription by name. For more, subscribe to a subtree, a kind or all."""
MOST_SUBTREES = 100


class Authenticate(Frozen):
    """The first message: your credentials. Send neither if the gateway is open."""

    type: Literal["authenticate"] = "authenticate"
    key: str | None = Field(None, max_length=200, description="an API key")
    token: str | None = Field(None, max_length=8_192, description="a JSON Web Token")


class Subscribe(Frozen):
    """Request the current state of some series and all later changes.

    The series are those in `series`, those below one in `below` (itself included), and those of a
    kind in `kinds`; with `all`, every series. It replaces a subscription of the same name.
    """

    type: Literal["subscribe"] = "subscribe"
    subscription: Label = Field(description="its name, chosen by the client")
    what: list[What] = Field(
        list(What), min_length=1, max_length=len(What), description="what of these series"
    )
    series: list[Id] = Field([], max_length=MOST_SERIES, description="these")
    below: list[Id] = Field(
        [], max_length=MOST_SUBTREES, description="these and all that are parts of them"
    )
    kinds: list[SeriesKind] = Field(
        [], max_length=len(SeriesKind), description="all of these kinds"
    )
    all: bool = Field(False, description="every series, and what belongs to none")
    resume: Place | None = Field(
        None,
        description="the newest place that a `current` gave; only what changed since is sent, or,"
        " where that is not known any more, all as without it",
    )

    @model_validator(mode="after")
    def _of_something(self) -> Self:
        if not (self.series or self.below or self.kinds or self.all):
            raise refuse(Reason.MISSING_FIELD, "series, below, kinds or all: of which series?")
        return self


class Unsubscribe(Frozen):
    """End a subscription."""

    type: Literal["unsubscribe"] = "unsubscribe"
    subscription: Label = Field(description="which")


class Act(Frozen):
    """Request an action on an alarm in your name (scope `acknowledge`)."""

    type: Literal["act"] = "act"
    request: Label = Field(description="chosen by the client; the answer bears it")
    alarm: Id = Field(description="which alarm")
    action: Action = Field(description="what is to be done")
    until: Time | None = Field(None, description="how long to shelve it; null with other actions")
    note: str = Field("", max_length=500, description="why, in your words")


CLIENT_MESSAGES = (Authenticate, Subscribe, Unsubscribe, Act)
ClientMessage = Authenticate | Subscribe | Unsubscribe | Act
_READER: TypeAdapter[ClientMessage] = TypeAdapter(
    Annotated[ClientMessage, Field(discriminator="type")]
)


def read_client_message(data: bytes | str) -> ClientMessage:
    """Decode a client's message strictly. Raise ValidationError if it is invalid.

    >>> read_client_message('{"type":"unsubscribe","subscription":"overview"}')
    Unsubscribe(type='unsubscribe', subscription='overview')
    """
    return _READER.validate_json(data, strict=True)
