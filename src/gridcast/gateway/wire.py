"""Writes to a client's WebSocket without a task or an await per message."""

import asyncio
from contextlib import suppress

from websockets.asyncio.server import ServerConnection
from websockets.protocol import State

from gridcast.gateway.protocol import Close, Format, Packet

GRACE_S = 1.5
"""How long a disconnected client may take to read the reason. This is well below the time after
which the server gives up a closing connection (`CLOSE_WITHIN_S`), because if both end it at once,
the second fails on a connection that is gone."""


class SocketWire:
    """Writes prebuilt frames directly to a connection's transport.

    Parameters
    ----------
    connection
        The connection of the websockets library.
    """

    __slots__ = ("_connection", "_cutting", "_packs")

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection
        # With compression each client has its own dictionary, so no frame can be shared.
        self._packs = bool(connection.protocol.extensions)
        self._cutting: asyncio.Task[None] | None = None

    def waiting(self) -> int:
        """Return the number of bytes that were written but not yet sent."""
        return self._connection.transport.get_write_buffer_size()

    def write(self, packets: list[Packet]) -> int:
        """Write messages and return their size in bytes."""
        connection = self._connection
        if connection.protocol.state is not State.OPEN or connection.transport.is_closing():
            return 0
        if self._packs:
            return self._write_packed(packets)
        frames = (
            packets[0].frame if len(packets) == 1 else b"".join(packet.frame for packet in packets)
        )
        connection.transport.write(frames)
        return len(frames)

    def cut(self, close: Close) -> None:
        """Close the connection with a reason; abort it soon in any case."""
        self._cutting = asyncio.create_task(self._cut(close))

    async def _cut(self, close: Close) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE_S):
                await self._connection.close(close.code, close.reason)
        self._connection.transport.abort()

    def _write_packed(self, packets: list[Packet]) -> int:
        protocol, written = self._connection.protocol, 0
        for packet in packets:
            send = protocol.send_text if packet.format is Format.JSON else protocol.send_binary
            send(packet.payload)
            for data in protocol.data_to_send():
                self._connection.transport.write(data)
                written += len(data)
        return written
