"""What an agent needs of the place where a partition's state is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gridcast.schemas import Topic


@dataclass(frozen=True, slots=True)
class Output:
    """A message to send."""

    topic: Topic
    key: bytes | None
    value: bytes


class TableLostError(Exception):
    """Another worker has the partition now, or its table cannot be written any more."""


class StateTable(Protocol):
    """The records of one partition: read when it is taken over, written a checkpoint at a time."""

    async def open(self) -> Mapping[str, bytes]:
        """Take the table over from whoever had it, and read all of its records."""

    async def checkpoint(
        self, outputs: Sequence[Output], changes: Mapping[str, bytes | None], next_offset: int
    ) -> None:
        """Send the outputs and write the changes (None: gone), all or nothing of it.

        Then the input is acknowledged up to `next_offset`.

        Raises
        ------
        TableLostError
            Nothing was sent or written: the table is another's.
        """

    async def close(self) -> None:
        """Let the table go."""
