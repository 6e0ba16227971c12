"""Where a partition stands: what was handed to the agent, and what may be committed.

Pure bookkeeping, without Kafka: offsets in, offsets out. Every offset is of the next message: all
before it are meant.
"""

from dataclasses import dataclass

from gridcast.agents.batch import Batch

ROOM_MESSAGES = 20_000
"""So many messages may wait for the agents before no more are fetched (about twice what one fetch
gives: one batch being worked on, and the next)."""
ROOM_BYTES = 64_000_000


class HoleError(RuntimeError):
    """Messages are missing between two batches of a partition."""


@dataclass(slots=True)
class FetchBuffer:
    """What was fetched and is not worked off, of all partitions of one generation."""

    messages: int = 0
    bytes: int = 0

    @property
    def is_full(self) -> bool:
        """Whether to wait before more is fetched."""
        return self.messages >= ROOM_MESSAGES or self.bytes >= ROOM_BYTES


@dataclass(slots=True, eq=False)
class PartitionPosition:
    """One partition between two seeks.

    After a seek the partition has a new place. What was fetched from the old one still refers to
    it, and can then not be handed over.
    """

    handed: int
    """Up to where the agent was given batches."""
    done: int
    """Up to where the app has acknowledged them: what may be committed."""
    owed: int
    """When acknowledged up to here there is nothing left to acknowledge: after it, only markers of
    transactions were read."""
    floor: int
    """The group stands here: no less is committed, even where it is read again."""

    @classmethod
    def at(cls, offset: int) -> "PartitionPosition":
        """Begin where the group stands."""
        return cls(offset, offset, offset, offset)

    def rewound(self, offset: int) -> "PartitionPosition":
        """Begin again at an offset."""
        return PartitionPosition(offset, offset, offset, self.floor)

    @property
    def committable(self) -> int | None:
        """What the group is to be told, if that is any news."""
        return self.done if self.done > self.floor else None

    def acknowledge(self, offset: int) -> None:
        """Let so much be committed: never more than was handed over, never less than before."""
        self.done = max(self.done, self.handed if offset >= self.owed else offset)


@dataclass(frozen=True, slots=True)
class FetchedChunk:
    """What one fetch gave of one partition."""

    place: PartitionPosition
    room: FetchBuffer
    batch: Batch
    bytes: int

    def enter(self) -> None:
        """Take room."""
        self.room.messages += len(self.batch)
        self.room.bytes += self.bytes

    def leave(self) -> None:
        """Give its room to others."""
        self.room.messages -= len(self.batch)
        self.room.bytes -= self.bytes

    def hand_over(self) -> bool:
        """Take note that it is the agent's now; raises where it does not follow on the last one.

        Gives whether there is anything in it: the markers of transactions need no agent.
        """
        place, batch = self.place, self.batch
        if batch.begin != place.handed:
            raise HoleError(
                f"{batch.topic}/{batch.partition}: offset {place.handed} was next, but "
                f"{batch.begin} came. What lies between them was deleted, or an agent failed on "
                "it; nothing after it is used or acknowledged"
            )
        place.handed = batch.next_offset
        if len(batch):
            place.owed = batch.next_offset
        elif place.done >= place.owed:
            place.done = batch.next_offset
        return len(batch) > 0

    def take_back(self) -> None:
        """Take note that the agent left without asking for the next: nothing may follow it."""
        self.place.handed = self.batch.begin
