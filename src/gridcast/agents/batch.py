"""The messages that an agent processes at a time.

An agent is a plain async function over a stream of batches. It does not depend on Faust, so a test
can pass a list.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

Headers = Sequence[tuple[str, bytes | None]]
"""Of one message."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages of one partition of one topic, in the order of their offsets."""

    topic: str
    """Full name in Kafka, with the deployment's prefix."""
    partition: int
    begin: int
    """It follows on what came before this offset, and is followed by what comes from `next_offset`
    on. Between them not every offset needs to have a message: Kafka keeps the markers of
    transactions in the same numbering."""
    next_offset: int
    offsets: Sequence[int]
    keys: Sequence[bytes | None]
    values: Sequence[bytes | None]
    sent_ms: npt.NDArray[np.int64]
    """Kafka's timestamp of each message, ms since 1970."""
    headers: Sequence[Headers] = ()
    """Headers of each message, if they are read; else empty."""

    def __len__(self) -> int:
        return len(self.offsets)

    def only(self, place: int) -> Self:
        """Return a batch with one message alone."""
        one, offset = slice(place, place + 1), self.offsets[place]
        return replace(
            self,
            begin=offset,
            next_offset=offset + 1,
            offsets=[offset],
            keys=self.keys[one],
            values=self.values[one],
            sent_ms=self.sent_ms[one].copy(),
            headers=self.headers[one],
        )

    def since(self, offset: int) -> Self | None:
        """Return the part from an offset on; None if nothing is left."""
        if offset <= self.begin:
            return self
        if offset >= self.next_offset:
            return None
        first = int(np.searchsorted(np.asarray(self.offsets), offset))
        return replace(
            self,
            begin=offset,
            offsets=self.offsets[first:],
            keys=self.keys[first:],
            values=self.values[first:],
            sent_ms=self.sent_ms[first:],
            headers=self.headers[first:],
        )
