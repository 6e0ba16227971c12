import socket

import pytest

from gridcast.stream.errors import UserError
from gridcast.stream.kafka.broker.ports import check_port, free_ports


def test_a_port_that_somebody_listens_on_is_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port} of 127.0.0.1 is in use"):
            check_port("127.0.0.1", port)
    check_port("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "port", "why"),
    [
        ("0.0.0.0", 9092, "clients cannot be told to go to"),
        ("no-such-host.invalid", 9092, "there is no host"),
        ("192.0.2.1", 9092, "no address of this machine"),
        ("127.0.0.1", 65536, "they end at 65535"),
    ],
)
def test_a_place_where_nothing_can_listen_is_one_line(host: str, port: int, why: str) -> None:
    with pytest.raises(UserError, match=why) as error:
        check_port(host, port)
    assert "\n" not in str(error.value)


def test_free_ports_are_different_and_can_be_listened_on() -> None:
    found = free_ports("127.0.0.1", 6)
    assert len(set(found)) == 6
    for port in found:
        check_port("127.0.0.1", port)
