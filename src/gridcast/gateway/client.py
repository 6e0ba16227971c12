"""One client as the fan-out sees it: its conversation, what waits for it, and how fast it takes it.

Nothing is written while more than `MOST_WAITING` bytes of it lie untaken: what does not fit waits
in the queue, where forecasts are conflated. (asyncio's own limit pauses nobody who does not ask,
and `websockets.broadcast` does not: there a client that reads nothing grows without bound.)
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
"""A client that takes less than this of what waits, for as long as a stall may last, is stalled."""


class Wire(Protocol):
    """Where a client's messages go."""

    def waiting(self) -> int:
        """Give how many bytes the network has not taken."""

    def write(self, packets: list[Packet]) -> int:
        """Send messages; gives how many bytes that makes."""

    def cut(self, close: Close) -> None:
        """End the connection: with its reason if that is taken, and soon in any case."""


class Snapshot:
    """What there is for a subscription, gone through part by part.

    Parameters
    ----------
    wanted
        The subscription.
    candidates
        All that it may be about; None is what it is not about.
    """

    __slots__ = ("_candidates", "is_over", "wanted")

    def __init__(self, wanted: Subscribe, candidates: Iterator[Entry | None]) -> None:
        self.wanted: Final = wanted
        self.is_over = False
        self._candidates = candidates

    def next_part(self, most: int) -> list[Entry]:
        """Look at so many more; gives those that it is about."""
        candidates = list(islice(self._candidates, most))
        self.is_over = len(candidates) < most
        return [entry for entry in candidates if entry is not None]


class Client:
    """One client.

    Parameters
    ----------
    session
        Its conversation.
    wire
        Where its messages go.
    who
        Its name, for the log.
    below
        The subtrees that it is limited to; empty: no limit.
    most_alarms
        So many changes of alarms may wait for it.
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
        """Those that are on their way."""
        self.is_gone = False
        self._written = 0
        # When it was last seen to take enough, and how much it had taken by then.
        self._progress_at: float | None = None
        self._progress_bytes = 0

    @property
    def is_behind(self) -> bool:
        """Tell whether something waits for it."""
        return self.has_more or self.wire.waiting() > 0

    @property
    def has_more(self) -> bool:
        """Tell whether there is something to be written."""
        return bool(self.queue) or bool(self.snapshots)

    def flush(self) -> int:
        """Send as much as fits; gives how many messages that was."""
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
        """Look whether it takes what waits; to be asked now and then as long as it is behind."""
        waiting = self.wire.waiting()
        taken = self._written - waiting
        if self._progress_at is None or not waiting or taken - self._progress_bytes >= LEAST_TAKEN:
            self._progress_at, self._progress_bytes = (now, taken) if waiting else (None, taken)
            return False
        return now - self._progress_at >= stall_s
