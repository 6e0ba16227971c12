"""Replayed letters: the record of which dead letters were sent again."""

from pydantic import Field

from gridcast.schemas.fields import Count, Id, Time
from gridcast.schemas.message import Message
from gridcast.schemas.reasons import Reason


class ReplayedLetters(Message):
    """Dead letters that were sent again: all below these offsets that match the filters.

    This is kept on the topic of the letters for as long as they are. A consumer group's offsets
    would not be: Kafka deletes those of a group that is inactive for a week.
    """

    replayed_at: Time = Field(description="when they were sent again")
    below: list[Count] = Field(
        description="for each partition of this topic, the offset up to which letters were read"
    )
    reasons: list[Reason] = Field([], description="only letters of these reasons; []: of all")
    topic: Id | None = Field(None, description="only letters from this topic; null: from any")
    since: Time | None = Field(
        None, description="only letters that Kafka got then or later; null: all"
    )

    @property
    def key(self) -> bytes | None:
        """None, because this is about many letters."""
        return None
