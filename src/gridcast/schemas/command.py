"""Commands: an operator's request about an alarm."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from gridcast.schemas.fields import Id, Time, refuse
from gridcast.schemas.message import Message
from gridcast.schemas.reasons import Reason


class Action(StrEnum):
    """The requested action."""

    ACKNOWLEDGE = "acknowledge"
    SHELVE = "shelve"
    UNSHELVE = "unshelve"


Who = Annotated[str, Field(min_length=1, max_length=200)]


class Command(Message):
    """One request of an operator about one alarm."""

    command: Id = Field(description="its own name, chosen by the sender, such as a UUID")
    alarm: Id = Field(description="which alarm; also the Kafka key")
    action: Action = Field(description="what is to be done")
    by: Who = Field(description="who wants it")
    at: Time = Field(description="when they wanted it")
    until: Time | None = Field(None, description="how long to shelve it; null with other actions")
    note: str = Field("", max_length=500, description="why, in their words")

    @model_validator(mode="after")
    def _shelved_for_a_time(self) -> Self:
        if self.action is not Action.SHELVE and self.until is not None:
            raise refuse(Reason.OUT_OF_RANGE, f"until: {self.action} has no end")
        if self.action is Action.SHELVE:
            if self.until is None:
                raise refuse(Reason.MISSING_FIELD, "until: an alarm is shelved for a time only")
            if self.until <= self.at:
                raise refuse(Reason.OUT_OF_RANGE, "until: is after at")
        return self

    @property
    def key(self) -> bytes | None:
        """The alarm."""
        return self.alarm.encode()
