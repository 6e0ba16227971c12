"""What waits for one client: of forecasts the newest of each series, of alarms every change.

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
    """Bounded: by the number of series there are, and by the most alarms that may wait.

    Parameters
    ----------
    form
        The client's.
    most_alarms
        So many changes of alarms may wait.
    """

    __slots__ = ("_alarms", "_format", "_most_alarms", "_newest", "_replies", "conflated")

    def __init__(self, form: Format, most_alarms: int) -> None:
        self.conflated = 0
        """How many were overtaken by newer ones."""
        self._format: Final = form
        self._most_alarms: Final = most_alarms
        self._replies: deque[Packet] = deque()
        self._alarms: deque[Entry] = deque()
        # A plain dict that loses its first, again and again, is slow: it passes over the holes.
        self._newest: OrderedDict[tuple[What, str], Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._replies) + len(self._alarms) + len(self._newest)

    @property
    def is_full(self) -> bool:
        """Tell whether more alarms wait than may: none is dropped, so the client is to go."""
        return len(self._alarms) > self._most_alarms

    def put(self, entry: Entry) -> None:
        """Let one thing wait."""
        if entry.what is What.ALARM:
            self._alarms.append(entry)
            return
        key = (entry.what, entry.key)
        # What is overtaken keeps its place, so that a slow client's turn comes to every series.
        self.conflated += key in self._newest
        self._newest[key] = entry

    def reply(self, packets: list[Packet]) -> None:
        """Let answers wait; they go first."""
        self._replies.extend(packets)

    def pop(self) -> Packet | None:
        """Take what is to be sent next: answers, then alarms, then the rest."""
        if self._replies:
            return self._replies.popleft()
        if self._alarms:
            return self._alarms.popleft().to(self._format)
        if self._newest:
            return self._newest.popitem(last=False)[1].to(self._format)
        return None
