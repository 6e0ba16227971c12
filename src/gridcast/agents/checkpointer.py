"""Saves the state of one partition, and knows whether the partition is still this worker's."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

import numpy as np

from gridcast.agents.metrics import Metrics
from gridcast.agents.outbox import Checkpoint
from gridcast.agents.state_table import StateTable, TableLostError
from gridcast.models.records import Record, RecordKind, decode, key_of


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one partition has come: offsets up to which each kind of work is done.

    Each is the first offset that is not done. All of them are saved with the state, so after a
    crash no reading is counted, no refusal reported and no command carried out twice.
    """

    next_offset: int = 0
    """Readings before this are contained in the saved state."""
    reported_offset: int = 0
    """Refusals before this were reported, and the feed was judged."""
    commands_offset: int | None = None
    """Commands before this were carried out; None: the partition begins with the next command."""

    @classmethod
    def load(cls, records: Mapping[str, bytes], next_offset: int) -> Self:
        """Return the progress that the state's records tell of."""
        key = key_of(RecordKind.TOLD)
        if key not in records:
            return cls(next_offset)
        (offsets,) = decode(key, records[key]).columns
        commands_offset = int(offsets[1]) if len(offsets) > 1 else None
        return cls(next_offset, int(offsets[0]), commands_offset)

    def record(self) -> Record:
        """Return the reported and the commands offset as a record; the state has the first one."""
        offsets = [self.reported_offset]
        if self.commands_offset is not None:
            offsets.append(self.commands_offset)
        return Record(RecordKind.TOLD, 0, [np.array(offsets)])


class Checkpointer:
    """Writes the checkpoints of one partition to its table, one at a time.

    A checkpoint is written while the next batch is processed. Whoever touches the partition's state
    holds `turn`.

    Parameters
    ----------
    table
        The partition's table.
    metrics
        Told of each checkpoint that Kafka has confirmed.
    """

    def __init__(self, table: StateTable, metrics: Metrics) -> None:
        self.turn = asyncio.Lock()
        """Held while the partition's state is read or changed."""
        self.is_ownership_uncertain = False
        """Another worker may have had the partition since it was last saved."""
        self._table = table
        self._metrics = metrics
        self._saving: asyncio.Task[None] | None = None

    @property
    def is_saving(self) -> bool:
        """Whether a checkpoint is not confirmed yet."""
        return self._saving is not None

    def mark_ownership_uncertain(self) -> None:
        """Note that another worker may have had the partition meanwhile."""
        self.is_ownership_uncertain = True

    async def open(self) -> Mapping[str, bytes]:
        """Take the table over, and return its records."""
        self._saving = None
        records = await self._table.open()
        self.is_ownership_uncertain = False
        return records

    async def confirm_ownership(self, checkpoint: Callable[[], Checkpoint]) -> bool:
        """Save a checkpoint; return False if another worker has opened the table meanwhile."""
        try:
            await self.wait()
            await self.save(checkpoint())
            await self.wait()
        except TableLostError:
            return False
        self.is_ownership_uncertain = False
        return True

    async def save(self, checkpoint: Checkpoint) -> None:
        """Start to write a checkpoint, once the one before is confirmed.

        Raises
        ------
        TableLostError
            The checkpoint before this one was not written: the table is another worker's.
        """
        await self.wait()
        self._saving = asyncio.create_task(self._write(checkpoint))

    async def wait(self) -> None:
        """Wait until the checkpoint that is being written is confirmed; raise if it failed."""
        saving = self._saving
        if saving is not None:
            try:
                await saving
            finally:
                self._saving = None

    async def raise_if_failed(self) -> None:
        """Raise the error of a checkpoint that is done, without waiting for one that is not."""
        if self._saving is not None and self._saving.done():
            await self.wait()

    async def close(self) -> None:
        """Close the table, and give up a checkpoint that still waits for Kafka."""
        await self._table.close()

    async def abandon(self) -> None:
        """Wait for the last checkpoint, whether it could be written or not."""
        with suppress(TableLostError):
            await self.wait()

    async def _write(self, checkpoint: Checkpoint) -> None:
        began_s = time.monotonic()
        outputs, changes = checkpoint.outputs, checkpoint.changes
        with checkpoint.span.part("checkpoint", outputs=len(outputs), records=len(changes)):
            await self._table.checkpoint(outputs, changes, checkpoint.next_offset)
        checkpoint.confirmed(self._metrics, began_s, time.monotonic())
