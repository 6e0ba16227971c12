"""The state table of one partition: its records in Kafka, written one checkpoint at a time.

A checkpoint is one Kafka transaction with the outputs of the ticks and the changed records. A
worker that dies during it leaves the checkpoint before. Whoever opens the table next fences off the
former worker, which may only have been slow. A record larger than a message is cut into parts, in
the same transaction.

docs/decisions/table.md says why it is not a Faust table.
"""

from collections.abc import Mapping, Sequence

from gridcast.agents.state_table import TableLostError
from gridcast.models.records import RecordError
from gridcast.schemas.topics import STATE
from gridcast.stream.kafka.config import group
from gridcast.stream.kafka.transactions import (
    BY_KEY,
    OutgoingMessage,
    ProducerLostError,
    Transactions,
)
from gridcast.stream.settings import Settings
from gridcast.stream.state.table_reader import TableSnapshot, read

PART_BYTES = 900_000
"""Largest part of a record, unless the deployment's messages are smaller."""
COUNT_BYTES = 4
"""Each part begins with the number of parts."""


class KafkaTable:
    """The records of one partition. Its methods block, and may be called in any thread.

    While Kafka is away they wait, and log it; `close` ends the wait.

    Parameters
    ----------
    settings
        The deployment's settings.
    partition
        Number of the readings' partition. Its records are in the same partition of the state topic.
    """

    def __init__(self, settings: Settings, partition: int) -> None:
        self._settings = settings
        self._topic = settings.topic_prefix + STATE.name
        self._partition = partition
        self._part_bytes = min(PART_BYTES, settings.message_bytes)
        self._transactions = Transactions(settings, f"{group(settings)}/{partition}")
        self._parts: dict[str, int] = {}
        """Number of parts of each record."""

    def open(self, known: TableSnapshot | None = None) -> dict[str, bytes]:
        """Take the table over from the worker that had it, and return all of its records.

        `known` is a snapshot of a standby (`stream/state/standby.py`). It is updated and used, so
        that only later messages are read.
        """
        try:
            self._transactions.begin()
            kept = read(self._settings, self._partition, known, self._transactions)
        except ProducerLostError as error:
            raise self._error("opened", error) from None
        return self._join(kept.messages)

    def checkpoint(
        self,
        outputs: Sequence[tuple[str, bytes | None, bytes]],
        changes: Mapping[str, bytes | None],
    ) -> None:
        """Send the outputs and write the changed records (None: deleted) in one transaction.

        An output is a topic (with the deployment's prefix), a key and a value.

        Raises
        ------
        TableLostError
            Another worker has opened the table, or Kafka gave up on this producer. The next `open`
            reads what the last checkpoint was.
        UserError
            Kafka rejects a message, and would again: it is too large, its topic is missing, or it
            is not allowed. The checkpoint before still holds.
        """
        messages: list[OutgoingMessage] = [
            (topic, key, value, BY_KEY) for topic, key, value in outputs
        ]
        counts = {}
        for name, record in changes.items():
            parts = [] if record is None else _cut(record, self._part_bytes)
            counts[name] = len(parts)
            gone = [None] * (self._parts.get(name, 0) - len(parts))
            messages += [
                (self._topic, _key(name, number), value, self._partition)
                for number, value in enumerate([*parts, *gone])
            ]
        try:
            self._transactions.send(messages)
        except ProducerLostError as error:
            raise self._error("written", error) from None
        self._parts = {name: count for name, count in (self._parts | counts).items() if count}

    def close(self) -> None:
        """Close the table; a checkpoint under way is aborted."""
        self._transactions.close()

    def _join(self, found: dict[str, bytes]) -> dict[str, bytes]:
        self._parts = {}
        for key, part in found.items():
            name, _, number = key.rpartition("#")
            if number == "0":
                self._parts[name] = int.from_bytes(part[:COUNT_BYTES], "little")
        return {name: _whole(name, count, found) for name, count in self._parts.items()}

    def _error(self, what: str, error: ProducerLostError) -> TableLostError:
        return TableLostError(f"{self._topic}/{self._partition} cannot be {what}: {error}")


def _cut(record: bytes, part_bytes: int) -> list[bytes]:
    """Return a record in parts that fit into messages."""
    count = max(1, -(-len(record) // part_bytes))
    head = count.to_bytes(COUNT_BYTES, "little")
    return [head + record[n * part_bytes : (n + 1) * part_bytes] for n in range(count)]


def _whole(name: str, count: int, found: dict[str, bytes]) -> bytes:
    """Remove the parts of a record from the messages, and return them joined."""
    try:
        parts = [found.pop(_key(name, number).decode()) for number in range(count)]
    except KeyError as error:
        raise RecordError(name, f"part {error} of {count} is missing") from None
    return b"".join(part[COUNT_BYTES:] for part in parts)


def _key(name: str, number: int) -> bytes:
    return f"{name}#{number}".encode()
