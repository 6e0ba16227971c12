"""The conversations with all clients: each event of a session is carried out here.

The decisions are made elsewhere. This module only connects those parts, in the right order.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from gridcast.gateway.access.gate import AccessGate, has_expired
from gridcast.gateway.access.identity import AccessDenied, Identity
from gridcast.gateway.access.limits import AccountLimits
from gridcast.gateway.client import Client
from gridcast.gateway.commands import CommandRefused, CommandSender
from gridcast.gateway.fanout import Fanout
from gridcast.gateway.latest_state import LatestState
from gridcast.gateway.metrics import GatewayMetrics
from gridcast.gateway.protocol import CloseCode, ConnectionLimits, Format, Session
from gridcast.gateway.protocol.session import Event
from gridcast.gateway.shared_state import SharedState
from gridcast.gateway.status import GatewayStatus
from gridcast.gateway.wire import SocketWire
from gridcast.schemas.gateway import Act, Authenticate, Subscribe

FIRST_WITHIN_S = 10.0
WRONG_AFTER_S = 1.0
"""Delay of the answer to wrong credentials, so that guessing is slow."""
MOST_ALARMS = 10_000
CHECKED_AT_ONCE = 200


@dataclass(eq=False, slots=True)
class Conversation:
    """The conversation with one client."""

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
        accounts: AccountLimits,
        shared: SharedState,
        state: LatestState,
        fanout: Fanout,
        commands: CommandSender,
        status: GatewayStatus,
        metrics: GatewayMetrics,
    ) -> None:
        self._gate = gate
        self._accounts = accounts
        self._shared = shared
        self._state = state
        self._fanout = fanout
        self._commands = commands
        self._status = status
        self._metrics = metrics
        self._open: set[Conversation] = set()
        self._version = gate.version

    def __len__(self) -> int:
        return len(self._open)

    async def serve(self, connection: ServerConnection) -> None:
        """Handle one connection until it ends."""
        session = Session(Format(connection.subprotocol or ""), ConnectionLimits())
        conversation = Conversation(uuid4().hex, session, SocketWire(connection))
        self._open.add(conversation)
        try:
            with suppress(ConnectionClosed):
                await self._converse(connection, conversation)
        finally:
            self._open.discard(conversation)
            if conversation.client is not None:
                self._fanout.leave(conversation.client)
            if conversation.identity is not None:
                self._accounts.remove_connection(conversation.identity)
                await self._shared.remove_connection(conversation.name)
        if session.closing is not None:
            self._metrics.closed(session.closing.code)
            await connection.close(session.closing.code, session.closing.reason)

    async def recheck_credentials(self) -> None:
        """Close every connection whose credentials are no longer valid."""
        version = self._gate.version
        keys_changed, self._version = version != self._version, version
        for number, conversation in enumerate(list(self._open)):
            if number % CHECKED_AT_ONCE == CHECKED_AT_ONCE - 1:
                await asyncio.sleep(0)
            if conversation.identity is None or conversation.given is None:
                continue
            reason = "the token has expired" if has_expired(conversation.identity) else ""
            if keys_changed and not reason:
                reason = self._gate.why_revoked(conversation.identity, conversation.given)
            if reason:
                conversation.session.close(CloseCode.UNAUTHENTICATED, reason)
                if conversation.session.closing is not None:
                    conversation.wire.cut(conversation.session.closing)

    async def _converse(self, connection: ServerConnection, conversation: Conversation) -> None:
        session = conversation.session
        if missing := self._status.why_not_ready():
            session.close(CloseCode.UNAVAILABLE, missing)
        while session.closing is None:
            within_s = FIRST_WITHIN_S if conversation.identity is None else None
            try:
                async with asyncio.timeout(within_s):
                    data = await connection.recv()
            except TimeoutError:
                session.close(CloseCode.LATE, f"no `authenticate` within {FIRST_WITHIN_S:.0f} s")
                break
            if conversation.identity is not None and not await self.allow_request(
                conversation.identity
            ):
                session.close(CloseCode.TOO_MANY, "too many requests; try again in a minute")
                break
            for event in session.receive(data):
                await self._handle(conversation, event)
            if conversation.client is not None:
                self._fanout.send_replies(conversation.client)

    async def allow_request(self, identity: Identity) -> bool:
        """Count a request here and at all gateways; return True if it is within the limit."""
        is_allowed = self._accounts.allow_request(identity, time.monotonic())
        return is_allowed and await self._shared.allow_request(identity)

    async def _handle(self, conversation: Conversation, event: Event) -> None:
        if isinstance(event, Authenticate):
            await self._authenticate(conversation, event)
        elif conversation.client is None:
            raise RuntimeError(f"{event} before the client was admitted")
        elif isinstance(event, Subscribe):
            self._fanout.subscribe(conversation.client, event)
        elif isinstance(event, Act):
            await self._act(conversation, conversation.client, event)
        else:
            self._fanout.unsubscribe(conversation.client, event.subscription)

    async def _authenticate(self, conversation: Conversation, given: Authenticate) -> None:
        session = conversation.session
        try:
            identity = self._gate.identify(given)
        except AccessDenied as denial:
            self._metrics.refused("unauthenticated")
            await asyncio.sleep(WRONG_AFTER_S)
            session.close(CloseCode.UNAUTHENTICATED, str(denial))
            return
        if not self._accounts.add_connection(identity):
            session.close(
                CloseCode.TOO_MANY, f"at most {identity.connections} connections are allowed"
            )
            return
        conversation.identity, conversation.given = identity, given
        if not await self._shared.add_connection(identity, conversation.name):
            session.close(
                CloseCode.TOO_MANY,
                f"at most {identity.connections} connections at all gateways are allowed",
            )
            return
        session.admit(self._status.welcome(identity))
        if session.closing is None:
            conversation.client = Client(
                session, conversation.wire, identity.who, identity.below, MOST_ALARMS
            )
            self._fanout.join(conversation.client)

    async def _act(self, conversation: Conversation, client: Client, act: Act) -> None:
        alarm = self._state.alarm(act.alarm)
        if alarm is not None and not self._fanout.can_see(client, alarm.series):
            alarm = None
        try:
            command = await self._commands.send(act, alarm, client.who)
        except CommandRefused as refusal:
            self._metrics.refused(refusal.because.value)
            conversation.session.refuse(act.request, refusal.because, refusal.detail)
            return
        self._metrics.command_sent(act.action)
        conversation.session.done(act.request, command.command)
