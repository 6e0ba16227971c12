"""From the board to the clients: each thing is written once and sent to all who asked for it.

It does no input or output of its own and knows no clock: whoever runs it calls `flush` when
something came, `watch` many times a second and `heartbeat` as often as promised.
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
"""Clients, before others (a ping, a new connection) have their turn: 2 ms."""
LOOKED_AT_ONCE = 300
"""Entries of a snapshot, before others have their turn: less than 1 ms."""
PARTS_AT_ONCE = 2
"""Such parts, before those have their turn who wait for news."""


class Fanout:
    """All clients, and what is on its way to them.

    Parameters
    ----------
    state
        What is known.
    metrics
        Are told of what is done.
    current
        Gives the message that says up to where all is known.
    stall_s
        How long a client may take nothing of what waits for it.
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
        # Dicts, because they keep an order: whoever comes first is served first.
        self._scheduled: dict[Client, None] = {}
        self._catching_up: dict[Client, None] = {}
        self._behind: dict[Client, None] = {}

    @property
    def behind(self) -> int:
        """Give for how many clients something waits."""
        return len(self._behind)

    def join(self, client: Client) -> None:
        """Take in a client."""
        self.clients.add(client)
        self._metrics.connected(len(self.clients))

    def leave(self, client: Client) -> None:
        """Forget a client."""
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
        """Let a client have what it asks for: what there is, and what comes."""
        if client.is_gone:
            return
        self._subscriptions.add(client, wanted)
        client.snapshots.append(Snapshot(wanted, self._candidates(client, wanted)))
        self._schedule(client)

    def unsubscribe(self, client: Client, wanted: Subscribe) -> None:
        """End a subscription; what waits already is sent."""
        self._subscriptions.remove(client, wanted)

    def send_replies(self, client: Client) -> None:
        """Send a client what its conversation has to say."""
        if not client.is_gone:
            client.queue.reply(client.session.outgoing())
            self._schedule(client)

    def take(self, entries: Iterable[Entry]) -> None:
        """Put what came on the state, and let it wait for all who asked for it."""
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
        """Send what waits to some of the clients; tells whether there are more.

        However many ask for however much of what there is, news waits for a few parts of that only.
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
        """See to those that are behind: send what fits by now, or cut them off."""
        for client in list(self._behind):
            if client.is_stalled(now, self._stall_s):
                self._cut(client, f"nothing taken for {self._stall_s:g} s")
            elif not client.is_behind:
                self._behind.pop(client, None)
            elif client.has_more and client.wire.waiting() < MOST_WAITING // 2:
                self._schedule(client)
        self._metrics.behind(len(self._behind))

    def heartbeat(self, turn: int, turns: int) -> None:
        """Tell one in so many of the clients up to where they have all, if they do."""
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
            self._cut(client, "too many changes of alarms wait")
        elif client.is_behind:
            self._behind[client] = None
            if client.has_more and client.wire.waiting() < MOST_WAITING // 2:
                self._catching_up[client] = None
        return sent

    def _continue_snapshot(self, client: Client) -> None:
        """Let a part of a client's snapshot wait for it; the next has its turn after others."""
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
        """Tell whether a client may see what is of a series."""
        return not client.below or not client.below.isdisjoint(self._state.path(series))

    def _candidates(self, client: Client, wanted: Subscribe) -> Iterator[Entry | None]:
        """Go through all that a subscription may be about; None is what it is not about."""
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
        """Go through the series that a subscription names, and all their parts, each once."""
        seen: set[str] = set()
        for above in wanted.below:
            # What is a part of one that was gone through was, too.
            parts = () if above in seen else self._state.walk_subtree(above)
            for series in parts:
                if series not in seen:
                    seen.add(series)
                    yield series
        yield from (one for one in dict.fromkeys(wanted.series) if one not in seen)

    def _audience(self, entry: Entry) -> dict[tuple[What, str], set[Client]]:
        """Give who is told of what of a series and of all below it."""
        return {
            (what, series): set(self._subscriptions.of(what, series))
            for series in self._state.subtree(entry.key)
            for what in What
        }

    def _send_to_new_audience(
        self, entry: Entry, before: dict[tuple[What, str], set[Client]]
    ) -> None:
        """Show a series that has got another place in the grid to those who see it only now."""
        for (what, series), clients in before.items():
            for client in set(self._subscriptions.of(what, series)) - clients:
                for known in self._state.about(what, series):
                    if known is not entry:
                        self._put(client, known)
