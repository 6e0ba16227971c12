"""What a worker answers to Prometheus and Kubernetes."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from gridcast.agents.metrics import Metrics
from gridcast.stream.errors import UserError
from gridcast.stream.observability import metrics_server
from gridcast.stream.observability.metrics_server import MetricsServer

WITHIN_S = 60.0


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop at work in a thread."""
    running = asyncio.new_event_loop()
    thread = threading.Thread(target=running.run_forever)
    thread.start()
    yield running
    running.call_soon_threadsafe(running.stop)
    thread.join()
    running.close()


def serve(loop: asyncio.AbstractEventLoop, why_not_ready: str = "", port: int = 0) -> MetricsServer:
    registry = Metrics("1.0", "r").registry
    return MetricsServer(registry, "127.0.0.1", port, loop, lambda: why_not_ready)


def ask(server: MetricsServer, path: str) -> tuple[int, str]:
    connection = HTTPConnection(server.address, timeout=WITHIN_S)
    connection.request("GET", path)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_the_metrics_are_served_and_nothing_else(loop: asyncio.AbstractEventLoop) -> None:
    with serve(loop) as server:
        status, text = ask(server, "/metrics")
        assert status == 200
        assert 'gridcast_info{run="r",version="1.0"} 1.0' in text
        assert "_created" not in text
        assert ask(server, "/")[0] == 404


def test_a_worker_is_ready_when_nothing_is_missing(loop: asyncio.AbstractEventLoop) -> None:
    with serve(loop) as server:
        assert ask(server, "/healthz") == (200, "alive\n")
        assert ask(server, "/readyz") == (200, "ready\n")
    with serve(loop, "no partitions yet") as server:
        assert ask(server, "/healthz") == (200, "alive\n")
        assert ask(server, "/readyz") == (503, "no partitions yet\n")


def test_a_worker_whose_event_loop_is_stuck_or_stopped_is_not_alive(
    loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics_server, "ALIVE_WITHIN_S", 0.2)
    go_on = threading.Event()
    with serve(loop) as server:
        loop.call_soon_threadsafe(go_on.wait, WITHIN_S)
        assert ask(server, "/healthz")[0] == 503
        go_on.set()
        end = time.monotonic() + WITHIN_S
        while ask(server, "/healthz")[0] != 200:
            assert time.monotonic() < end
    stopped = asyncio.new_event_loop()
    stopped.close()
    with serve(stopped) as server:
        assert ask(server, "/readyz") == (503, "stopped\n")


def test_a_port_that_is_taken_is_one_clear_line_and_a_closed_server_gives_it_back(
    loop: asyncio.AbstractEventLoop,
) -> None:
    with serve(loop) as server:
        port = int(server.address.rpartition(":")[2])
        with pytest.raises(UserError, match=rf"127.0.0.1:{port}: .*in use.*metrics_port"):
            serve(loop, port=port)
    with serve(loop, port=port) as server:
        assert ask(server, "/healthz")[0] == 200


def test_a_client_that_hangs_on_does_not_keep_the_worker_from_stopping(
    loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics_server._Handler, "timeout", WITHIN_S)
    with socket.socket() as silent:
        with serve(loop) as server:
            host, _, port = server.address.rpartition(":")
            silent.connect((host, int(port)))
            silent.send(b"GET /metr")
            assert ask(server, "/healthz")[0] == 200
            started = time.monotonic()
        assert time.monotonic() - started < WITHIN_S


def test_it_listens_on_ipv6_too(loop: asyncio.AbstractEventLoop) -> None:
    registry = Metrics("1.0", "r").registry
    with MetricsServer(registry, "::1", 0, loop, str) as server:
        assert ask(server, "/readyz")[0] == 200
