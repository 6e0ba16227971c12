"""A gateway as people run it, `gridcast gateway`, and clients of it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from support.sending import publish
from websockets.sync.client import ClientConnection, connect

from gridcast.schemas import Alarm, AlarmChange, AlarmKind, Forecast, Priority, Rung
from gridcast.schemas.topics import ALARMS, FORECASTS
from gridcast.stream.settings import Settings

WITHIN_S = 120.0
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
V1: Any = ["gridcast.v1"]
# A line that is being written may hold half an address.
SAYS_WHERE = re.compile(r" gateway at (http[^\s,]+).*\n")


class RunningGateway:
    """A gateway in a process of its own."""

    def __init__(self, settings: Settings, log: Path, port: int, flags: dict[str, str]) -> None:
        self.log = log
        environment = os.environ | {
            "GRIDCAST_BROKER": settings.broker,
            "GRIDCAST_TOPIC_PREFIX": settings.topic_prefix,
            "GRIDCAST_GATEWAY_PORT": str(port),
            "GRIDCAST_GATEWAY_ACCESS": "open",
        }
        with log.open("wb") as to:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gridcast", "gateway"],
                env=environment | flags,
                stdout=to,
                stderr=to,
                cwd=log.parent,
            )
        wait_for(lambda: self.has_ended or bool(SAYS_WHERE.search(self.said())), self.said)
        where = SAYS_WHERE.search(self.said())
        assert where, self.said()
        self.url = where[1]

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    @property
    def socket(self) -> str:
        return self.url.replace("http", "ws", 1) + "/v1"

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def ask(self, path: str, **headers: str) -> tuple[int, str]:
        status, _, body = self.ask_whole(path, **headers)
        return status, body.decode()

    def ask_whole(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=WITHIN_S)
        try:
            connection.request(
                "GET", path, headers={k.replace("_", "-"): headers[k] for k in headers}
            )
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def wait_until_ready(self) -> None:
        wait_for(lambda: self.has_ended or self.ask("/readyz")[0] == 200, self.said)
        assert not self.has_ended, self.said()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WITHIN_S)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def gateway(
    settings: Settings, folder: Path, *, port: int = 0, ready: bool = True, **flags: str
) -> Iterator[RunningGateway]:
    """Run a gateway; `flags` are settings (`gateway_stall_s="1"`)."""
    number = len(list(folder.glob("gateway-*.log")))
    named = {f"GRIDCAST_{name.upper()}": value for name, value in flags.items()}
    running = RunningGateway(settings, folder / f"gateway-{number}.log", port, named)
    try:
        if ready:
            running.wait_until_ready()
        yield running
    finally:
        running.kill()


class Client:
    """A client that speaks the protocol plainly."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def say(self, **message: Any) -> None:
        self.connection.send(json.dumps(message))

    def hear(self, within_s: float = WITHIN_S) -> dict[str, Any]:
        heard: dict[str, Any] = json.loads(self.connection.recv(within_s))
        return heard

    def hear_until(self, kind: str, **fields: Any) -> list[dict[str, Any]]:
        """Listen until a message of a kind has come; gives all that were heard."""
        heard = []
        end = time.monotonic() + WITHIN_S
        while True:
            heard.append(self.hear(max(end - time.monotonic(), 0.01)))
            last = heard[-1]
            if last["type"] == kind and fields.items() <= last.items():
                return heard

    def snapshot(self, name: str = "all", **wanted: Any) -> list[dict[str, Any]]:
        """Subscribe; gives what there is, and the `current` that ends it."""
        self.say(type="subscribe", subscription=name, **(wanted or {"all": True}))
        return self.hear_until("current", subscription=name)


@contextmanager
def client(url: str, **credentials: Any) -> Iterator[Client]:
    """Connect and authenticate."""
    with connect(
        url, subprotocols=V1, compression=None, max_size=None, open_timeout=WITHIN_S
    ) as connection:
        made = Client(connection)
        made.say(type="authenticate", **credentials)
        assert made.hear()["type"] == "welcome"
        yield made


def wait_for(happened: Callable[[], bool], what: Callable[[], str]) -> None:
    end = time.monotonic() + WITHIN_S
    while not happened():
        assert time.monotonic() < end, f"not within {WITHIN_S} s: {what()}"
        time.sleep(0.1)


def publish_forecasts(settings: Settings, *forecasts: Forecast) -> None:
    publish(settings, FORECASTS, *forecasts)


def publish_alarms(settings: Settings, *alarms: Alarm) -> None:
    publish(settings, ALARMS, *alarms)


def forecast(series: str, minute: int = 0, steps: int = 4) -> Forecast:
    tick = NOON + timedelta(minutes=minute)
    return Forecast(
        series=series,
        tick=tick,
        first=NOON,
        step_minutes=15,
        levels=[0.05, 0.5, 0.95],
        quantiles=[[level + step / 8 for step in range(steps)] for level in range(3)],
        rung=Rung.SEASONAL_PROFILE,
        measured=1.0,
    )


def alarm(
    name: str, series: str = "m-1", change: AlarmChange = AlarmChange.RAISED, minute: int = 0
) -> Alarm:
    at = NOON + timedelta(minutes=minute)
    is_over = change is AlarmChange.CLEARED
    return Alarm(
        alarm=name,
        kind=AlarmKind.SPIKE,
        series=series,
        priority=Priority.HIGH,
        change=change,
        changed_at=at,
        active=not is_over,
        raised_at=NOON,
        cleared_at=at if is_over else None,
    )
