"""A worker may be started before its Kafka: it waits until somebody answers there."""

import socket
from threading import Event

from gridcast.stream.patience import Patience
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
