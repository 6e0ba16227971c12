"""The fan-out: each message is serialised once and sent to every client that subscribed to it.

It has no I/O and no clock. Its caller calls `flush` when there is something to send, `watch` many
times a second, and `heartbeat` as often as the protocol promises.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from gridcast.gateway.client import MOST_WAITING, Client, Snapshot
from gridcast.gateway.entries import Entry
from gridcast.gateway.latest_state import LatestState
from gridcast.gateway.metrics import GatewayMetrics
from gridcast.gateway.protocol import Close, CloseCode, Format, Packet
from gridcast.gateway.subscriptions import SubscriptionIndex
from gridcast.schemas.gateway import Current, Subscribe, What

FLUSHED_AT_ONCE = 200
"""Clients that one flush writes to before it yields to pings and new connections: 2 ms."""
LOOKED_AT_ONCE = 300
"""Entries of a snapshot that are examined before others have their turn: less than 1 ms."""
PARTS_AT_ONCE = 2
"""Snapshot parts per flush, so that snapshots hardly delay updates."""


class Fanout:
    """All clients, and the messages that are on their way to them.

    Parameters
    ----------
    state
        The newest message of every kind and key.
    metrics
        Count messages and clients.
    current
        Returns the message with the position up to which everything was read.
    stall_s
        How long a client may read nothing while data waits for it, seconds.
    wake
        Called when there is something to flush.
    """

    def __init__(
        self,
        state: LatestState,
        metrics: GatewayMetrics,
        current: Callable[[str | None], Current],
        stall_s: float,
        wake: Callable[[], None],
    ) -> None:
        self.clients: set[Client] = set()
        self._state = state
        self._metrics = metrics
        self._current = current
        self._stall_s = stall_s
        self._wake = wake
        self._subscriptions: SubscriptionIndex[Client] = SubscriptionIndex(
            state.path, lambda name: state.grid[name].kind
        )
        # Dicts keep their order, so clients are served in turn.
        self._scheduled: dict[Client, None] = {}
        self._catching_up: dict[Client, None] = {}
        self._behind: dict[Client, None] = {}

    @property
    def behind(self) -> int:
        """The number of clients that have not received everything yet."""
        return len(self._behind)

    def join(self, client: Client) -> None:
        """Add a client."""
        self.clients.add(client)
        self._metrics.connected(len(self.clients))

    def leave(self, client: Client) -> None:
        """Remove a client."""
        if client not in self.clients:
            return
        client.is_gone = True
        self.clients.discard(client)
        self._scheduled.pop(client, None)
        self._catching_up.pop(client, None)
        self._behind.pop(client, None)
        for wanted in client.session.subscriptions.values():
            self._subscriptions.remove(client, wanted)
        self._metrics.conflated(client.queue.conflated)
        self._metrics.connected(len(self.clients))

    def subscribe(self, client: Client, wanted: Subscribe) -> None:
        """Start a subscription: send its snapshot, and updates from now on."""
        if client.is_gone:
            return
        self._subscriptions.add(client, wanted)
        client.snapshots.append(Snapshot(wanted, self._candidates(client, wanted)))
        self._schedule(client)

    def unsubscribe(self, client: Client, wanted: Subscribe) -> None:
        """End a subscription. Messages that wait already are still sent."""
        self._subscriptions.remove(client, wanted)

    def send_replies(self, client: Client) -> None:
        """Queue the replies of a client's session."""
        if not client.is_gone:
            client.queue.reply(client.session.outgoing())
            self._schedule(client)

    def take(self, entries: Iterable[Entry]) -> None:
        """Put entries into the state, and queue them for every client that subscribed to them."""
        for entry in entries:
            before = self._audience(entry) if entry.what is What.SERIES and self.clients else None
            self._state.take(entry)
            for client in self._subscriptions.of(entry.what, entry.series):
                self._put(client, entry)
            if before is not None:
                self._send_to_new_audience(entry, before)
        if self._scheduled:
            self._wake()

    def flush(self) -> bool:
        """Write to some of the clients; return True if others still wait.

        However many clients wait for snapshots, updates only wait for a few parts of those.
        """
        sent = 0
        for client in list(islice(self._scheduled, FLUSHED_AT_ONCE)):
            del self._scheduled[client]
            sent += self._flush(client)
        for client in list(islice(self._catching_up, PARTS_AT_ONCE)):
            del self._catching_up[client]
            if client.snapshots and not client.queue:
                self._continue_snapshot(client)
            sent += self._flush(client)
        self._metrics.sent(sent)
        return bool(self._scheduled or self._catching_up)

    def watch(self, now: float) -> None:
        """Write more to clients that are behind, and disconnect those that are stalled."""
        for client in list(self._behind):
            if client.is_stalled(now, self._stall_s):
                self._cut(client, f"nothing read for {self._stall_s:g} s")
            elif not client.is_behind:
                self._behind.pop(client, None)
            elif client.has_more and client.wire.waiting() < MOST_WAITING // 2:
                self._schedule(client)
        self._metrics.behind(len(self._behind))

    def heartbeat(self, turn: int, turns: int) -> None:
        """Send the current position to one in `turns` of the clients that have everything."""
        message = self._current(None).to_bytes()
        packets: dict[Format, Packet] = {}
        for client in self.clients:
            if id(client) // 64 % turns != turn or client.queue or client.snapshots:
                continue
            form = client.session.format
            if form not in packets:
                packets[form] = Packet(message, Format.JSON).to(form)
            client.queue.reply([packets[form]])
            self._schedule(client)

    def _schedule(self, client: Client) -> None:
        self._scheduled[client] = None
        self._wake()

    def _put(self, client: Client, entry: Entry) -> None:
        if client.below and not self.can_see(client, entry.series):
            return
        client.queue.put(entry)
        self._scheduled[client] = None

    def _flush(self, client: Client) -> int:
        sent = client.flush()
        if client.queue.is_full:
            self._cut(client, "too many alarm changes are waiting")
        elif client.is_behind:
            self._behind[client] = None
            if client.has_more and client.wire.waiting() < MOST_WAITING // 2:
                self._catching_up[client] = None
        return sent

    def _continue_snapshot(self, client: Client) -> None:
        """Queue the next part of a client's snapshot."""
        snapshot = client.snapshots[0]
        for entry in snapshot.next_part(LOOKED_AT_ONCE):
            client.queue.put(entry)
        if snapshot.is_over and not client.queue:
            client.snapshots.popleft()
            wanted = snapshot.wanted
            if client.session.subscriptions.get(wanted.subscription) is wanted:
                client.session.complete(self._current(wanted.subscription))
                client.queue.reply(client.session.outgoing())

    def _cut(self, client: Client, why: str) -> None:
        self.leave(client)
        client.session.close(CloseCode.TOO_SLOW, why)
        client.wire.cut(Close(CloseCode.TOO_SLOW, why))

    def can_see(self, client: Client, series: str) -> bool:
        """Return True if a client may see a series."""
        return not client.below or not client.below.isdisjoint(self._state.path(series))

    def _candidates(self, client: Client, wanted: Subscribe) -> Iterator[Entry | None]:
        """Yield every entry that may belong to a subscription, None for each that does not."""
        is_about = self._subscriptions.matcher(wanted)
        for what in dict.fromkeys(wanted.what):
            keys = None if wanted.all or wanted.kinds else self._named_series(wanted)
            for entry in self._state.since(what, wanted.resume, keys):
                is_told = (
                    entry is not None
                    and is_about(entry.series)
                    and self.can_see(client, entry.series)
                )
                yield entry if is_told else None

    def _named_series(self, wanted: Subscribe) -> Iterator[str]:
        """Yield the series that a subscription names, and all their parts, each once."""
        seen: set[str] = set()
        for above in wanted.below:
            # The parts of a series that was seen have been seen, too.
            parts = () if above in seen else self._state.walk_subtree(above)
            for series in parts:
                if series not in seen:
                    seen.add(series)
                    yield series
        yield from (series for series in dict.fromkeys(wanted.series) if series not in seen)

    def _audience(self, entry: Entry) -> dict[tuple[What, str], set[Client]]:
        """Return the subscribed clients of a series and of every series below it, for each kind."""
        return {
            (what, series): set(self._subscriptions.of(what, series))
            for series in self._state.subtree(entry.key)
            for what in What
        }

    def _send_to_new_audience(
        self, entry: Entry, before: dict[tuple[What, str], set[Client]]
    ) -> None:
        """Send a series that moved in the grid to those clients that see it only now."""
        for (what, series), clients in before.items():
            for client in set(self._subscriptions.of(what, series)) - clients:
                for newest in self._state.about(what, series):
                    if newest is not entry:
                        self._put(client, newest)
