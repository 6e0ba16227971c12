"""Waiting until a broker accepts connections: a worker may be started before its Kafka."""

import asyncio
import socket
from threading import Event

from gridcast.stream.kafka.retry import BlockingRetry
from gridcast.stream.settings import Settings

WITHIN_S = 3.0


def wait_until_reachable(settings: Settings) -> None:
    """Wait until one of the brokers accepts connections.

    Login, encryption and topics are checked elsewhere: waiting would not help with those.
    """
    retry = BlockingRetry(f"the worker (at {settings.broker})", Event())
    retry(lambda: _connect(settings.broker), lambda error: isinstance(error, OSError))


async def reachable(settings: Settings) -> None:
    """Return if one of the brokers accepts connections; otherwise raise the last error."""
    why: OSError = ConnectionError(f"no broker in {settings.broker!r}")
    for address in settings.broker.split(","):
        host, _, port = address.rpartition(":")
        try:
            async with asyncio.timeout(WITHIN_S):
                _, writer = await asyncio.open_connection(host, int(port))
        except OSError as error:  # including a timeout
            why = error
        else:
            writer.close()
            return
    raise ConnectionError(str(why)) from None


def _connect(brokers: str) -> None:
    """Connect to the first broker that answers; if none does, raise the last error."""
    failure: OSError | None = None
    for address in brokers.split(","):
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), WITHIN_S).close()
        except OSError as error:
            failure = error
        else:
            return
    if failure is not None:
        raise failure
