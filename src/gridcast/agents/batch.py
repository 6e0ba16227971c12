"""What an agent is handed, and what it may do with its answers.

An agent is a plain async function over a stream of batches: the next batch is asked for when all
that came of this one is safely sent, and only then is this one acknowledged. It knows nothing of
Faust, so a test hands it a list.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridcast.schemas import Message, Topic


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages of one partition of one topic, in the order of their offsets."""

    topic: str
    """As Kafka knows it, the deployment's prefix included."""
    partition: int
    offsets: Sequence[int]
    keys: Sequence[bytes | None]
    values: Sequence[bytes | None]
    sent_ms: npt.NDArray[np.int64]
    """Kafka's own time stamp of each, milliseconds since 1970."""

    def __len__(self) -> int:
        return len(self.offsets)


Send = Callable[[Topic, Sequence[Message]], Awaitable[None]]
"""Sends messages to a topic; done when Kafka has confirmed every one."""
