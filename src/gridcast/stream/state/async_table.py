"""A partition's state table for asyncio: the blocking calls run in threads."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import TypeVar

from gridcast.agents.state_table import Output
from gridcast.stream.state.kafka_table import KafkaTable
from gridcast.stream.state.table_reader import TableSnapshot

Answer = TypeVar("Answer")


class AsyncTable:
    """A :class:`gridcast.agents.state_table.Table` in Kafka.

    Parameters
    ----------
    table
        The table itself.
    prefix
        The deployment's topic prefix.
    threads
        Runs the calls that block on Kafka.
    acknowledge
        Acknowledges the input up to an offset.
    snapshot
        Returns the standby's snapshot of the table, if there is one.
    """

    def __init__(
        self,
        table: KafkaTable,
        prefix: str,
        threads: Executor,
        acknowledge: Callable[[int], None],
        snapshot: Callable[[], TableSnapshot | None],
    ) -> None:
        self._table = table
        self._prefix = prefix
        self._threads = threads
        self._acknowledge = acknowledge
        self._snapshot = snapshot

    async def open(self) -> Mapping[str, bytes]:
        """Take the table over, and return its records."""
        return await self._call(lambda: self._table.open(self._snapshot()))

    async def checkpoint(
        self, outputs: Sequence[Output], changes: Mapping[str, bytes | None], next_offset: int
    ) -> None:
        """Write a checkpoint, then acknowledge the input that it contains."""
        messages = [
            (self._prefix + output.topic.name, output.key, output.value) for output in outputs
        ]
        await self._call(lambda: self._table.checkpoint(messages, changes))
        self._acknowledge(next_offset)

    async def close(self) -> None:
        """Close the table."""
        await self._call(self._table.close)

    async def _call(self, call: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)
