"""One client of the fan-out: its session, its queue, and whether it keeps up.

Nothing is written while more than `MOST_WAITING` bytes are unsent. Everything else waits in the
queue, where forecasts are conflated. (asyncio's own limit only pauses writers that await it.
`websockets.broadcast` does not, so its buffer grows without bound for a client that reads nothing.)
"""

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Final, Protocol

from gridcast.gateway.entries import Entry
from gridcast.gateway.protocol import Close, Packet, Session
from gridcast.gateway.queue import Queue
from gridcast.schemas.gateway import Subscribe

MOST_WAITING = 64 * 1024
LEAST_TAKEN = 16 * 1024
"""A client with waiting data that reads fewer bytes than this during the stall time is stalled."""


class Wire(Protocol):
    """The connection to which a client's messages are written."""

    def waiting(self) -> int:
        """Return the number of bytes that were written but not yet sent."""

    def write(self, packets: list[Packet]) -> int:
        """Write messages and return their size in bytes."""

    def cut(self, close: Close) -> None:
        """Close the connection with a reason; abort it soon in any case."""


class Snapshot:
    """The snapshot of a subscription, produced part by part.

    Parameters
    ----------
    wanted
        The subscription.
    candidates
        Every entry that may belong to it; None in place of each one that does not.
    """

    __slots__ = ("_candidates", "is_over", "wanted")

    def __init__(self, wanted: Subscribe, candidates: Iterator[Entry | None]) -> None:
        self.wanted: Final = wanted
        self.is_over = False
        self._candidates = candidates

    def next_part(self, most: int) -> list[Entry]:
        """Examine the next `most` candidates and return those that belong to the subscription."""
        part = list(islice(self._candidates, most))
        self.is_over = len(part) < most
        return [entry for entry in part if entry is not None]


class Client:
    """One client.

    Parameters
    ----------
    session
        Its session.
    wire
        The connection to which its messages are written.
    who
        Its name, for the log.
    below
        The subtrees that it is limited to; empty: no limit.
    most_alarms
        Maximum number of alarm changes that may wait for it.
    """

    __slots__ = (
        "_progress_at", "_progress_bytes", "_written", "below", "is_gone", "queue", "session",
        "snapshots", "who", "wire",
    )  # fmt: skip

    def __init__(
        self, session: Session, wire: Wire, who: str, below: frozenset[str], most_alarms: int
    ) -> None:
        self.session: Final = session
        self.wire: Final = wire
        self.who: Final = who
        self.below: Final = below
        self.queue: Final = Queue(session.format, most_alarms)
        self.snapshots: deque[Snapshot] = deque()
        """The snapshots that are being sent."""
        self.is_gone = False
        self._written = 0
        # When the client last made enough progress, and how many bytes it had read by then.
        self._progress_at: float | None = None
        self._progress_bytes = 0

    @property
    def is_behind(self) -> bool:
        """Return True if the client has not received everything yet."""
        return self.has_more or self.wire.waiting() > 0

    @property
    def has_more(self) -> bool:
        """Return True if there is something left to write."""
        return bool(self.queue) or bool(self.snapshots)

    def flush(self) -> int:
        """Write as much as fits and return the number of messages."""
        queue = self.queue
        room = MOST_WAITING - self.wire.waiting()
        packets = []
        while room > 0 and (packet := queue.pop()) is not None:
            packets.append(packet)
            room -= len(packet.payload)
        if packets:
            self._written += self.wire.write(packets)
        return len(packets)

    def is_stalled(self, now: float, stall_s: float) -> bool:
        """Return True if the client has read too little for `stall_s` seconds.

        It is called repeatedly while the client is behind.
        """
        waiting = self.wire.waiting()
        read = self._written - waiting
        if self._progress_at is None or not waiting or read - self._progress_bytes >= LEAST_TAKEN:
            self._progress_at, self._progress_bytes = (now, read) if waiting else (None, read)
            return False
        return now - self._progress_at >= stall_s
