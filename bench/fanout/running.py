"""The processes of the measure: a server, the clients, and what the server uses."""

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psutil
from confluent_kafka import Producer

from fanout.clients import SERIES
from gridcast.gateway.protocol import CloseCode, Format
from gridcast.schemas import Forecast, Rung
from gridcast.schemas.fields import EARLIEST
from gridcast.schemas.topics import FORECASTS
from gridcast.stream.kafka.broker.ports import free_ports
from gridcast.stream.kafka.config import producer_options
from gridcast.stream.settings import Settings

HERE = Path(__file__).parents[1]
BYTES = 2_000
STALL_S = 3.0
BULK, BULK_BYTES = 10, 20_000
"""Series that only the stalled clients ask for, so that what waits for them piles up."""
SETTLE_S = 2.0


@dataclass(frozen=True)
class Outcome:
    """What was measured of one server."""

    clients: int
    figures: dict[str, Any]
    kb_a_client: float
    cpu: float
    """Of the server, cores."""
    cut: int | None = None
    """Clients that the gateway has cut off."""


class Updates(threading.Thread):
    """Sends an update a second, and what only the stalled clients ask for."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(daemon=True)
        self._producer = Producer(producer_options(settings) | {"linger.ms": 0})
        self._topic = settings.topic_prefix + FORECASTS.name
        self._over = threading.Event()

    def run(self) -> None:
        bulk = [(f"bulk-{n}".encode(), forecast(f"bulk-{n}", BULK_BYTES)) for n in range(BULK)]
        began = time.monotonic()
        for second in range(1_000_000):
            if self._over.wait(max(began + second - time.monotonic(), 0)):
                return
            stamp = f"t-{time.time_ns()}"
            self._producer.produce(self._topic, forecast(SERIES, BYTES, stamp), SERIES.encode())
            self._producer.flush(5)
            for key, value in bulk:
                self._producer.produce(self._topic, value, key)
            self._producer.flush(5)

    def stop(self) -> None:
        self._over.set()
        self.join()


def forecast(series: str, size: int, release: str = "r") -> bytes:
    """Make a forecast of about so many bytes, which packs as badly as a real one."""
    whole = Forecast(
        series=series,
        tick=EARLIEST,
        first=EARLIEST,
        step_minutes=15,
        levels=[0.5],
        quantiles=[[1.0]],
        rung=Rung.MODEL,
        model="bench",
        release=release,
        measured=1.0,
    )
    steps = (size - len(whole.to_bytes())) // len("1234.567,")
    chance = random.Random(series)
    values = [round(chance.uniform(1_000, 2_000), 3) for _ in range(steps)]
    return whole.model_copy(update={"quantiles": [values]}).to_bytes()


@contextmanager
def process(*words: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Run Python in a process of its own."""
    running = subprocess.Popen(
        [sys.executable, *words],
        env=os.environ | {"PYTHONPATH": str(HERE)} | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield running
    finally:
        running.kill()
        running.wait()


@contextmanager
def gridcast(settings: Settings) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run `gridcast gateway` as anyone would, at a real Kafka."""
    (port,) = free_ports("127.0.0.1", 1)
    with process(
        "-m",
        "gridcast",
        "gateway",
        "--open",
        "--log-level",
        "warning",
        GRIDCAST_BROKER=settings.broker,
        GRIDCAST_TOPIC_PREFIX=settings.topic_prefix,
        GRIDCAST_GATEWAY_PORT=str(port),
        GRIDCAST_GATEWAY_CONNECTIONS="18000",
        GRIDCAST_GATEWAY_STALL_S=str(STALL_S),
    ) as running:
        _wait_until_ready(port)
        updates = Updates(settings)
        updates.start()
        try:
            yield running, port
        finally:
            updates.stop()


@contextmanager
def plain() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run the peer."""
    (port,) = free_ports("127.0.0.1", 1)
    with process("-m", "fanout.plain", str(port), str(BYTES)) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "listening\n"
        yield running, port


def measure(
    server: subprocess.Popen[str],
    port: int,
    clients: int,
    stalled: int,
    seconds: float,
    *,
    ours: bool,
) -> Outcome:
    """Connect clients to a server, and see how long updates take to reach them."""
    watched = psutil.Process(server.pid)
    before = watched.memory_info().rss
    words = ["127.0.0.1", str(port), str(clients), str(stalled), *[Format.JSON.value] * ours]
    with process("-m", "fanout.clients", *words) as crowd:
        assert crowd.stdin is not None
        assert crowd.stdout is not None
        assert crowd.stdout.readline() == "connected\n"
        time.sleep(SETTLE_S)
        grown = watched.memory_info().rss - before
        cpu, began = sum(watched.cpu_times()[:2]), time.monotonic()
        crowd.stdin.write(f"{seconds}\n")
        crowd.stdin.flush()
        figures = json.loads(crowd.stdout.readline())
        used = (sum(watched.cpu_times()[:2]) - cpu) / (time.monotonic() - began)
        cut = _cut(port) if ours else None
    return Outcome(clients, figures, grown / 1024 / clients, used, cut)


def _cut(port: int) -> int:
    """Ask the gateway how many clients it has cut off because they read nothing."""
    name = f'gridcast_gateway_closed_total{{code="{CloseCode.TOO_SLOW.value}"}} '
    lines = _ask(port, "/metrics")[1].splitlines()
    return round(float(next(line for line in lines if line.startswith(name)).split()[1]))


def _ask(port: int, path: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except OSError:
        return 0, ""
    finally:
        connection.close()


def _wait_until_ready(port: int) -> None:
    end = time.monotonic() + 60
    while _ask(port, "/readyz")[0] != 200:
        if time.monotonic() > end:
            raise TimeoutError("the gateway is not ready after 60 s")
        time.sleep(0.1)
