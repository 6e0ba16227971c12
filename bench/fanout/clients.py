"""Many clients in one process, as light as can be: it is the server that is measured.

    python -m fanout.clients HOST PORT CLIENTS STALLED [SUBPROTOCOL]

It connects, says `connected` and its figures, then measures for as many seconds as each line that
it reads asks for. Each of the last STALLED clients subscribes to everything and reads nothing.
"""

import asyncio
import base64
import json
import os
import resource
import socket
import sys
import time
from array import array

import numpy as np
from websockets.frames import Frame, Opcode

STAMP = b'"release":"t-'
"""Stands before the moment at which an update was sent, in nanoseconds since 1970."""
DIGITS = 19
SERIES = "updated"
AT_ONCE = 100
SMALL = 4_096
"""The receive buffer of a client that reads nothing."""


class Measured:
    """What all clients have seen together."""

    def __init__(self) -> None:
        self.delays = array("d")
        self.is_on = False
        self.closed: dict[int, int] = {}
        self.ended = 0


class Client(asyncio.Protocol):
    """One client that reads."""

    def __init__(self, measured: Measured, host: str, protocol: str | None) -> None:
        self._measured = measured
        self._host = host
        self._protocol = protocol
        self._buffer = b""
        self.is_open = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        lines = [
            "GET /v1 HTTP/1.1",
            f"Host: {self._host}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
        ]
        if self._protocol:
            lines.append(f"Sec-WebSocket-Protocol: {self._protocol}")
        transport.write("\r\n".join([*lines, "", ""]).encode())

    def data_received(self, data: bytes) -> None:
        data = self._buffer + data if self._buffer else data
        if not self.is_open.done():
            head, found, data = data.partition(b"\r\n\r\n")
            if not found:
                self._buffer = head
                return
            assert head.startswith(b"HTTP/1.1 101"), head
            self.is_open.set_result(None)
        self._buffer = self._frames(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._measured.ended += 1

    def say(self, **message: object) -> None:
        assert self.transport is not None
        self.transport.write(Frame(Opcode.TEXT, json.dumps(message).encode()).serialize(mask=True))

    def _frames(self, data: bytes) -> bytes:
        """Take whole frames; give what is left."""
        at = 0
        while len(data) - at >= 2:
            size, head = data[at + 1], 2
            if size == 126:
                size, head = int.from_bytes(data[at + 2 : at + 4], "big"), 4
            elif size == 127:
                size, head = int.from_bytes(data[at + 2 : at + 10], "big"), 10
            if len(data) - at < head + size:
                break
            self._take(data[at] & 15, data, at + head, at + head + size)
            at += head + size
        return data[at:]

    def _take(self, opcode: int, data: bytes, start: int, end: int) -> None:
        if opcode == Opcode.PING:
            assert self.transport is not None
            self.transport.write(Frame(Opcode.PONG, data[start:end]).serialize(mask=True))
        elif opcode == Opcode.CLOSE:
            code = int.from_bytes(data[start : start + 2], "big")
            self._measured.closed[code] = self._measured.closed.get(code, 0) + 1
        elif self._measured.is_on:
            stamp = data.find(STAMP, start, end)
            if stamp >= 0:
                begin = stamp + len(STAMP)
                sent_ns = int(data[begin : begin + DIGITS])
                self._measured.delays.append((time.time_ns() - sent_ns) / 1e6)


async def connect(
    measured: Measured, host: str, port: int, protocol: str | None, *, stalls: bool
) -> Client:
    """Connect one client and have it subscribe."""
    loop = asyncio.get_running_loop()
    sock = socket.socket()
    sock.setblocking(False)
    if stalls:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    await loop.sock_connect(sock, (host, port))
    made = Client(measured, f"{host}:{port}", protocol)
    await loop.create_connection(lambda: made, sock=sock)
    await asyncio.wait_for(made.is_open, 60)
    if protocol:
        made.say(type="authenticate")
        wanted = {"all": True} if stalls else {"series": [SERIES]}
        made.say(type="subscribe", subscription="s", what=["forecast"], **wanted)
    if stalls:
        assert made.transport is not None
        made.transport.pause_reading()
    return made


async def main() -> None:
    host, port, count, stalled = sys.argv[1], *map(int, sys.argv[2:5])
    protocol = sys.argv[5] if len(sys.argv) > 5 else None
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    measured, clients = Measured(), []
    for first in range(0, count, AT_ONCE):
        clients += await asyncio.gather(
            *(
                connect(measured, host, port, protocol, stalls=number >= count - stalled)
                for number in range(first, min(first + AT_ONCE, count))
            )
        )
    print("connected", flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        measured.delays = array("d")
        cpu, began = time.process_time(), time.monotonic()
        measured.is_on = True
        await asyncio.sleep(float(line))
        measured.is_on = False
        delays = np.array(measured.delays)
        figures = {
            "updates": len(delays),
            "p50_ms": float(np.percentile(delays, 50)) if len(delays) else None,
            "p99_ms": float(np.percentile(delays, 99)) if len(delays) else None,
            "max_ms": float(delays.max()) if len(delays) else None,
            "cpu": (time.process_time() - cpu) / (time.monotonic() - began),
            "ended": measured.ended,
            "closed": measured.closed,
        }
        print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
