"""A worker at work on a real Kafka, as those see it who watch it: metrics, logs, traces."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from prometheus_client.parser import text_string_to_metric_families
from support.collector import Collector

from gridcast.schemas import Reading
from gridcast.schemas.topics import READINGS
from gridcast.stream.kafka.broker.ports import free_ports
from gridcast.stream.kafka.config import producer_options
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.settings import Settings

WITHIN_S = 120.0
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
HEADERS: list[tuple[str, str | bytes | None]] = [("traceparent", f"00-{TRACE}-{SPAN}-01".encode())]


@pytest.fixture
def settings(kafka: str, tmp_path: Path) -> Settings:
    """A deployment of the test's own on the common Kafka."""
    own = Settings(
        broker=kafka,
        topic_prefix=f"{uuid4().hex[:8]}.",
        partitions=1,
        cache_dir=tmp_path / "cache",
        metrics_port=free_ports("127.0.0.1", 1)[0],
    )
    admin = TopicAdmin(own)
    admin.create(admin.look().missing)
    return own


def ask(settings: Settings, path: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", settings.metrics_port, timeout=60)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except OSError:
        return 0, "not there yet"
    finally:
        connection.close()


def wait_for(is_so: Callable[[], bool], log: Path) -> None:
    end = time.monotonic() + WITHIN_S
    while not is_so():
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.2)


def value(settings: Settings, name: str, **labels: str) -> float | None:
    status, text = ask(settings, "/metrics")
    for family in text_string_to_metric_families(text if status == 200 else ""):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return sample.value
    return None


def send(settings: Settings) -> None:
    """An hour of four meters, up to now; one message is rubbish."""
    producer = Producer(producer_options(settings))
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=1)
    for minute in range(60):
        for meter in range(4):
            at = start + timedelta(minutes=minute)
            reading = Reading(series=f"m-{meter}", time=at, value=1.5)
            producer.produce(
                settings.topic_prefix + READINGS.name,
                reading.to_bytes(),
                reading.key,
                headers=HEADERS,
            )
    producer.produce(settings.topic_prefix + READINGS.name, b"rubbish", b"m-1")
    assert producer.flush(60) == 0


def test_metrics_logs_and_traces_of_a_worker_tell_of_the_same_work(
    settings: Settings, tmp_path: Path
) -> None:
    log = tmp_path / "worker.log"
    with Collector() as collector:
        environment = os.environ | {
            "GRIDCAST_BROKER": settings.broker,
            "GRIDCAST_TOPIC_PREFIX": settings.topic_prefix,
            "GRIDCAST_CACHE_DIR": str(settings.cache_dir),
            "GRIDCAST_METRICS_PORT": str(settings.metrics_port),
            "GRIDCAST_TRACE_ENDPOINT": collector.endpoint,
        }
        with log.open("wb") as to:
            worker = subprocess.Popen(
                [sys.executable, "-m", "gridcast", "worker", "--log-format", "json"],
                cwd=tmp_path,
                env=environment,
                stderr=to,
                stdout=to,
            )
        try:
            wait_for(lambda: ask(settings, "/readyz")[0] == 200, log)
            assert ask(settings, "/healthz") == (200, "alive\n")
            send(settings)
            used = "gridcast_readings_total"
            wait_for(lambda: value(settings, used, result="used") == 240, log)
            letters = "gridcast_dead_letters_total"
            wait_for(lambda: value(settings, letters, reason="not-json") == 1, log)
            wait_for(lambda: bool(value(settings, "gridcast_tick_punctuality_seconds_count")), log)
            messages = "gridcast_messages_total"
            wait_for(lambda: value(settings, messages, topic=READINGS.name) == 241, log)
            wait_for(lambda: value(settings, "gridcast_series", partition="0") == 4, log)
            recovered = "gridcast_recovery_duration_seconds_count"
            wait_for(lambda: value(settings, recovered) == 1, log)
            info = next(
                sample.labels
                for family in text_string_to_metric_families(ask(settings, "/metrics")[1])
                for sample in family.samples
                if sample.name == "gridcast_info"
            )
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(WITHIN_S) == 0
        finally:
            worker.kill()
            worker.wait()

    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {line["run"] for line in lines} == {info["run"]}
    assert lines[-1]["message"] == "stopped"
    assert [line["partition"] for line in lines if "taken over" in line["message"]] == [0]

    names = {span.name for span in collector.spans}
    assert {"process " + settings.topic_prefix + READINGS.name, "checkpoint"} <= names
    assert {"decode", "fold", "tick"} <= names
    whole = [span for span in collector.spans if span.name.startswith("process ")]
    assert {link.trace_id.hex() for span in whole for link in span.links} == {TRACE}
    assert {link.span_id.hex() for span in whole for link in span.links} == {SPAN}
    ids = {span.span_id for span in collector.spans}
    assert all(span.parent_span_id in ids for span in collector.spans if span not in whole)
    assert {span.trace_id for span in collector.spans} == {span.trace_id for span in whole}
    (run,) = {
        attribute.value.string_value
        for resource in collector.resources
        for attribute in resource.resource.attributes
        if attribute.key == "service.instance.id"
    }
    assert run == info["run"]


def test_a_port_that_is_taken_ends_the_worker_with_one_clear_line(
    settings: Settings, tmp_path: Path
) -> None:
    with Collector() as taken:
        done = subprocess.run(
            [sys.executable, "-m", "gridcast", "worker"],
            cwd=tmp_path,
            env=os.environ
            | {
                "GRIDCAST_BROKER": settings.broker,
                "GRIDCAST_TOPIC_PREFIX": settings.topic_prefix,
                "GRIDCAST_CACHE_DIR": str(settings.cache_dir),
                "GRIDCAST_METRICS_PORT": str(taken.server_port),
            },
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )
    assert done.returncode == 2
    assert "metrics cannot be served on 127.0.0.1" in done.stderr.splitlines()[-1]
