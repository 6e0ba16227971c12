"""Ports: whether one is free, and finding one that is."""

import errno
import random
import socket

from gridcast.stream.errors import UserError

# Below the ports that Linux (from 32768) and macOS (from 49152) hand to clients: one of those could
# be taken again between our finding it free and Kafka's listening on it.
FREE_PORTS = range(15_000, 30_000)
TRIES = 200


def check_port(host: str, port: int) -> None:
    """Raise, in one clear line, if nothing can listen there."""
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
    """Find ports that nobody listens on."""
    found: list[int] = []
    for port in random.sample(FREE_PORTS, TRIES):
        if len(found) == count:
            break
        try:
            _listen(host, port)
        except OSError:
            continue
        found.append(port)
    return found


def _listen(host: str, port: int) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, protocol) as listener:
        # As Java does; else a port whose last clients have just left would seem in use.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
