"""Messages of the gateway's WebSocket sub-protocol, `gridcast.v1`: docs/reference/protocol.md."""

from gridcast.schemas.gateway.client import (
    CLIENT_MESSAGES,
    Act,
    Authenticate,
    ClientMessage,
    Subscribe,
    Unsubscribe,
    read_client_message,
)
from gridcast.schemas.gateway.common import Place, Scope, What
from gridcast.schemas.gateway.server import (
    SERVER_MESSAGES,
    Acted,
    AlarmDelta,
    Current,
    ForecastDelta,
    Gone,
    ReadingDelta,
    Refused,
    RefusedBecause,
    ScoreDelta,
    SeriesDelta,
    ServerMessage,
    Welcome,
)

__all__ = [
    "CLIENT_MESSAGES",
    "SERVER_MESSAGES",
    "Act",
    "Acted",
    "AlarmDelta",
    "Authenticate",
    "ClientMessage",
    "Current",
    "ForecastDelta",
    "Gone",
    "Place",
    "ReadingDelta",
    "Refused",
    "RefusedBecause",
    "Scope",
    "ScoreDelta",
    "SeriesDelta",
    "ServerMessage",
    "Subscribe",
    "Unsubscribe",
    "Welcome",
    "What",
    "read_client_message",
]
