"""The table of one partition: its records in Kafka, a checkpoint at a time, whole or not at all.

A checkpoint is one Kafka transaction: what the ticks gave out, and the records that changed. So a
worker that dies in the middle leaves the checkpoint before, never half of one; and whoever opens
the table next fences off the one before, should that only have been slow. A record that is larger
than a message may be is cut into parts, and is no less whole for it.

Why not a table of Faust's: docs/decisions/table.md.
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
"""The largest part of a record, unless the deployment's messages are smaller still."""
COUNT_BYTES = 4
"""Before each part stands of how many it is one."""


class KafkaTable:
    """The records of one partition. Its methods block, and may be called in any thread.

    While Kafka is away they wait, and say so in the log; `close` ends their waiting.

    Parameters
    ----------
    settings
        Where Kafka is, and what the deployment's topics are called.
    partition
        Which partition of the readings it belongs to; its records are in the same one of theirs.
    """

    def __init__(self, settings: Settings, partition: int) -> None:
        self._settings = settings
        self._topic = settings.topic_prefix + STATE.name
        self._partition = partition
        self._part_bytes = min(PART_BYTES, settings.message_bytes)
        self._transactions = Transactions(settings, f"{group(settings)}/{partition}")
        self._parts: dict[str, int] = {}
        """Of how many parts each record is."""

    def open(self, known: TableSnapshot | None = None) -> dict[str, bytes]:
        """Take the table over from whoever had it, and read all of its records.

        What is known of it already (see `stream/state/standby.py`) is not read again; it is used
        up.
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
            Kafka refuses something and would again: it is too large, its topic is not there, or it
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
        """Let the table go; a checkpoint that is under way is given up."""
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
    """Cut a record into parts that fit into messages."""
    count = max(1, -(-len(record) // part_bytes))
    head = count.to_bytes(COUNT_BYTES, "little")
    return [head + record[n * part_bytes : (n + 1) * part_bytes] for n in range(count)]


def _whole(name: str, count: int, found: dict[str, bytes]) -> bytes:
    """Take the parts of a record, out of all that was found, and join them."""
    try:
        parts = [found.pop(_key(name, number).decode()) for number in range(count)]
    except KeyError as error:
        raise RecordError(name, f"part {error} of {count} is missing") from None
    return b"".join(part[COUNT_BYTES:] for part in parts)


def _key(name: str, number: int) -> bytes:
    return f"{name}#{number}".encode()
