"""The conversations with all clients: what comes is handed to the protocol, and done.

Everything that has to be decided is decided elsewhere; here is only who is asked, and in which
order.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from gridcast.gateway.access.gate import AccessGate, has_expired
from gridcast.gateway.access.identity import Identity, NotLetIn
from gridcast.gateway.access.limits import Accounts
from gridcast.gateway.client import Client
from gridcast.gateway.commands import CommandSender, NotDone
from gridcast.gateway.fanout import Fanout
from gridcast.gateway.latest_state import LatestState
from gridcast.gateway.metrics import GatewayMetrics
from gridcast.gateway.protocol import CloseCode, ConnectionLimits, Format, Session
from gridcast.gateway.protocol.session import Event
from gridcast.gateway.shared_state import SharedState
from gridcast.gateway.status import Greeter
from gridcast.gateway.wire import SocketWire
from gridcast.schemas.gateway import Act, Authenticate, Subscribe

FIRST_WITHIN_S = 10.0
WRONG_AFTER_S = 1.0
"""Who brings wrong credentials waits so long for the answer."""
MOST_ALARMS = 10_000
CHECKED_AT_ONCE = 200


@dataclass(eq=False, slots=True)
class Talk:
    """One conversation."""

    name: str
    session: Session
    wire: SocketWire
    given: Authenticate | None = None
    identity: Identity | None = None
    client: Client | None = None


class Conversations:
    """All conversations of a gateway."""

    def __init__(
        self,
        *,
        gate: AccessGate,
        accounts: Accounts,
        shared: SharedState,
        board: LatestState,
        fanout: Fanout,
        commands: CommandSender,
        greeter: Greeter,
        metrics: GatewayMetrics,
    ) -> None:
        self._gate = gate
        self._accounts = accounts
        self._shared = shared
        self._board = board
        self._fanout = fanout
        self._commands = commands
        self._greeter = greeter
        self._metrics = metrics
        self._talks: set[Talk] = set()
        self._version = gate.version

    def __len__(self) -> int:
        return len(self._talks)

    async def hold(self, connection: ServerConnection) -> None:
        """Talk with one client until one of the two ends it."""
        session = Session(Format(connection.subprotocol or ""), ConnectionLimits())
        talk = Talk(uuid4().hex, session, SocketWire(connection))
        self._talks.add(talk)
        try:
            with suppress(ConnectionClosed):
                await self._talk(connection, talk)
        finally:
            self._talks.discard(talk)
            if talk.client is not None:
                self._fanout.leave(talk.client)
            if talk.identity is not None:
                self._accounts.leave(talk.identity)
                await self._shared.leave(talk.name)
        if session.closing is not None:
            self._metrics.closed(session.closing.code)
            await connection.close(session.closing.code, session.closing.reason)

    async def check(self) -> None:
        """Send away those whose credentials do not hold any more."""
        version = self._gate.version
        keys_changed, self._version = version != self._version, version
        for number, talk in enumerate(list(self._talks)):
            if number % CHECKED_AT_ONCE == CHECKED_AT_ONCE - 1:
                await asyncio.sleep(0)
            if talk.identity is None or talk.given is None:
                continue
            why = "the token has expired" if has_expired(talk.identity) else ""
            if keys_changed and not why:
                why = self._gate.still(talk.identity, talk.given)
            if why:
                talk.session.close(CloseCode.UNAUTHENTICATED, why)
                if talk.session.closing is not None:
                    talk.wire.cut(talk.session.closing)

    async def _talk(self, connection: ServerConnection, talk: Talk) -> None:
        session = talk.session
        if missing := self._greeter.why_not_ready():
            session.close(CloseCode.UNAVAILABLE, missing)
        while session.closing is None:
            within_s = FIRST_WITHIN_S if talk.identity is None else None
            try:
                async with asyncio.timeout(within_s):
                    data = await connection.recv()
            except TimeoutError:
                session.close(CloseCode.LATE, f"no `authenticate` within {FIRST_WITHIN_S:.0f} s")
                break
            if talk.identity is not None and not await self.may_ask(talk.identity):
                session.close(CloseCode.TOO_MANY, "too many requests; try again in a minute")
                break
            for event in session.receive(data):
                await self._do(talk, event)
            if talk.client is not None:
                self._fanout.touch(talk.client)

    async def may_ask(self, identity: Identity) -> bool:
        """Count a request, here and at all gateways; tells whether it may be had."""
        here = self._accounts.may_ask(identity, time.monotonic())
        return here and await self._shared.may_ask(identity)

    async def _do(self, talk: Talk, event: Event) -> None:
        if isinstance(event, Authenticate):
            await self._let_in(talk, event)
        elif talk.client is None:
            raise RuntimeError(f"{event} of nobody")
        elif isinstance(event, Subscribe):
            self._fanout.subscribe(talk.client, event)
        elif isinstance(event, Act):
            await self._act(talk, talk.client, event)
        else:
            self._fanout.unsubscribe(talk.client, event.subscription)

    async def _let_in(self, talk: Talk, given: Authenticate) -> None:
        session = talk.session
        try:
            identity = self._gate.judge(given)
        except NotLetIn as why:
            self._metrics.refused("unauthenticated")
            await asyncio.sleep(WRONG_AFTER_S)
            session.close(CloseCode.UNAUTHENTICATED, str(why))
            return
        if not self._accounts.enter(identity):
            session.close(CloseCode.TOO_MANY, f"{identity.connections} connections are the most")
            return
        talk.identity, talk.given = identity, given
        if not await self._shared.enter(identity, talk.name):
            session.close(
                CloseCode.TOO_MANY,
                f"{identity.connections} connections at all gateways are the most",
            )
            return
        session.admit(self._greeter.welcome(identity))
        if session.closing is None:
            talk.client = Client(session, talk.wire, identity.who, identity.below, MOST_ALARMS)
            self._fanout.join(talk.client)

    async def _act(self, talk: Talk, client: Client, act: Act) -> None:
        alarm = self._board.alarm(act.alarm)
        if alarm is not None and not self._fanout.sees(client, alarm.series):
            alarm = None
        try:
            command = await self._commands.send(act, alarm, client.who)
        except NotDone as why:
            self._metrics.refused(why.because.value)
            talk.session.refuse(act.request, why.because, why.detail)
            return
        self._metrics.acted(act.action)
        talk.session.done(act.request, command.command)
