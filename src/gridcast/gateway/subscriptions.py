"""An index of subscriptions: from a series to its clients, fast for any number of both."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Set
from typing import Generic, TypeVar

from gridcast.schemas import SeriesKind
from gridcast.schemas.gateway import Subscribe, What

ClientT = TypeVar("ClientT")
PathOf = Callable[[str], list[str]]
"""Returns a series and every series above it."""
KindOf = Callable[[str], SeriesKind]
Selector = tuple[str, str]
EVERYTHING: Selector = ("all", "")


class SubscriptionIndex(Generic[ClientT]):
    """The subscriptions of all clients.

    Parameters
    ----------
    path
        Returns a series and every series above it.
    kind
        Returns the kind of a series.
    """

    def __init__(self, path: PathOf, kind: KindOf) -> None:
        self._way = path
        self._kind = kind
        # How many of a client's subscriptions have the same selector: it is sent only once.
        self._wanted: dict[tuple[What, Selector], dict[ClientT, int]] = defaultdict(dict)

    def add(self, client: ClientT, wanted: Subscribe) -> None:
        """Add a subscription."""
        for key in _keys(wanted):
            clients = self._wanted[key]
            clients[client] = clients.get(client, 0) + 1

    def remove(self, client: ClientT, wanted: Subscribe) -> None:
        """Remove a subscription."""
        for key in _keys(wanted):
            clients = self._wanted[key]
            clients[client] -= 1
            if not clients[client]:
                del clients[client]
            if not clients:
                del self._wanted[key]

    def of(self, what: What, series: str) -> Set[ClientT]:
        """Return the clients that subscribed to a kind of data of a series."""
        audiences = [
            clients
            for selector in self._selectors(series)
            if (clients := self._wanted.get((what, selector)))
        ]
        if len(audiences) == 1:
            return audiences[0].keys()
        return set().union(*audiences)

    def matcher(self, wanted: Subscribe) -> Callable[[str], bool]:
        """Return a predicate that is True for the series of a subscription."""
        selected = _selected(wanted)  # up to a thousand, so computed once, not for each series
        return lambda series: wanted.all or not selected.isdisjoint(self._selectors(series))

    def _selectors(self, series: str) -> Iterable[Selector]:
        yield EVERYTHING
        yield "series", series
        yield "kind", self._kind(series)
        for above in self._way(series):
            yield "below", above


def _selected(wanted: Subscribe) -> set[Selector]:
    if wanted.all:
        return {EVERYTHING}
    selectors: set[Selector] = {("series", series) for series in wanted.series}
    selectors |= {("below", series) for series in wanted.below}
    return selectors | {("kind", kind) for kind in wanted.kinds}


def _keys(wanted: Subscribe) -> Iterator[tuple[What, Selector]]:
    selectors = _selected(wanted)
    return ((what, selector) for what in set(wanted.what) for selector in selectors)
