"""A worker may be started before its Kafka: it waits until somebody answers there."""

import asyncio
import socket
from threading import Event

from gridcast.stream.kafka.patience import Patience
from gridcast.stream.settings import Settings

WITHIN_S = 3.0


def wait_until_reachable(settings: Settings) -> None:
    """Return when one of the brokers takes connections.

    Whether it then likes us (who we are, how we encrypt, which topics there are) is for others to
    find out: waiting would not mend that.
    """
    patience = Patience(f"the worker (at {settings.broker})", Event())
    while (why := _why_not(settings.broker)) is not None:
        patience.wait(why)
    patience.over()


async def reachable(settings: Settings) -> None:
    """Return if one of the brokers takes connections; the reason why none does is raised."""
    why: OSError = ConnectionError(f"no broker in {settings.broker!r}")
    for address in settings.broker.split(","):
        host, _, port = address.rpartition(":")
        try:
            async with asyncio.timeout(WITHIN_S):
                _, writer = await asyncio.open_connection(host, int(port))
        except OSError as error:  # a time that is over, too
            why = error
        else:
            writer.close()
            return
    raise ConnectionError(str(why)) from None


def _why_not(brokers: str) -> OSError | None:
    why = None
    for address in brokers.split(","):
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), WITHIN_S).close()
        except OSError as error:
            why = error
        else:
            return None
    return why
