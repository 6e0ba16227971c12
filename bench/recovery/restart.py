"""From the start of a worker's process to its first forecasts, on a large state."""

import re
import socket
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

from confluent_kafka import IsolationLevel, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec
from support.chaos.deployment import Deployment

from gridcast.schemas import Reading
from gridcast.schemas.topics import FORECASTS, READINGS
from gridcast.stream.kafka.broker import Broker
from gridcast.stream.kafka.config import librdkafka_options, producer_options
from gridcast.stream.settings import Settings, load
from gridcast.units import MINUTE_MS
from recovery.state import write_state

PARTITIONS = 4
WITHIN_S = 120.0


def restart(broker: Broker, folder: Path, series: int) -> dict[str, float]:
    """Write the state of so many series, 8 days of each, and start a worker on it."""
    chosen: dict[str, object] = {
        "broker": broker.address,
        "topic_prefix": "restart.",
        "partitions": PARTITIONS,
    }
    chosen |= {"cache_dir": folder / "cache", "metrics_port": _free_port()}
    settings = load().settings.model_copy(update=chosen)
    deployment = Deployment(settings, folder / "restart")
    end_ms = int(time.time() * 1000) // MINUTE_MS * MINUTE_MS
    for number in range(PARTITIONS):
        names = [f"meter-{number}-{i:06d}" for i in range(series // PARTITIONS)]
        write_state(settings, number, names, end_ms)
    try:
        return _start(deployment, series, end_ms)
    finally:
        deployment.close()


def _start(deployment: Deployment, series: int, end_ms: int) -> dict[str, float]:
    """Start a worker where a reading waits that closes a tick; give the time to that tick's end."""
    settings, time_ = deployment.settings, datetime.fromtimestamp(end_ms / 1000 + 0.001, UTC)
    producer = Producer(producer_options(settings))
    for number in range(PARTITIONS):
        one = Reading(series=f"next-{number}", time=time_, value=1.0)
        topic = settings.topic_prefix + READINGS.name
        producer.produce(topic, one.to_bytes(), one.key, partition=number)
    producer.flush(10)
    began_s = time.time()
    worker = deployment.start()
    _wait_for_forecasts(settings, series // PARTITIONS)
    first_s = time.time()
    _wait_for_forecasts(settings, series)
    done_s = time.time()
    told = worker.log.read_text("utf-8")
    parts = {
        "import": _said(told, "worker of group"),
        "join": _said(told, "partitions: "),
        "load": _said(told, "taken over at"),
        "forecast": done_s,
    }
    figures: dict[str, float] = {}
    before_s = began_s
    for name, at_s in parts.items():
        figures[f"restart_{name}_s"] = round(at_s - before_s, 2)
        before_s = at_s
    for name in ("recovery", "tick", "checkpoint"):
        figures[f"restart_sum_of_{name}_s"] = _metric(settings, f"gridcast_{name}_duration_seconds")
    return {
        "restart_first_tick_s": round(first_s - began_s, 2),
        "restart_s": round(done_s - began_s, 2),
        "restart_series": series,
        **figures,
    }


def _metric(settings: Settings, name: str) -> float:
    with urlopen(f"http://127.0.0.1:{settings.metrics_port}/metrics", timeout=10) as page:
        lines = page.read().decode().splitlines()
    return round(
        next(float(line.split()[-1]) for line in lines if line.startswith(f"{name}_sum")), 2
    )


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def _said(log: str, words: str) -> float:
    """Give when the last line with these words was written."""
    times = re.findall(rf"^(\S+Z) .*{words}", log, re.MULTILINE)
    return datetime.fromisoformat(times[-1]).timestamp()


def _wait_for_forecasts(settings: Settings, wanted: int) -> None:
    """Wait until so many forecasts are committed.

    Only how far they reach is asked: who reads them takes the time of the two cores himself.
    """
    admin = AdminClient(librdkafka_options(settings))
    topic = settings.topic_prefix + FORECASTS.name
    asked = {TopicPartition(topic, number): OffsetSpec.latest() for number in range(PARTITIONS)}
    end = time.monotonic() + WITHIN_S
    while True:
        answers = admin.list_offsets(asked, isolation_level=IsolationLevel.READ_COMMITTED)
        seen = [answer.result().offset for answer in answers.values()]
        if sum(seen) >= wanted:
            return
        assert time.monotonic() < end, f"{seen} of {wanted} forecasts after {WITHIN_S:.0f} s"
        time.sleep(0.05)
