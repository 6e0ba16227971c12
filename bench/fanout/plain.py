"""The peer: a plain `websockets` server that broadcasts an update a second to all.

python -m fanout.plain PORT BYTES
"""

import asyncio
import resource
import sys
import time

from websockets.asyncio.server import ServerConnection, broadcast, serve

from fanout.clients import STAMP


async def main() -> None:
    port, size = map(int, sys.argv[1:3])
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    async def hold(connection: ServerConnection) -> None:
        await connection.wait_closed()

    async with serve(hold, "127.0.0.1", port, compression=None, backlog=4_096) as server:
        print("listening", flush=True)
        while True:
            await asyncio.sleep(1)
            head = b"{" + STAMP + str(time.time_ns()).encode() + b'",'
            message = head + b" " * (size - len(head) - 1) + b"}"
            broadcast(server.connections, message.decode())


if __name__ == "__main__":
    asyncio.run(main())
