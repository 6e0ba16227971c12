"""`gridcast broker`, as people run it."""

import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]
from support.processes import GRIDCAST, is_gone

from gridcast.stream.errors import UserError
from gridcast.stream.kafka.broker import Broker
from gridcast.stream.kafka.broker.ports import free_ports

READY_WITHIN_S = 120.0
ENDS_WITHIN_S = 60.0


class Command:
    """A running `gridcast broker`: what it has said, and how to end it."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [*GRIDCAST, "broker", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as out:
            self.said.extend(iter(out.readline, ""))

    def wait_until_ready(self) -> None:
        end = time.monotonic() + READY_WITHIN_S
        while not any("stop " in line for line in self.said):
            assert self.process.poll() is None, "".join(self.said)
            assert time.monotonic() < end, "".join(self.said)
            time.sleep(0.05)

    def java(self) -> list[int]:
        return [int(pid) for pid in re.findall(r"process (\d+)", "".join(self.said))]

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        code = self.process.wait(ENDS_WITHIN_S)
        self._reader.join(ENDS_WITHIN_S)
        return code


@contextmanager
def broker(*arguments: str) -> Iterator[Command]:
    command = Command(*arguments)
    try:
        command.wait_until_ready()
        yield command
    finally:
        if command.process.poll() is None:
            command.end(signal.SIGKILL)


def only_message(address: str) -> bytes | None:
    consumer = Consumer(
        {"bootstrap.servers": address, "group.id": "g", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe(["kept"])
    message = consumer.poll(60)
    consumer.close()
    assert message is not None
    return message.value()


def test_data_are_kept_between_runs_and_it_ends_with_0_on_sigterm_and_on_ctrl_c(
    tmp_path: Path,
) -> None:
    (port,) = free_ports("127.0.0.1", 1)
    address = f"127.0.0.1:{port}"
    here = ("--dir", str(tmp_path / "data"), "--port", str(port))

    with broker(*here) as first:
        said = "".join(first.said)
        assert f"is ready at {address}" in said
        assert str(tmp_path / "data") in said
        admin = AdminClient({"bootstrap.servers": address})
        admin.create_topics([NewTopic("kept", 1)])["kept"].result()
        producer = Producer({"bootstrap.servers": address})
        producer.produce("kept", b"1.5 kW")
        assert producer.flush(60) == 0
        with pytest.raises(UserError, match="data is in use by another `gridcast broker`"):
            Broker(directory=tmp_path / "data").start()
        assert first.end(signal.SIGTERM) == 0
        assert all(is_gone(pid, 0.5) for pid in first.java())

    with broker(*here) as second:
        assert only_message(address) == b"1.5 kW"
        assert second.end(signal.SIGINT) == 0
        assert all(is_gone(pid, 0.5) for pid in second.java())

    with broker(*here, "--fresh") as third:
        topics = AdminClient({"bootstrap.servers": address}).list_topics(timeout=60).topics
        assert "kept" not in topics
        assert third.end(signal.SIGTERM) == 0


def test_a_port_in_use_is_one_clear_line(kafka: str) -> None:
    port = kafka.rpartition(":")[2]
    done = subprocess.run(
        [*GRIDCAST, "broker", "--port", port, "--temporary"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == (
        f"gridcast: port {port} of 127.0.0.1 is in use: choose another with --port "
        "(if a Kafka is there already, there is no need for this one)\n"
    )


def test_java_ends_with_the_command_even_if_that_is_killed() -> None:
    (port,) = free_ports("127.0.0.1", 1)
    with broker("--temporary", "--port", str(port)) as command:
        (java,) = command.java()
        command.end(signal.SIGKILL)
        assert is_gone(java, ENDS_WITHIN_S)


EMBEDDING = """
import threading, time
from gridcast.stream.kafka.broker import Broker
broker = Broker()
starter = threading.Thread(target=broker.start)  # that this thread ends must not end Kafka
starter.start()
starter.join()
time.sleep(1)
print(broker.nodes[0].pid, broker.nodes[0].is_alive(), flush=True)
time.sleep(3600)
"""


def test_java_ends_with_a_process_that_embeds_a_broker_even_if_that_is_killed() -> None:
    owner = subprocess.Popen([sys.executable, "-c", EMBEDDING], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    with owner.stdout as out:
        java, alive = out.readline().split()
    assert alive == "True"
    owner.kill()
    owner.wait()
    assert is_gone(int(java), ENDS_WITHIN_S)
