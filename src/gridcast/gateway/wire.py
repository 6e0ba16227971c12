"""A client's WebSocket, written to without a task or a wait of its own."""

import asyncio
from contextlib import suppress

from websockets.asyncio.server import ServerConnection
from websockets.protocol import State

from gridcast.gateway.protocol import Close, Format, Packet

GRACE_S = 1.5
"""How long a client that is cut off may take to read why. Well before the port gives a closing
connection up (`CLOSE_WITHIN_S`): of two that end it at once the second finds it gone, and fails."""


class SocketWire:
    """Writes frames that were built once straight to a connection's transport.

    Parameters
    ----------
    connection
        Of the websockets library.
    """

    __slots__ = ("_connection", "_cutting", "_packs")

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection
        # A client that asked for compression has a dictionary of its own: no frame is shared.
        self._packs = bool(connection.protocol.extensions)
        self._cutting: asyncio.Task[None] | None = None

    def waiting(self) -> int:
        """Give how many bytes the network has not taken."""
        return self._connection.transport.get_write_buffer_size()

    def write(self, packets: list[Packet]) -> int:
        """Send messages; gives how many bytes that makes."""
        connection = self._connection
        if connection.protocol.state is not State.OPEN or connection.transport.is_closing():
            return 0
        if self._packs:
            return self._write_packed(packets)
        frames = packets[0].frame if len(packets) == 1 else b"".join(one.frame for one in packets)
        connection.transport.write(frames)
        return len(frames)

    def cut(self, close: Close) -> None:
        """End the connection: with its reason if that is taken, and soon in any case."""
        self._cutting = asyncio.create_task(self._cut(close))

    async def _cut(self, close: Close) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE_S):
                await self._connection.close(close.code, close.reason)
        self._connection.transport.abort()

    def _write_packed(self, packets: list[Packet]) -> int:
        protocol, written = self._connection.protocol, 0
        for one in packets:
            send = protocol.send_text if one.format is Format.JSON else protocol.send_binary
            send(one.payload)
            for data in protocol.data_to_send():
                self._connection.transport.write(data)
                written += len(data)
        return written
