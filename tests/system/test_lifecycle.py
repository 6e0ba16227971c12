"""A worker's life: asked to stop, without its Kafka. What it took is kept in all of them."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from support.chaos.day import make_day
from support.chaos.deployment import Deployment
from support.chaos.takeover import feed

from gridcast.models.partition import Partition
from gridcast.stream.kafka.broker import Broker
from gridcast.stream.process.child_process import Process
from gridcast.stream.settings import Settings, load
from gridcast.stream.state.kafka_table import KafkaTable
from gridcast.stream.worker.processor_settings import processor_settings

WITHIN_S = 120.0
ENDS_WITHIN_S = 60.0
"""Whatever a worker waits for: Kubernetes kills what has not ended within 30 s, of its own."""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A Kafka that these tests may take away; what it keeps it has again when it is back."""
    with Broker(directory=tmp_path_factory.mktemp("broker") / "data") as broker:
        yield broker


@pytest.fixture
def settings(broker: Broker, tmp_path: Path) -> Settings:
    own = {
        "broker": broker.address,
        "topic_prefix": f"{uuid4().hex[:8]}.",
        "partitions": 2,
        "cache_dir": tmp_path / "cache",
    }
    return load().settings.model_copy(update=own)


@pytest.fixture
def deployment(settings: Settings, broker: Broker, tmp_path: Path) -> Iterator[Deployment]:
    deployment = Deployment(settings, tmp_path / "logs")
    yield deployment
    deployment.close()
    if not broker.nodes[0].is_alive():
        come_back(broker)


def go_away(broker: Broker) -> None:
    node = broker.nodes[0]
    node.ask_to_stop()
    assert node.wait(WITHIN_S)


def come_back(broker: Broker) -> None:
    broker.nodes[0].start()
    broker.wait_until_ready()


def wait_for(worker: Process, line: str, within_s: float = WITHIN_S) -> str:
    """Wait until a line of the worker's log has these words, and give it."""
    end = time.monotonic() + within_s
    while True:
        told = worker.log.read_text("utf-8")
        for found in told.splitlines():
            if line in found:
                return found
        assert worker.is_alive(), told
        assert time.monotonic() < end, f"no {line!r} within {within_s} s:\n{told}"
        time.sleep(0.1)


def kept(settings: Settings) -> list[int]:
    """Give up to where each partition's table contains the input."""
    spoken, offsets = processor_settings(settings), []
    for number in range(settings.partitions):
        table = KafkaTable(settings, number)
        partition = Partition(spoken.spec, spoken.lateness_ms, table.open())
        table.close()
        offsets.append(partition.next_offset)
    return offsets


def test_kafka_goes_away_for_a_while_and_the_worker_waits_says_so_and_goes_on(
    deployment: Deployment, broker: Broker
) -> None:
    worker = deployment.start()
    feed(deployment)
    deployment.wait_until_all_is_kept(WITHIN_S)
    go_away(broker)
    feed(deployment)
    wait_for(worker, "Kafka is away")
    come_back(broker)
    deployment.wait_until_all_is_kept(WITHIN_S)
    wait_for(worker, "Kafka is back")
    feed(deployment)
    deployment.wait_until_all_is_kept(WITHIN_S)
    assert len(worker.log.read_text("utf-8").splitlines()) < 100, "it says it again and again"
    deployment.stop(worker)
    assert sum(kept(deployment.settings)) == deployment.sent


def test_a_worker_that_is_started_while_kafka_is_away_waits_for_it(
    deployment: Deployment, broker: Broker
) -> None:
    go_away(broker)
    worker = deployment.start()
    wait_for(worker, "waits for Kafka")
    come_back(broker)
    feed(deployment)
    deployment.wait_until_all_is_kept(WITHIN_S)
    wait_for(worker, "goes on, after")


def test_a_worker_that_waits_for_its_first_kafka_ends_when_it_is_asked_to(
    deployment: Deployment, broker: Broker
) -> None:
    go_away(broker)
    worker = deployment.start()
    wait_for(worker, "waits for Kafka")
    worker.ask_to_stop()
    assert worker.wait(ENDS_WITHIN_S), worker.log.read_text("utf-8")


def test_a_worker_is_asked_to_stop_while_kafka_is_away_and_ends_soon(
    deployment: Deployment, broker: Broker
) -> None:
    worker = deployment.start()
    day = make_day(series=6, hours=6, seed=3).messages
    deployment.send(day)
    deployment.wait_until(1, WITHIN_S)
    broker.nodes[0].kill()
    time.sleep(2)
    os.kill(worker.pid, signal.SIGTERM)
    assert worker.wait(ENDS_WITHIN_S), worker.log.read_text("utf-8")
    deployment.workers.remove(worker)

    come_back(broker)
    deployment.start()
    deployment.wait_until_all_is_kept(WITHIN_S)


def test_a_worker_that_is_stopped_in_the_middle_keeps_all_that_it_took(
    deployment: Deployment,
) -> None:
    day = make_day(series=60, hours=12, seed=3).messages  # more than is taken at once
    first = deployment.start()
    wait_for(first, "taken over")
    deployment.send(day)
    deployment.wait_until(1, WITHIN_S)
    first.ask_to_stop()
    end = time.monotonic() + ENDS_WITHIN_S
    while not first.wait(0.1):  # more comes than it takes, however quick it is
        deployment.send(day[:1000])
        assert time.monotonic() < end, first.log.read_text("utf-8")
    deployment.workers.remove(first)
    done = deployment.done()
    assert 0 < done < deployment.sent, "it was not in the middle"
    # All that the group thinks is done is kept, and the other way round: nothing is read again.
    assert sum(kept(deployment.settings)) == done

    second = deployment.start()
    deployment.wait_until_all_is_kept(WITHIN_S)
    deployment.stop(second)
    assert "is ahead of the state's offset" not in second.log.read_text("utf-8")
