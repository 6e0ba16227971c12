"""Checking and finding free ports."""

import errno
import random
import socket

from gridcast.stream.errors import UserError

# Below the ephemeral ports of Linux (from 32768) and macOS (from 49152): one of those could be
# taken between this check and Kafka's listening on it.
FREE_PORTS = range(15_000, 30_000)
TRIES = 200


def check_port(host: str, port: int) -> None:
    """Raise a :class:`UserError` if nothing can listen on a port."""
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 - it is refused
        raise UserError(f"clients cannot be told to go to {host!r}: name one address with --host")
    if port > 65535:
        raise UserError(f"{port} is no port: they end at 65535")
    try:
        _listen(host, port)
    except socket.gaierror:
        raise UserError(f"there is no host {host!r}") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UserError(
                f"port {port} of {host} is in use: choose another with --port "
                "(if a Kafka is there already, there is no need for this one)"
            ) from None
        if error.errno == errno.EADDRNOTAVAIL:
            raise UserError(f"{host} is no address of this machine") from None
        raise UserError(f"nothing can listen on port {port} of {host}: {error.strerror}") from None


def free_ports(host: str, count: int) -> list[int]:
    """Return ports that are not in use."""
    free: list[int] = []
    for port in random.sample(FREE_PORTS, TRIES):
        if len(free) == count:
            break
        try:
            _listen(host, port)
        except OSError:
            continue
        free.append(port)
    return free


def _listen(host: str, port: int) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, protocol) as listener:
        # Java does this too. Otherwise a port whose last clients have just left seems in use.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
