"""The commands of a checkout, and the Kafka that they run on."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

PREFIX = "hash."
READINGS = "meter.readings"
PARTITIONS = 2
SETTINGS = {
    "partitions": PARTITIONS,
    "clock": "replay",
    "threads": 1,
    # So small that long records of the state are cut into parts.
    "message_bytes": 100_000,
}
WITHIN_S = 600.0


class Sent(NamedTuple):
    """A message that the bench itself sends."""

    topic: str
    key: str
    value: bytes
    sent_at: datetime
    partition: int = -1
    """-1: the one that Kafka's own client chooses by the key."""


class Checkout:
    """The commands of one checkout, run in its own environment.

    Parameters
    ----------
    root
        The folder of the checkout, in which `uv sync` has been run.
    folder
        Where files of the run go.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        python = root.absolute() / ".venv/bin/python"
        if not python.exists():
            raise SystemExit(f"{python} does not exist: run `uv sync` in {root}")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.broker = f"127.0.0.1:{free.getsockname()[1]}"
        # At log level 2 it does not report that the broker is not up yet, or has ended.
        self._options = {"bootstrap.servers": self.broker, "log_level": 2}
        self._folder = folder
        self._gridcast = [str(python), "-m", "gridcast", "--config", str(folder / "gridcast.toml")]
        self._environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("GRIDCAST_", "PYTHON", "VIRTUAL_ENV"))
        }
        settings = {"broker": self.broker, **SETTINGS}
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in settings.items()]
        (folder / "gridcast.toml").write_text("".join(lines), "utf-8")

    def run(self, *command: str) -> None:
        """Run a command to its end; raise if it fails."""
        with self.running(*command) as process:
            self._check(process.wait(WITHIN_S), command)

    @contextmanager
    def running(self, *command: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a command beside the block; stop it at the end of the block."""
        with self._log(command).open("wb") as log:
            process = subprocess.Popen(
                [*self._gridcast, *command],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self._folder,
                env=self._environment,
            )
            try:
                yield process
            finally:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(60)
                except subprocess.TimeoutExpired:
                    process.kill()

    def _check(self, status: int, command: tuple[str, ...]) -> None:
        if status:
            log = self._log(command).read_text("utf-8", "replace")[-3000:]
            raise SystemExit(f"gridcast {command[0]} ended with {status}:\n{log}")

    def _log(self, command: tuple[str, ...]) -> Path:
        return self._folder / f"{command[0]}.log"

    @contextmanager
    def kafka(self) -> Iterator[None]:
        """Run the broker, ready, beside the block."""
        port = self.broker.rpartition(":")[2]
        with self.running("broker", "--temporary", "--port", port) as broker:
            self.wait_until(self.answers, broker)
            yield

    def answers(self) -> bool:
        """Return whether the broker answers."""
        try:
            return bool(AdminClient(self._options).list_topics(timeout=2).brokers)
        except KafkaException:
            return False

    def wait_until(self, is_done: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
        """Wait for something that a running process does; raise if it ends before."""
        end_s = time.monotonic() + WITHIN_S
        while not is_done():
            if process.poll() is not None or time.monotonic() > end_s:
                logs = [path.read_text("utf-8", "replace") for path in self._folder.glob("*.log")]
                raise SystemExit(f"{process.args!r} ended or hangs:\n" + "\n".join(logs)[-6000:])
            time.sleep(0.2)

    def read(self, topic: str) -> Iterator[Message]:
        """Yield the committed messages of a topic, each partition in its order."""
        options = self._options | {
            "group.id": "wire-hash",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        }
        consumer = Consumer(options)
        try:
            left = set(consumer.list_topics(PREFIX + topic, 30).topics[PREFIX + topic].partitions)
            consumer.assign([TopicPartition(PREFIX + topic, number, 0) for number in sorted(left)])
            while left:
                for message in consumer.consume(1_000, 1):
                    error = message.error()
                    if error is None:
                        yield message
                    elif error.code() == KafkaError._PARTITION_EOF:
                        left.discard(message.partition())
                    else:
                        raise KafkaException(error)
        finally:
            consumer.close()

    def send(self, messages: Iterable[Sent]) -> None:
        """Send messages in their order, each with its timestamp."""
        producer = Producer(self._options | {"partitioner": "murmur2_random"})
        for topic, key, value, sent_at, partition in messages:
            stamp_ms = int(sent_at.timestamp() * 1000)
            producer.produce(PREFIX + topic, value, key, partition, timestamp=stamp_ms)
            producer.flush(60)  # one by one: a batch that is sent again would change the order

    def is_worked_off(self) -> bool:
        """Return whether the workers' group has committed all readings."""
        consumer = Consumer(self._options | {"group.id": PREFIX + "gridcast"})
        try:
            places = [TopicPartition(PREFIX + READINGS, n) for n in range(PARTITIONS)]
            return all(
                place.offset >= consumer.get_watermark_offsets(place, 10)[1]
                for place in consumer.committed(places, 10)
            )
        except KafkaException:
            return False
        finally:
            consumer.close()
