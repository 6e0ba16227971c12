"""The sub-protocol `gridcast.v1`, without any I/O: messages in, messages and events out.

It has no socket, no clock and no asyncio. docs/reference/protocol.md describes it.
"""

from gridcast.gateway.protocol.close import Close, CloseCode
from gridcast.gateway.protocol.formats import Format, Packet
from gridcast.gateway.protocol.session import (
    ConnectionLimits,
    Session,
    SessionState,
    Unsubscribed,
)

__all__ = [
    "Close",
    "CloseCode",
    "ConnectionLimits",
    "Format",
    "Packet",
    "Session",
    "SessionState",
    "Unsubscribed",
]
