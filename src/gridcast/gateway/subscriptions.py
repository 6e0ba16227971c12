"""Who wants to know of what: from a series to its clients, however many there are of both."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Set
from typing import Generic, TypeVar

from gridcast.schemas import SeriesKind
from gridcast.schemas.gateway import Subscribe, What

ClientT = TypeVar("ClientT")
PathOf = Callable[[str], list[str]]
"""Gives a series and all above it."""
KindOf = Callable[[str], SeriesKind]
Selector = tuple[str, str]
EVERYTHING: Selector = ("all", "")


class SubscriptionIndex(Generic[ClientT]):
    """The subscriptions of all clients.

    Parameters
    ----------
    way
        Gives a series and all above it.
    kind
        Gives the kind of a series.
    """

    def __init__(self, way: PathOf, kind: KindOf) -> None:
        self._way = way
        self._kind = kind
        # How many of a client's subscriptions ask for the same: it is told once.
        self._wanted: dict[tuple[What, Selector], dict[ClientT, int]] = defaultdict(dict)

    def add(self, client: ClientT, wanted: Subscribe) -> None:
        """Take a subscription."""
        for key in _keys(wanted):
            clients = self._wanted[key]
            clients[client] = clients.get(client, 0) + 1

    def remove(self, client: ClientT, wanted: Subscribe) -> None:
        """End a subscription."""
        for key in _keys(wanted):
            clients = self._wanted[key]
            clients[client] -= 1
            if not clients[client]:
                del clients[client]
            if not clients:
                del self._wanted[key]

    def of(self, what: What, series: str) -> Set[ClientT]:
        """Give the clients who want to know this of a series."""
        found = [
            clients
            for selector in self._selectors(series)
            if (clients := self._wanted.get((what, selector)))
        ]
        if len(found) == 1:
            return found[0].keys()
        return set().union(*found)

    def matcher(self, wanted: Subscribe) -> Callable[[str], bool]:
        """Give what tells whether a subscription is about a series."""
        selected = _selected(wanted)  # up to a thousand: worked out once, not for each series
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
    found: set[Selector] = {("series", series) for series in wanted.series}
    found |= {("below", series) for series in wanted.below}
    return found | {("kind", kind) for kind in wanted.kinds}


def _keys(wanted: Subscribe) -> Iterator[tuple[What, Selector]]:
    selectors = _selected(wanted)
    return ((what, selector) for what in set(wanted.what) for selector in selectors)
