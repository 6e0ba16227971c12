"""The table of a partition, for the agent that has it: blocking calls beside the event loop."""

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
        What the deployment puts before the names of its topics.
    threads
        Where it may wait for Kafka.
    acknowledge
        Tells the group up to where the input is kept.
    known
        Gives what a standby knows of the table, if there is one.
    """

    def __init__(
        self,
        table: KafkaTable,
        prefix: str,
        threads: Executor,
        acknowledge: Callable[[int], None],
        known: Callable[[], TableSnapshot | None],
    ) -> None:
        self._table = table
        self._prefix = prefix
        self._threads = threads
        self._acknowledge = acknowledge
        self._known = known

    async def open(self) -> Mapping[str, bytes]:
        """Take the table over, and read it."""
        return await self._call(lambda: self._table.open(self._known()))

    async def checkpoint(
        self, outputs: Sequence[Output], changes: Mapping[str, bytes | None], next_offset: int
    ) -> None:
        """Send and write all of it, then acknowledge the input it contains."""
        messages = [
            (self._prefix + output.topic.name, output.key, output.value) for output in outputs
        ]
        await self._call(lambda: self._table.checkpoint(messages, changes))
        self._acknowledge(next_offset)

    async def close(self) -> None:
        """Let it go."""
        await self._call(self._table.close)

    async def _call(self, call: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)
