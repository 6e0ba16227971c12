"""How far one partition is: what was delivered to the agent, and what may be committed.

Pure bookkeeping without Kafka. Every offset is that of the next message: it stands for all before
it.
"""

from dataclasses import dataclass

from gridcast.agents.batch import Batch

BUFFER_MESSAGES = 20_000
"""If so many messages wait for the agents, no more are fetched. It is about two fetches: one batch
that is being worked on, and the next."""
BUFFER_BYTES = 64_000_000


class HoleError(RuntimeError):
    """Messages are missing between two batches of a partition."""


@dataclass(slots=True)
class FetchBuffer:
    """The size of all that is fetched and not worked off, over the partitions of a generation."""

    messages: int = 0
    bytes: int = 0

    @property
    def is_full(self) -> bool:
        """Whether to wait before fetching more."""
        return self.messages >= BUFFER_MESSAGES or self.bytes >= BUFFER_BYTES


@dataclass(slots=True, eq=False)
class PartitionPosition:
    """The position of one partition between two seeks.

    A seek gives the partition a new position. Chunks that were fetched before it refer to the old
    one, so they can be recognised and left out.
    """

    delivered: int
    """Up to here the agent was given batches."""
    acked: int
    """Up to here the app has acknowledged them; it may be committed."""
    messages_end: int
    """The end of the last batch with messages. Behind it only transaction markers were read, which
    need no acknowledgement."""
    committed: int
    """The group's committed offset. Nothing lower is committed, even if it is read again."""

    @classmethod
    def at(cls, offset: int) -> "PartitionPosition":
        """Return the position of a partition that starts at the group's committed offset."""
        return cls(offset, offset, offset, offset)

    def rewound(self, offset: int) -> "PartitionPosition":
        """Return a new position that starts at an earlier offset."""
        return PartitionPosition(offset, offset, offset, self.committed)

    @property
    def committable(self) -> int | None:
        """The offset to commit; None if it is not higher than the committed one."""
        return self.acked if self.acked > self.committed else None

    def acknowledge(self, offset: int) -> None:
        """Allow committing up to an offset: never more than was delivered, never less than before.

        When all messages are acknowledged, the markers behind them are as well.
        """
        self.acked = max(self.acked, self.delivered if offset >= self.messages_end else offset)


@dataclass(frozen=True, slots=True)
class FetchedChunk:
    """The records that one fetch returned for one partition."""

    position: PartitionPosition
    buffer: FetchBuffer
    batch: Batch
    bytes: int

    def enter_buffer(self) -> None:
        """Count the chunk in the buffer."""
        self.buffer.messages += len(self.batch)
        self.buffer.bytes += self.bytes

    def leave_buffer(self) -> None:
        """Count the chunk no longer."""
        self.buffer.messages -= len(self.batch)
        self.buffer.bytes -= self.bytes

    def deliver(self) -> bool:
        """Advance the position; return whether the chunk has messages for the agent.

        Transaction markers alone need no agent. If the chunk does not follow on the last one, it is
        a :class:`HoleError`.
        """
        position, batch = self.position, self.batch
        if batch.begin != position.delivered:
            raise HoleError(
                f"{batch.topic}/{batch.partition}: expected offset {position.delivered}, got "
                f"{batch.begin}. The messages between were deleted, or an agent failed on them; "
                "nothing behind the hole is used or acknowledged"
            )
        position.delivered = batch.next_offset
        if len(batch):
            position.messages_end = batch.next_offset
        elif position.acked >= position.messages_end:
            position.acked = batch.next_offset
        return len(batch) > 0

    def take_back(self) -> None:
        """Undo the delivery: the agent left without asking for the next, so nothing may follow."""
        self.position.delivered = self.batch.begin
