"""Dead letters: records that could not be used."""

from pydantic import Field

from gridcast.schemas.fields import Count, Time
from gridcast.schemas.message import Message
from gridcast.schemas.reasons import Reason


class DeadLetter(Message):
    """A record that could not be used: its bytes, its position in Kafka, and the reason.

    Two letters about the same record have the same bytes, so a consumer can drop the second.
    """

    topic: str = Field(description="the topic that it came from")
    partition: Count = Field(description="its partition")
    offset: Count = Field(description="its offset")
    entry: Count | None = Field(None, description="which reading of a frame; null: all of it")
    sent_at: Time | None = Field(None, description="Kafka's own time stamp of the record")
    reason: Reason = Field(description="why it could not be used")
    detail: str = Field("", max_length=500, description="which field, and what stood there")
    original_key: bytes | None = Field(None, description="its key as it came (base64url)")
    original: bytes | None = Field(None, description="its value as it came (base64url)")

    @property
    def key(self) -> bytes | None:
        """The original's key: a letter is in the same order as its record would have been."""
        return self.original_key
