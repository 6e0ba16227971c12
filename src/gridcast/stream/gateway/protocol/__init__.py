"""The sub-protocol `gridcast.v1` without any input or output: messages in, messages and events out.

It knows no socket, no clock and no asyncio; docs/reference/protocol.md describes it.
"""

from gridcast.stream.gateway.protocol.close import Close, CloseCode
from gridcast.stream.gateway.protocol.formats import Format, Packet
from gridcast.stream.gateway.protocol.session import (
    Limits,
    Session,
    State,
    Unsubscribed,
)

__all__ = [
    "Close",
    "CloseCode",
    "Format",
    "Limits",
    "Packet",
    "Session",
    "State",
    "Unsubscribed",
]
