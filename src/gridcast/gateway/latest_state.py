"""The latest state of the gateway: the newest message of every key, and the offsets read so far.

It is the same in every gateway that has read as far. A position consists of Kafka offsets, so a
client that got its position from one gateway can resume at any other.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gridcast.gateway.entries import Entry
from gridcast.models.grid import Grid
from gridcast.schemas import Alarm, GridSeries
from gridcast.schemas.gateway import Place, What
from gridcast.units import DAY_MS

MOST_CHANGES = 20_000
"""Number of alarm changes that are kept for clients that resume: hours of an alarm flood."""
KEPT_MS = {
    # The retention of these topics: a gateway that has just started has no older messages either.
    What.FORECAST: 8 * DAY_MS,
    What.SCORE: 8 * DAY_MS,
    What.READING: 8 * DAY_MS,
}
OVER_FOR_MS = DAY_MS
"""An alarm that has been over for longer is dropped here, although its topic still has it."""


class LatestState:
    """The newest entry of every kind and key. It is empty until `begin`."""

    def __init__(self) -> None:
        self.epoch = "none"
        self.grid = Grid()
        self.newest: dict[What, dict[str, Entry]] = {what: {} for what in What}
        self.next: dict[What, list[int]] = {what: [] for what in What}
        """The next offset of each partition."""
        self._keys: dict[What, list[str]] = {}
        self._changes: deque[Entry] = deque()
        self._changes_from: list[int] = []
        """The first offset of each partition from which alarm changes are kept."""

    def begin(self, epoch: str, partitions: Mapping[What, int]) -> None:
        """Set the epoch of the topics, and the number of partitions of each kind."""
        self.epoch = epoch
        self.next = {what: [0] * count for what, count in partitions.items()}
        self._changes_from = [0] * partitions[What.ALARM]

    def take(self, entry: Entry) -> None:
        """Add an entry as the newest of its key."""
        if entry.what is What.SERIES:
            self._declare(entry)
        elif entry.what is What.ALARM:
            self._remember(entry)
        newest = self.newest[entry.what]
        if entry.key not in newest:
            self._keys.pop(entry.what, None)
        newest[entry.key] = entry

    def reached(self, what: What, partition: int, offset: int) -> None:
        """Set the offset up to which a partition was read."""
        self.next[what][partition] = offset

    def position(self) -> Place:
        """Return the position up to which everything was read."""
        return Place(epoch=self.epoch, seq={what: list(at) for what, at in self.next.items()})

    def all(self, what: What) -> Iterator[Entry]:
        """Yield the newest entry of every key of a kind, without deleted ones."""
        return (entry for entry in self.newest[what].values() if not entry.is_gone)

    def keys(self, what: What) -> Sequence[str]:
        """Return all keys of a kind, as one list that every caller shares."""
        keys = self._keys.get(what)
        if keys is None:
            keys = self._keys[what] = list(self.newest[what])
        return keys

    def since(
        self, what: What, position: Place | None, keys: Iterable[str] | None = None
    ) -> Iterator[Entry | None]:
        """Yield what changed since a position, or everything if the position is not usable.

        Each candidate yields its entry, or None if it did not change, so that the caller can give
        others their turn. A key that changes during the iteration yields its newest entry. Another
        gateway may have been slightly ahead of this one: the client then gets some messages again,
        which is harmless.

        Parameters
        ----------
        what
            The kind.
        position
            The position; None yields everything.
        keys
            The keys to consider; None: all. Of alarms, always all.
        """
        offsets = (
            None if position is None or position.epoch != self.epoch else position.seq.get(what)
        )
        if offsets is not None and len(offsets) != len(self.next[what]):
            offsets = None
        if what is What.ALARM and offsets is not None and not self._has_lost(offsets):
            for change in list(self._changes):
                yield change if change.offset >= offsets[change.partition] else None
            return
        newest = self.newest[what]
        if what is What.ALARM:
            offsets = None
        for key in self.keys(what) if keys is None or what is What.ALARM else keys:
            entry = newest.get(key)
            is_news = entry is not None and (
                not entry.is_gone if offsets is None else entry.offset >= offsets[entry.partition]
            )
            yield entry if is_news else None

    def alarm(self, name: str) -> Alarm | None:
        """Return the present state of an alarm; None if it is unknown."""
        entry = self.newest[What.ALARM].get(name)
        return entry.message if entry is not None and isinstance(entry.message, Alarm) else None

    def path(self, series: str) -> list[str]:
        """Return a series and every series above it, up to the root."""
        path = [series]
        above = self.grid.parent(series)
        while above is not None:
            path.append(above)
            above = self.grid.parent(above)
        return path

    def subtree(self, series: str) -> list[str]:
        """Return a series and all its parts."""
        return list(self.walk_subtree(series))

    def walk_subtree(self, series: str) -> Iterator[str]:
        """Yield a series and all its parts; each one's parts are looked up when it is reached.

        The caller of a large grid can give others their turn between two series.
        """
        pending = deque([series])
        while pending:
            above = pending.popleft()
            yield above
            pending += self.grid.children(above)

    def about(self, what: What, series: str) -> list[Entry]:
        """Return the newest entries of one kind about a series."""
        newest = self.newest[what]
        if what is not What.ALARM:
            single = newest.get(series)
            return [] if single is None or single.is_gone else [single]
        return [entry for entry in newest.values() if entry.series == series and not entry.is_gone]

    def forget(self, now_ms: int) -> int:
        """Drop entries that are too old and return their number."""
        old = [
            entry
            for entries in self.newest.values()
            for entry in entries.values()
            if now_ms - entry.sent_ms > _kept_ms(entry)
        ]
        for entry in old:
            del self.newest[entry.what][entry.key]
            self._keys.pop(entry.what, None)
        return len(old)

    def _has_lost(self, at: list[int]) -> bool:
        """Return True if alarm changes since these offsets have been dropped."""
        return any(begin > offset for begin, offset in zip(self._changes_from, at, strict=True))

    def _declare(self, entry: Entry) -> None:
        if isinstance(entry.message, GridSeries):
            self.grid.declare(entry.message)
        else:
            self.grid.remove(entry.key)

    def _remember(self, entry: Entry) -> None:
        self._changes.append(entry)
        if len(self._changes) > MOST_CHANGES:
            lost = self._changes.popleft()
            self._changes_from[lost.partition] = lost.offset + 1


def _kept_ms(entry: Entry) -> float:
    if entry.is_gone or entry.is_over:
        return OVER_FOR_MS
    return KEPT_MS.get(entry.what, float("inf"))
