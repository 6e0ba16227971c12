"""A partition that stands still while messages wait is told: in the log, and by a metric."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]
from support.chaos.deployment import Deployment
from support.chaos.takeover import feed

from gridcast.schemas.topics import READINGS, STATE
from gridcast.stream.kafka.broker import Broker
from gridcast.stream.kafka.broker.ports import free_ports
from gridcast.stream.kafka.config import librdkafka_options
from gridcast.stream.process.child_process import Process
from gridcast.stream.settings import Settings, load

WITHIN_S = 120.0
STUCK_AFTER_S = 5.0
PARTITIONS = 2


@pytest.fixture
def deployment(kafka_cluster: Broker, tmp_path: Path) -> Iterator[Deployment]:
    """Its readings are on one broker, its state is on another, and nowhere else."""
    own = {
        "broker": kafka_cluster.address,
        "topic_prefix": "stuck.",
        "partitions": PARTITIONS,
        "cache_dir": tmp_path / "cache",
        "stuck_after_s": STUCK_AFTER_S,
        "metrics_port": free_ports("127.0.0.1", 1)[0],
    }
    settings = load().settings.model_copy(update=own)
    admin = AdminClient(librdkafka_options(settings))
    for topic, node in ((READINGS, 1), (STATE, 3)):
        name = settings.topic_prefix + topic.name
        place = [[node]] * PARTITIONS
        made = admin.create_topics([NewTopic(name, PARTITIONS, replica_assignment=place)])
        made[name].result(30)
    deployment = Deployment(settings, tmp_path / "logs")
    yield deployment
    deployment.close()


def stuck_s(settings: Settings) -> float:
    """Give the metric of the partition that has been stuck for longest."""
    with urlopen(f"http://127.0.0.1:{settings.metrics_port}/metrics", timeout=30) as page:
        lines = page.read().decode().splitlines()
    found = (float(line.split()[-1]) for line in lines if line.startswith("gridcast_stuck_seconds"))
    return max(found, default=0.0)


def wait_until_not_stuck(settings: Settings, worker: Process) -> None:
    end = time.monotonic() + WITHIN_S
    while stuck_s(settings) > 0:
        assert time.monotonic() < end, worker.log.read_text("utf-8")
        time.sleep(0.5)


def says(worker: Process, *words: str) -> bool:
    """Tell whether a worker says what is wrong, and what it waits for."""
    told = worker.log.read_text("utf-8")
    return all(each in told for each in words)


def test_a_partition_whose_state_cannot_be_written_is_told_as_stuck_until_it_can(
    deployment: Deployment, kafka_cluster: Broker
) -> None:
    settings, worker = deployment.settings, deployment.start()
    minute = datetime.now(UTC) - timedelta(hours=2)
    feed(deployment, minute)
    deployment.wait_until_all_is_kept(WITHIN_S)
    wait_until_not_stuck(settings, worker)

    kafka_cluster.nodes[2].kill()
    end = time.monotonic() + WITHIN_S
    while not (stuck_s(settings) > 0 and says(worker, "stuck for", "waits for Kafka")):
        assert time.monotonic() < end, worker.log.read_text("utf-8")
        minute += timedelta(minutes=1)
        feed(deployment, minute)
        time.sleep(1)

    kafka_cluster.nodes[2].start()
    kafka_cluster.wait_until_ready()
    deployment.wait_until_all_is_kept(WITHIN_S)
    wait_until_not_stuck(settings, worker)
    deployment.stop(worker)
