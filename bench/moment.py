"""What a gateway's largest answers cost everybody else: the past of a large grid, and snapshots.

`gridcast gateway` at a real Kafka with 10,000 series, three forecasts and readings of each. While a
process of its own asks for a moment of the past, or subscribes to everything, another client sends
a ping every 20 ms: how long the longest waits for its answer is how long the gateway did nothing
for anybody else. The peer is the same client while nobody asks for anything.

Limit: 100 ms over the peer's, whatever is asked.
"""

import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import Any
from uuid import uuid4

import msgspec
import psutil
from common import arguments, result, show
from confluent_kafka import Producer
from fanout.running import forecast, gridcast
from websockets.sync.client import connect

from gridcast.gateway.protocol import Format
from gridcast.schemas import GridSeries, Reading, SeriesKind
from gridcast.schemas.fields import write_time
from gridcast.schemas.topics import FORECASTS, READINGS, SERIES
from gridcast.stream.kafka.broker import Broker
from gridcast.stream.kafka.config import producer_options
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.settings import Settings

LIMIT_MS = 100
BYTES = 5_000
"""Of a forecast: a day in quarters of an hour, seven levels."""
TICKS, A_FEEDER = 3, 100
PING_EVERY_S = 0.02
LEAST_S = 2.0
SMALL = 2_000
"""No forecast is: only what may be the end of a snapshot is looked into."""


@dataclass(frozen=True)
class Outcome:
    """What was seen while something was asked for."""

    took_s: float
    answer_mb: float
    median_ms: float
    longest_ms: float
    cpu_s: float
    peak_mb: float
    """More than the gateway had before."""


def main() -> None:
    given = arguments(__doc__).parse_args()
    series = 2_000 if given.quick else 10_000
    found: dict[str, Outcome] = {}
    with Broker() as broker:
        settings = Settings(broker=broker.address, topic_prefix=f"{uuid4().hex[:8]}.")
        admin = TopicAdmin(settings)
        admin.create(admin.look().missing)
        publish(settings, series)
        with gridcast(settings) as (server, port):
            asks: dict[str, Callable[[], int]] = {
                "nobody asks": lambda: time.sleep(LEAST_S) or 0,
                "a moment": lambda: moment(port, ""),
                "a moment, with all parts": lambda: moment(port, "&series=zone"),
                "a snapshot": lambda: snapshot(port, Format.JSON),
                "a snapshot, msgpack": lambda: snapshot(port, Format.MSGPACK),
                "all series": lambda: ask(port, "/v1/series"),
            }
            for name, act in asks.items():
                found[name] = watched(server.pid, port, act)
    show(
        f"{series:,} series; while somebody else has asked for it",
        ["asked", "took s", "answer MB", "ping median ms", "longest ms", "CPU s", "memory +MB"],
        [
            [
                name,
                f"{one.took_s:.2f}",
                f"{one.answer_mb:.1f}",
                f"{one.median_ms:.1f}",
                f"{one.longest_ms:.0f}",
                f"{one.cpu_s:.2f}",
                f"{one.peak_mb:.0f}",
            ]
            for name, one in found.items()
        ],
    )
    peer = found.pop("nobody asks").longest_ms
    print(f"limit: {LIMIT_MS} ms over the {peer:.0f} ms of the peer")
    if given.json:
        figures = {"series": series, "nobody_asks_longest_ms": round(peer, 1)}
        for name, one in found.items():
            key = name.replace(",", "").replace(" ", "_")
            figures[f"{key}_longest_ms"] = round(one.longest_ms, 1)
            figures[f"{key}_s"] = round(one.took_s, 2)
            figures[f"{key}_mb"] = round(one.peak_mb, 1)
        print(result("moment", figures))


def publish(settings: Settings, series: int) -> None:
    """Send what the grid is, and what is known of it."""
    producer = Producer(producer_options(settings) | {"queue.buffering.max.messages": 1_000_000})

    def send(topic: str, key: str, value: bytes) -> None:
        producer.produce(settings.topic_prefix + topic, value, key.encode())
        producer.poll(0)

    feeders = [f"f-{number}" for number in range(series // A_FEEDER)]
    meters = {f"m-{number}": feeders[number % len(feeders)] for number in range(series)}
    tree = [GridSeries(series="zone", kind=SeriesKind.ZONE)]
    tree += [GridSeries(series=one, kind=SeriesKind.FEEDER, parent="zone") for one in feeders]
    tree += [GridSeries(series=one, parent=above) for one, above in meters.items()]
    for declared in tree:
        send(SERIES.name, declared.series, declared.to_bytes())
    now = datetime.now(UTC).replace(microsecond=0)
    for _ in range(TICKS):
        for one in tree:
            reading = Reading(series=one.series, time=now, value=1.0)
            send(READINGS.name, one.series, reading.to_bytes())
            send(FORECASTS.name, one.series, forecast(one.series, BYTES))
    assert producer.flush(120) == 0


def watched(pid: int, port: int, act: Callable[[], int]) -> Outcome:
    """Have another process do something, and ping the gateway meanwhile."""
    gateway = psutil.Process(pid)
    before, cpu = gateway.memory_info().rss, sum(gateway.cpu_times()[:2])
    delays, peak = [], before
    with connect(f"ws://127.0.0.1:{port}/v1", subprotocols=["gridcast.v1"]) as probe:
        probe.send('{"type":"authenticate"}')
        time.sleep(0.5)
        with beside(act) as answer:
            began = time.monotonic()
            while not answer.poll():
                sent = time.perf_counter()
                probe.ping().wait(60)
                delays.append((time.perf_counter() - sent) * 1000)
                peak = max(peak, gateway.memory_info().rss)
                time.sleep(PING_EVERY_S)
            took, size = time.monotonic() - began, answer.recv()
    return Outcome(
        took,
        size / 1e6,
        statistics.median(delays),
        max(delays),
        sum(gateway.cpu_times()[:2]) - cpu,
        (peak - before) / 1e6,
    )


@contextmanager
def beside(act: Callable[[], int]) -> Iterator[Any]:
    """Do something in a process of its own; its answer comes through the pipe."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=lambda: theirs.send(act()))
    process.start()
    theirs.close()  # so that ours ends, too, where nothing is sent
    try:
        yield ours
    finally:
        process.join()


def moment(port: int, more: str) -> int:
    """Ask for how all stood now."""
    return ask(port, f"/v1/moment?at={write_time(datetime.now(UTC))}{more}")


def ask(port: int, path: str) -> int:
    """Ask, as a browser does; gives the bytes of the answer, packed if it comes so."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, body[:200]
    return len(body)


def snapshot(port: int, form: Format) -> int:
    """Subscribe to all, as a fresh client does; gives the bytes until it has all."""
    url, heard = f"ws://127.0.0.1:{port}/v1", 0
    code = msgspec.json if form is Format.JSON else msgspec.msgpack
    with connect(url, subprotocols=[form.value], compression=None, max_size=None) as one:
        for said in (
            {"type": "authenticate"},
            {"type": "subscribe", "subscription": "s", "all": True},
        ):
            data = code.encode(said)
            one.send(data.decode() if form is Format.JSON else data)
        while True:
            came = one.recv(60)
            heard += len(came)
            message = code.decode(came) if len(came) < SMALL else {}
            if message.get("type") == "current" and message["subscription"] == "s":
                return heard


if __name__ == "__main__":
    main()
