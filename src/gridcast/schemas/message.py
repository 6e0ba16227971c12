"""The base of all messages: schema version and canonical bytes."""

from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from gridcast.schemas.fields import Unit, refuse
from gridcast.schemas.reasons import Reason


class Message(BaseModel):
    """A message on a topic.

    **Versions.** A newer version of a message only adds fields with defaults, so a reader accepts
    every older version. A reader refuses a version newer than its own, because it cannot know what
    it means: upgrade readers first. Unknown fields are ignored.

    **Canonical bytes.** All fields in the order of their declaration, no white space, numbers in
    the shortest form that reads back the same, times in UTC. Equal messages have equal bytes.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        allow_inf_nan=False,
        ser_json_bytes="base64",
        val_json_bytes="base64",
    )

    VERSION: ClassVar[int] = 1
    """The newest version that this code writes and reads."""

    version: Annotated[int, Unit("1")] = Field(1, description="schema version of this message")

    @field_validator("version", mode="after")
    @classmethod
    def _known_version(cls, version: int) -> int:
        if not 1 <= version <= cls.VERSION:
            raise refuse(
                Reason.UNKNOWN_VERSION,
                f"{cls.__name__} version {version}; versions 1 to {cls.VERSION} are read",
            )
        return version

    @property
    def key(self) -> bytes | None:
        """The Kafka key of this message."""
        raise NotImplementedError

    def to_bytes(self) -> bytes:
        """Return the canonical bytes."""
        return self.model_dump_json().encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode a message strictly: no string for a number, no number for a string."""
        return cls.model_validate_json(data, strict=True)
