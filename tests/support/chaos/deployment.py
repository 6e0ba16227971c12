"""A deployment on a Kafka: its topics, its workers as processes, its readings sent bit by bit."""

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from gridcast.schemas.topics import READINGS
from gridcast.stream.kafka.config import group, librdkafka_options, producer_options
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.process.child_process import Process, end_of
from gridcast.stream.recording.reading_writer import Keyed
from gridcast.stream.settings import Settings

STOP_WITHIN_S = 60.0


class StoppedError(Exception):
    """A worker ended by itself, or does not get on."""


class Deployment:
    """A deployment of its own, by its prefix.

    Parameters
    ----------
    settings
        The settings of its workers.
    folder
        Where the workers' logs and caches go.
    """

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self.workers: list[Process] = []
        self.folder = folder
        folder.mkdir(parents=True)
        self._started = 0
        self._config = folder / "gridcast.toml"
        chosen = settings.model_dump(mode="json", exclude_defaults=True)
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in chosen.items()]
        self._config.write_text("".join(lines), "utf-8")
        admin = TopicAdmin(settings)
        admin.create(admin.look().missing)
        self._topic = settings.topic_prefix + READINGS.name
        self.sent = 0
        self._done = 0
        self._producer = Producer(producer_options(settings) | {"message.timeout.ms": 300_000})
        self._admin = AdminClient(librdkafka_options(settings))
        self._asking = Consumer(librdkafka_options(settings) | {"group.id": group(settings)})

    def send(self, messages: Sequence[Keyed]) -> None:
        """Send readings; while Kafka is away they wait, and keep their order."""
        for key, value in messages:
            self._producer.produce(self._topic, value, key)
            self._producer.poll(0)
        self.sent += len(messages)

    def start(self) -> Process:
        """Start one more worker."""
        self._started += 1
        worker = Process(
            [sys.executable, "-m", "gridcast", "--config", str(self._config), "worker"],
            self.folder / f"worker-{self._started}.log",
        )
        self.workers.append(worker)
        return worker

    def kill(self, worker: Process) -> None:
        """End a worker as a power cut would."""
        worker.kill()
        self.workers.remove(worker)

    def stop(self, worker: Process) -> None:
        """Ask a worker to stop; it must end well."""
        os.kill(worker.pid, signal.SIGTERM)
        if not worker.wait(STOP_WITHIN_S):
            raise StoppedError(f"worker did not stop within {STOP_WITHIN_S:.0f} s:\n{_log(worker)}")
        self.workers.remove(worker)

    def done(self) -> int:
        """Give how many readings are kept, as the group tells; or told, while Kafka is away."""
        partitions = [TopicPartition(self._topic, n) for n in range(self.settings.partitions)]
        try:
            committed = self._asking.committed(partitions, timeout=5)
        except KafkaException:
            return self._done
        self._done = sum(max(one.offset, 0) for one in committed)
        return self._done

    def shares(self) -> list[int]:
        """Give how many partitions each member of the group has, of those that have any."""
        name = group(self.settings)
        told = self._admin.describe_consumer_groups([name], request_timeout=10)[name]
        try:
            members = told.result().members
        except KafkaException:  # a Kafka that has just started does not know yet
            return []
        return [len(parts) for one in members if (parts := one.assignment.topic_partitions)]

    def wait_until(self, done: int, within_s: float) -> None:
        """Wait until so many readings are kept."""
        end = time.monotonic() + within_s
        while True:
            if self.done() >= done:
                return
            for worker in self.workers:
                if not worker.is_alive():
                    raise StoppedError(f"a worker ended by itself:\n{_log(worker)}")
            if time.monotonic() > end:
                logs = "\n".join(_log(worker) for worker in self.workers)
                raise StoppedError(f"{self.done()} of {done} kept after {within_s:.0f} s:\n{logs}")
            time.sleep(0.1)

    def wait_until_all_is_kept(self, within_s: float) -> None:
        """Wait until the workers are through with all that was sent."""
        self._producer.flush(within_s)
        self.wait_until(self.sent, within_s)

    def close(self) -> None:
        """End all that still runs."""
        for worker in list(self.workers):
            self.kill(worker)
        self._asking.close()
        self._producer.purge()


def _log(worker: Process) -> str:
    return end_of(worker.log.read_text("utf-8", "replace"))
