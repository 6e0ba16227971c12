"""The send queue of one client: the newest forecast of each series, and every alarm change.

>>> from gridcast.gateway.entries import KafkaMessage, read_entry
>>> queue = Queue(Format.JSON, most_alarms=100)
>>> score = b'{"series":"m-1","hour":"2026-01-01T00:00:00Z","bands":[]}'
>>> for offset in range(3):
...     queue.put(read_entry(What.SCORE, KafkaMessage(0, offset, 0, b"m-1", score), limit=1000))
>>> len(queue), queue.conflated
(1, 2)
"""

from collections import OrderedDict, deque
from typing import Final

from gridcast.gateway.entries import Entry
from gridcast.gateway.protocol import Format, Packet
from gridcast.schemas.gateway import What


class Queue:
    """A send queue, bounded by the number of series and by the maximum number of alarm changes.

    Parameters
    ----------
    form
        The client's format.
    most_alarms
        Maximum number of alarm changes that may wait.
    """

    __slots__ = ("_alarms", "_format", "_most_alarms", "_newest", "_replies", "conflated")

    def __init__(self, form: Format, most_alarms: int) -> None:
        self.conflated = 0
        """Number of entries that were replaced by newer ones."""
        self._format: Final = form
        self._most_alarms: Final = most_alarms
        self._replies: deque[Packet] = deque()
        self._alarms: deque[Entry] = deque()
        # A plain dict is slow if its first item is removed repeatedly: it skips all the holes.
        self._newest: OrderedDict[tuple[What, str], Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._replies) + len(self._alarms) + len(self._newest)

    @property
    def is_full(self) -> bool:
        """Return True if too many alarm changes wait. None is dropped; the client has to go."""
        return len(self._alarms) > self._most_alarms

    def put(self, entry: Entry) -> None:
        """Add an entry."""
        if entry.what is What.ALARM:
            self._alarms.append(entry)
            return
        key = (entry.what, entry.key)
        # A replaced entry keeps its position, so that a slow client gets every series in turn.
        self.conflated += key in self._newest
        self._newest[key] = entry

    def reply(self, packets: list[Packet]) -> None:
        """Add replies, which are sent first."""
        self._replies.extend(packets)

    def pop(self) -> Packet | None:
        """Remove and return the next message: replies first, then alarms, then the rest."""
        if self._replies:
            return self._replies.popleft()
        if self._alarms:
            return self._alarms.popleft().to(self._format)
        if self._newest:
            return self._newest.popitem(last=False)[1].to(self._format)
        return None
