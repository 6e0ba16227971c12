"""The interface of a partition's state table."""

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
    """The saved records of one partition: read at takeover, written by checkpoints."""

    async def open(self) -> Mapping[str, bytes]:
        """Take the table over from the worker that had it, and return all of its records."""

    async def checkpoint(
        self, outputs: Sequence[Output], changes: Mapping[str, bytes | None], next_offset: int
    ) -> None:
        """Send the outputs and write the changes (None: delete), in one transaction.

        Then the input before `next_offset` is acknowledged.

        Raises
        ------
        TableLostError
            Nothing was sent or written: the table is another worker's.
        """

    async def close(self) -> None:
        """Close the table."""
