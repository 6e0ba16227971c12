"""The gateway's side of one client's session.

    session = Session(Format.JSON, limits)
    events = session.receive(data)    # Authenticate, Subscribe, Unsubscribed or Act; or none
    session.admit(welcome)            # the answer to Authenticate; or session.close(…)
    session.outgoing()                # messages to send
    session.closing                   # how to close the connection, if it is to be closed

Events have passed every check that needs nothing but the message and the session.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from pydantic import ValidationError

from gridcast.gateway.protocol.close import Close, CloseCode
from gridcast.gateway.protocol.formats import Format, Packet, name_of, read
from gridcast.schemas.gateway import (
    Act,
    Acted,
    Authenticate,
    ClientMessage,
    Current,
    Refused,
    RefusedBecause,
    Scope,
    ServerMessage,
    Subscribe,
    Unsubscribe,
    Welcome,
)


class SessionState(Enum):
    """The state of a session."""

    EXPECTING = auto()
    """The client has not sent credentials yet."""
    JUDGING = auto()
    """The credentials are being checked."""
    OPEN = auto()
    CLOSED = auto()


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """The limits of one connection."""

    subscriptions: int = 64
    bad_messages: int = 8
    """Number of invalid messages that are answered; the next one closes the connection."""


@dataclass(frozen=True, slots=True)
class Unsubscribed:
    """The event that a subscription ended."""

    subscription: Subscribe


Event = Authenticate | Subscribe | Unsubscribed | Act


class Session:
    """The session of one client.

    Parameters
    ----------
    form
        The negotiated sub-protocol.
    limits
        The limits of the connection.
    """

    def __init__(self, form: Format, limits: ConnectionLimits) -> None:
        self.format = form
        self.state = SessionState.EXPECTING
        self.closing: Close | None = None
        self.welcome: Welcome | None = None
        self.subscriptions: dict[str, Subscribe] = {}
        self._limits = limits
        self._outgoing: list[Packet] = []
        self._bad = 0

    def receive(self, data: str | bytes) -> list[Event]:
        """Parse one message of the client and return the events that follow from it."""
        if self.state is SessionState.CLOSED:
            return []
        if self.state is SessionState.JUDGING:
            raise RuntimeError("first `admit` or `close`: the next message depends on it")
        try:
            message = read(data, self.format)
        except ValueError as error:
            self._cannot_read(data, error)
            return []
        return self._first(message) if self.state is SessionState.EXPECTING else self._next(message)

    def admit(self, welcome: Welcome) -> None:
        """Welcome an authenticated client, or close the session if it may not read."""
        if self.state is not SessionState.JUDGING:
            raise RuntimeError(f"no credentials are being checked: {self.state}")
        if Scope.READ not in welcome.scopes:
            self.close(CloseCode.FORBIDDEN, f"{welcome.who} may not read")
            return
        self.state, self.welcome = SessionState.OPEN, welcome
        self.send(welcome)

    def complete(self, current: Current) -> None:
        """Send the position up to which the client has everything."""
        self.send(current)

    def done(self, request: str, command: str) -> None:
        """Answer a request whose command was published."""
        self.send(Acted(request=request, command=command))

    def refuse(self, request: str | None, because: RefusedBecause, detail: str) -> None:
        """Answer a request that was not carried out."""
        self.send(Refused(request=request, because=because, detail=detail[:500]))

    def close(self, code: CloseCode, reason: str) -> None:
        """Close the session. Later messages of the client are ignored."""
        if self.state is not SessionState.CLOSED:
            self.state, self.closing = SessionState.CLOSED, Close(code, reason)

    def send(self, message: ServerMessage) -> None:
        """Queue a message, unless the session is closed."""
        if self.state is not SessionState.CLOSED:
            self._outgoing.append(Packet(message.to_bytes(), Format.JSON).to(self.format))

    def outgoing(self) -> list[Packet]:
        """Remove and return the messages to send."""
        packets, self._outgoing = self._outgoing, []
        return packets

    def _first(self, message: ClientMessage) -> list[Event]:
        if not isinstance(message, Authenticate):
            self.close(CloseCode.UNAUTHENTICATED, "the first message is `authenticate`")
            return []
        self.state = SessionState.JUDGING
        return [message]

    def _next(self, message: ClientMessage) -> list[Event]:
        if isinstance(message, Subscribe):
            return self._subscribe(message)
        if isinstance(message, Unsubscribe):
            return self._unsubscribe(message)
        if isinstance(message, Act):
            return self._act(message)
        self.refuse(None, RefusedBecause.BAD_MESSAGE, "you are authenticated already")
        return []

    def _subscribe(self, wanted: Subscribe) -> list[Event]:
        name = wanted.subscription
        replaced = self.subscriptions.get(name)
        if replaced is None and len(self.subscriptions) >= self._limits.subscriptions:
            self.refuse(
                name,
                RefusedBecause.TOO_MUCH,
                f"a connection has {self._limits.subscriptions} subscriptions at most",
            )
            return []
        self.subscriptions[name] = wanted
        ended: list[Event] = [] if replaced is None else [Unsubscribed(replaced)]
        return [*ended, wanted]

    def _unsubscribe(self, message: Unsubscribe) -> list[Event]:
        ended = self.subscriptions.pop(message.subscription, None)
        if ended is None:
            self.refuse(
                message.subscription, RefusedBecause.BAD_MESSAGE, "there is no such subscription"
            )
            return []
        return [Unsubscribed(ended)]

    def _act(self, message: Act) -> list[Event]:
        if self.welcome is not None and Scope.ACKNOWLEDGE not in self.welcome.scopes:
            self.refuse(
                message.request,
                RefusedBecause.FORBIDDEN,
                f"{self.welcome.who} may not: it needs the scope `acknowledge`",
            )
            return []
        return [message]

    def _cannot_read(self, data: str | bytes, error: ValueError) -> None:
        """Answer an invalid message; close the session after too many of them."""
        self._bad += 1
        detail = "; ".join(_problems(error))
        if self.state is SessionState.EXPECTING or self._bad > self._limits.bad_messages:
            self.close(CloseCode.BAD_MESSAGE, detail)
        else:
            self.refuse(name_of(data), RefusedBecause.BAD_MESSAGE, detail)


def _problems(error: ValueError) -> Iterator[str]:
    """Yield what is wrong with a message, without its values, which may be secret."""
    if not isinstance(error, ValidationError):
        yield str(error)
        return
    for each in error.errors(include_url=False, include_input=False, include_context=False)[:3]:
        path = ".".join(map(str, each["loc"]))
        yield f"{path}: {each['msg']}" if path else each["msg"]
