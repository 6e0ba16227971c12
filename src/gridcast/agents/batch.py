"""What an agent is handed.

An agent is a plain async function over a stream of batches. It knows nothing of Faust, so a test
hands it a list.
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
    """As Kafka knows it, the deployment's prefix included."""
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
    """Kafka's own time stamp of each, milliseconds since 1970."""
    headers: Sequence[Headers] = ()
    """Those of each, if they are wanted; else of none."""

    def __len__(self) -> int:
        return len(self.offsets)

    def only(self, place: int) -> Self:
        """Give one message alone."""
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
        """Leave out what comes before an offset; None if nothing is left."""
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
