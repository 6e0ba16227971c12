"""What a gateway knows: the newest of everything, and up to where it has read.

It is the same in every gateway that has come as far. A place is the offsets of Kafka, so a client
that was told its place by one gateway can go on at any other.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gridcast.gateway.entries import Entry
from gridcast.models.grid import Grid
from gridcast.schemas import Alarm, GridSeries
from gridcast.schemas.gateway import Place, What
from gridcast.units import DAY_MS

MOST_CHANGES = 20_000
"""Changes of alarms that are kept for those who come back: hours of a flood."""
KEPT_MS = {
    # A forecast or a score is on its topic for so long, so a gateway that starts knows no older.
    What.FORECAST: 8 * DAY_MS,
    What.SCORE: 8 * DAY_MS,
    What.READING: 8 * DAY_MS,
}
OVER_FOR_MS = DAY_MS
"""An alarm that is over for longer is on its topic, but not on the state."""


class LatestState:
    """The newest of everything, by kind and key; empty and of nowhere until it begins."""

    def __init__(self) -> None:
        self.epoch = "none"
        self.grid = Grid()
        self.newest: dict[What, dict[str, Entry]] = {what: {} for what in What}
        self.next: dict[What, list[int]] = {what: [] for what in What}
        """The next offset of each partition."""
        self._keys: dict[What, list[str]] = {}
        self._changes: deque[Entry] = deque()
        self._changes_from: list[int] = []
        """From which offset on each partition's changes of alarms are kept."""

    def begin(self, epoch: str, partitions: Mapping[What, int]) -> None:
        """Be of these topics, with so many partitions of each kind."""
        self.epoch = epoch
        self.next = {what: [0] * count for what, count in partitions.items()}
        self._changes_from = [0] * partitions[What.ALARM]

    def take(self, entry: Entry) -> None:
        """Know one thing more."""
        if entry.what is What.SERIES:
            self._declare(entry)
        elif entry.what is What.ALARM:
            self._remember(entry)
        newest = self.newest[entry.what]
        if entry.key not in newest:
            self._keys.pop(entry.what, None)
        newest[entry.key] = entry

    def reached(self, what: What, partition: int, offset: int) -> None:
        """Have read a partition up to an offset."""
        self.next[what][partition] = offset

    def position(self) -> Place:
        """Give up to where everything is known."""
        return Place(epoch=self.epoch, seq={what: list(at) for what, at in self.next.items()})

    def all(self, what: What) -> Iterator[Entry]:
        """Give the newest of everything of a kind, as a snapshot has it."""
        return (entry for entry in self.newest[what].values() if not entry.is_gone)

    def keys(self, what: What) -> Sequence[str]:
        """Give the keys of everything of a kind: one list for all who go through it."""
        found = self._keys.get(what)
        if found is None:
            found = self._keys[what] = list(self.newest[what])
        return found

    def since(
        self, what: What, place: Place | None, keys: Iterable[str] | None = None
    ) -> Iterator[Entry | None]:
        """Give what changed since a place; all, where that cannot be told.

        Everything looked at gives something, None where it is not wanted, so that whoever asks can
        let others have their turn. What changes meanwhile is given as it then is. (Another gateway
        may have been a little ahead of this one: what it has told already is then told again, which
        changes nothing.)

        Parameters
        ----------
        what
            Of which kind.
        place
            Since when; None gives all.
        keys
            Only these; None: all there are. Of alarms always all.
        """
        at = None if place is None or place.epoch != self.epoch else place.seq.get(what)
        if at is not None and len(at) != len(self.next[what]):
            at = None
        if what is What.ALARM and at is not None and not self._has_lost(at):
            for change in list(self._changes):
                yield change if change.offset >= at[change.partition] else None
            return
        newest = self.newest[what]
        if what is What.ALARM:
            at = None
        for key in self.keys(what) if keys is None or what is What.ALARM else keys:
            entry = newest.get(key)
            is_news = entry is not None and (
                not entry.is_gone if at is None else entry.offset >= at[entry.partition]
            )
            yield entry if is_news else None

    def alarm(self, name: str) -> Alarm | None:
        """Give an alarm as it stands."""
        entry = self.newest[What.ALARM].get(name)
        return entry.message if entry is not None and isinstance(entry.message, Alarm) else None

    def path(self, series: str) -> list[str]:
        """Give a series and all above it."""
        path = [series]
        above = self.grid.parent(series)
        while above is not None:
            path.append(above)
            above = self.grid.parent(above)
        return path

    def subtree(self, series: str) -> list[str]:
        """Give a series and all that are parts of it."""
        return list(self.walk_subtree(series))

    def walk_subtree(self, series: str) -> Iterator[str]:
        """Go through a series and all that are parts of it, as it is by the time one comes there.

        Whoever goes through a large grid can let others have their turn meanwhile.
        """
        left = deque([series])
        while left:
            above = left.popleft()
            yield above
            left += self.grid.children(above)

    def about(self, what: What, series: str) -> list[Entry]:
        """Give the newest of one kind about a series."""
        newest = self.newest[what]
        if what is not What.ALARM:
            found = newest.get(series)
            return [] if found is None or found.is_gone else [found]
        return [entry for entry in newest.values() if entry.series == series and not entry.is_gone]

    def forget(self, now_ms: int) -> int:
        """Let go of what is too old; gives how much that was."""
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
        """Tell whether changes of alarms since then are kept no more."""
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
