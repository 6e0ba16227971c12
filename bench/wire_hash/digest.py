"""Digests of topics."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from confluent_kafka import Message

from gridcast.models.records import decode

LABEL = re.compile(rb'"(?:rung|kind|reason)":"([a-z-]+)"|"(challenger)":true')
"""The fields that tell the messages of a topic apart; counted to show what the history covers."""
COUNTED = re.compile(rb"(detection/(?=\d{4})|readings/)\d+#0")
"""Keys of the state's records that are numbered by how many there were before."""
NUMBER_AT = slice(9, 17)
"""Where the number is in such a record: after the count of parts, the magic, version and kind."""
PARTS_BYTES, CHECKSUM_BYTES = 4, 4


class Record(NamedTuple):
    """The part of a message that is hashed."""

    partition: int
    key: bytes
    value: bytes | None
    headers: bytes = b""


@dataclass
class Digest:
    """The digest of one topic. The order of messages counts within a key of a partition only."""

    messages: int = 0
    size: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    _keys: dict[tuple[int, bytes], Any] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Add a message."""
        partition, key, value, headers = record
        value = value or b""
        self.messages += 1
        self.size += len(key) + len(value)
        if value.startswith(b"{"):
            self.labels.update({(word or role).decode() for word, role in LABEL.findall(value)})
        hashed = self._keys.setdefault((partition, key), hashlib.sha256())
        hashed.update(len(value).to_bytes(8, "little") + value + headers)

    def figures(self) -> dict[str, Any]:
        """Return the counts and the SHA-256 over all keys, sorted."""
        whole = hashlib.sha256()
        for (partition, key), hashed in sorted(self._keys.items(), key=lambda item: item[0]):
            whole.update(repr((partition, key)).encode() + hashed.digest())
        return {
            "messages": self.messages,
            "bytes": self.size,
            "sha256": whole.hexdigest(),
            "labels": dict(sorted(self.labels.items())),
        }


def record_of(message: Message) -> Record:
    """Return what is hashed of a message."""
    headers = message.headers()
    return Record(
        message.partition() or 0,
        message.key() or b"",
        message.value(),
        repr(headers).encode() if headers else b"",
    )


def newest_of(records: Iterable[Record]) -> Iterator[Record]:
    """Yield the newest record of each key of the state, if it was not deleted.

    Each checkpoint writes what came since the one before as a record of its own, and when
    checkpoints are made depends on how fast it goes. So these records are hashed without their
    number and the checksum over it, in their order; and the head without the list of them.
    """
    newest = {record[:2]: record for record in records}
    count: Counter[tuple[int, bytes]] = Counter()
    # By the length of the key first: so counted records are in the order of their numbers.
    for record in sorted(newest.values(), key=lambda record: (len(record.key), record.key)):
        partition, key, value, _ = record
        if value is None:
            continue
        if counted := COUNTED.fullmatch(key):
            count[partition, counted[1]] += 1
            key = counted[1] + b"+%d" % count[partition, counted[1]]
            value = value[: NUMBER_AT.start] + value[NUMBER_AT.stop : -CHECKSUM_BYTES]
        elif key == b"head#0":
            value = _head(value)
        yield Record(partition, key, value)


def _head(value: bytes) -> bytes:
    """Return the head's columns without the next number and the numbers of its parts."""
    settings, place, *lists, _, newest = decode("head", value[PARTS_BYTES:]).columns
    return repr(
        [np.asarray(column).tolist() for column in (settings, place[:-1], *lists, newest)]
    ).encode()
