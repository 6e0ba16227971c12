"""One connection's side of the conversation, as the gateway holds it.

    session = Session(Format.JSON, limits)
    event = session.receive(data)     # an Authenticate, Subscribe, Unsubscribed, Act, or nothing
    session.admit(welcome)            # the answer to Authenticate; or session.close(…)
    session.outgoing()                # messages to send
    session.closing                   # how it is to end, if it is

What it lets through has been checked as far as that can be without looking anywhere.
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
    """How far a conversation has come."""

    EXPECTING = auto()
    """Nobody has said who they are."""
    JUDGING = auto()
    """They have, and it is being looked at."""
    OPEN = auto()
    CLOSED = auto()


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What one connection may have."""

    subscriptions: int = 64
    bad_messages: int = 8
    """After so many that cannot be read the connection is closed."""


@dataclass(frozen=True, slots=True)
class Unsubscribed:
    """A subscription ended."""

    subscription: Subscribe


Event = Authenticate | Subscribe | Unsubscribed | Act


class Session:
    """The conversation with one client.

    Parameters
    ----------
    form
        The sub-protocol that was agreed on.
    limits
        What the connection may have.
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
        """Take one message of the client; give what there is to be done about it."""
        if self.state is SessionState.CLOSED:
            return []
        if self.state is SessionState.JUDGING:
            raise RuntimeError("first `admit` or `close`: what follows depends on it")
        try:
            message = read(data, self.format)
        except ValueError as error:
            self._cannot_read(data, error)
            return []
        return self._first(message) if self.state is SessionState.EXPECTING else self._next(message)

    def admit(self, welcome: Welcome) -> None:
        """Let the client in, if it may read."""
        if self.state is not SessionState.JUDGING:
            raise RuntimeError(f"nobody is to be let in: {self.state}")
        if Scope.READ not in welcome.scopes:
            self.close(CloseCode.FORBIDDEN, f"{welcome.who} may not read")
            return
        self.state, self.welcome = SessionState.OPEN, welcome
        self.send(welcome)

    def complete(self, current: Current) -> None:
        """Say that the client has everything up to a place."""
        self.send(current)

    def done(self, request: str, command: str) -> None:
        """Say that a command is on its way."""
        self.send(Acted(request=request, command=command))

    def refuse(self, request: str | None, because: RefusedBecause, detail: str) -> None:
        """Say that a request is not done."""
        self.send(Refused(request=request, because=because, detail=detail[:500]))

    def close(self, code: CloseCode, reason: str) -> None:
        """End the conversation; what comes after that is not read."""
        if self.state is not SessionState.CLOSED:
            self.state, self.closing = SessionState.CLOSED, Close(code, reason)

    def send(self, message: ServerMessage) -> None:
        """Have a message sent, unless all is over."""
        if self.state is not SessionState.CLOSED:
            self._outgoing.append(Packet(message.to_bytes(), Format.JSON).to(self.format))

    def outgoing(self) -> list[Packet]:
        """Take what is to be sent."""
        taken, self._outgoing = self._outgoing, []
        return taken

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
        before = self.subscriptions.get(name)
        if before is None and len(self.subscriptions) >= self._limits.subscriptions:
            self.refuse(
                name,
                RefusedBecause.TOO_MUCH,
                f"a connection has {self._limits.subscriptions} subscriptions at most",
            )
            return []
        self.subscriptions[name] = wanted
        ended: list[Event] = [] if before is None else [Unsubscribed(before)]
        return [*ended, wanted]

    def _unsubscribe(self, message: Unsubscribe) -> list[Event]:
        found = self.subscriptions.pop(message.subscription, None)
        if found is None:
            self.refuse(
                message.subscription, RefusedBecause.BAD_MESSAGE, "there is no such subscription"
            )
            return []
        return [Unsubscribed(found)]

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
        """A slip is answered; one who sends nothing else is sent away."""
        self._bad += 1
        detail = "; ".join(_problems(error))
        if self.state is SessionState.EXPECTING or self._bad > self._limits.bad_messages:
            self.close(CloseCode.BAD_MESSAGE, detail)
        else:
            self.refuse(name_of(data), RefusedBecause.BAD_MESSAGE, detail)


def _problems(error: ValueError) -> Iterator[str]:
    """Say what is wrong; never what stood there, which may be a secret."""
    if not isinstance(error, ValidationError):
        yield str(error)
        return
    for each in error.errors(include_url=False, include_input=False, include_context=False)[:3]:
        place = ".".join(map(str, each["loc"]))
        yield f"{place}: {each['msg']}" if place else each["msg"]
