"""One run of one engine: started, followed from outside, stopped, its outputs checked."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from gridcast.stream.process.child_process import Process
from throughput.feed import PARTITIONS, Outputs

LOOK_EVERY_S = 0.05
STOP_WITHIN_S = 10.0


class EngineError(Exception):
    """An engine ended by itself."""


@dataclass(frozen=True)
class Measured:
    """One run, from when the engine was given its partitions to the end of the readings."""

    readings: float
    wall_s: float
    cpu_s: float
    done: float
    """Share of the readings that it got through in time."""


@dataclass(frozen=True)
class Verdict:
    """What became of the outputs."""

    right: int
    wrong: int
    missing: int
    twice: int

    def __str__(self) -> str:
        faults = [
            f"{count:,} {name}"
            for name, count in (("wrong", self.wrong), ("missing", self.missing))
            if count
        ]
        told = f"{self.right:,} right" + "".join(f", {fault}" for fault in faults)
        return told + (f", {self.twice:,} twice" if self.twice else "")


def run(  # noqa: PLR0917
    command: Sequence[str],
    folder: Path,
    has_begun: Callable[[int], bool],
    progress: Callable[[], float],
    readings: int,
    within_s: float,
) -> Measured:
    """Run an engine until it is through, or the time is up; then stop it.

    `has_begun` is asked with its process id; start-up is what was before, and is left out.
    `progress` says which share of the readings it is through with.
    """
    process = Process(command, folder / "log", folder=folder)
    try:
        end = time.perf_counter() + within_s
        done = 0.0
        begin = begin_cpu = 0.0
        while done < 1 and (now := time.perf_counter()) < end:
            cpu_s = _cpu_s(process)
            if begin:
                done = progress()
            elif has_begun(process.pid):
                begin, begin_cpu = now, cpu_s
            time.sleep(LOOK_EVERY_S)
        now, cpu_s = time.perf_counter(), _cpu_s(process)
    finally:
        process.stop(STOP_WITHIN_S)
    if not begin:
        return Measured(0.0, 0.0, 0.0, 0.0)
    return Measured(readings * done, now - begin, cpu_s - begin_cpu, done)


def _cpu_s(process: Process) -> float:
    """Give the CPU seconds of a process, of its children, and of those that have ended."""
    try:
        first = psutil.Process(process.pid)
        family = [first.cpu_times(), *(one.cpu_times() for one in first.children(recursive=True))]
    except psutil.NoSuchProcess:
        said = process.log.read_text("utf-8", "replace").split("\n")
        raise EngineError(" ".join(said[-4:]).strip() or "it said nothing") from None
    return sum(t.user + t.system + t.children_user + t.children_system for t in family)


def median(runs: Sequence[Measured]) -> Measured:
    """Give the run in the middle, by readings a CPU second."""
    by_rate = sorted(runs, key=lambda run: run.readings / max(run.cpu_s, 1e-9))
    return by_rate[statistics.median_low(range(len(by_rate)))]


class Watch:
    """Looks at topics and groups from outside."""

    def __init__(self, address: str) -> None:
        self._options = {
            "bootstrap.servers": address,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "log_level": 2,
        }
        self._client = Consumer(self._options | {"group.id": "watch"})
        self._admin = AdminClient({"bootstrap.servers": address, "log_level": 2})
        self._address = address

    def ends(self, topic: str) -> list[int]:
        """Give the end of each partition: how much has ever been put there."""
        places = [TopicPartition(topic, p) for p in range(PARTITIONS)]
        return [self._client.get_watermark_offsets(place, timeout=10)[1] for place in places]

    def count(self, topic: str) -> Callable[[], int]:
        """Give a look at how much is in a topic."""
        return lambda: sum(self.ends(topic))

    def has_joined(self, group: str) -> Callable[[int], bool]:
        """Give a look whether a group has a member with partitions."""

        def look(_: int) -> bool:
            try:
                about = self._admin.describe_consumer_groups([group])[group].result(10)
            except KafkaException:  # there is no such group yet
                return False
            return any(member.assignment.topic_partitions for member in about.members)

        return look

    def has_connected(self, pid: int) -> bool:
        """Tell whether a process talks to Kafka: for those that are in no group."""
        ports = {int(address.rpartition(":")[2]) for address in self._address.split(",")}
        connections = psutil.Process(pid).net_connections("tcp")
        return any(one.raddr and one.raddr.port in ports for one in connections)

    def committed(self, group: str, topic: str) -> Callable[[], int]:
        """Give a look at how much of a topic a group has acknowledged."""
        client = Consumer(self._options | {"group.id": group})
        places = [TopicPartition(topic, p) for p in range(PARTITIONS)]
        return lambda: sum(max(0, at.offset) for at in client.committed(places, timeout=10))

    def check(self, topic: str, expected: Outputs) -> Verdict:
        """Read a topic of outputs and compare each with what it should be."""
        options = {"group.id": "check", "enable.partition.eof": True}
        client = Consumer(self._options | options | {"isolation.level": "read_committed"})
        client.assign([TopicPartition(topic, p, 0) for p in range(PARTITIONS)])
        found: Outputs = {}
        wrong = taken = 0
        left = set(range(PARTITIONS))
        while left:
            first = client.poll(10)
            if first is None:
                raise EngineError(f"outputs cannot be read: {taken:,} came")
            for message in (first, *client.consume(10_000, timeout=0)):
                if message.error():
                    left.discard(message.partition())
                    continue
                taken += 1
                name, output = _output(message.value() or b"")
                if expected.get(name) != output:
                    wrong += 1
                else:
                    found[name] = output
        client.close()
        right = len(found)
        return Verdict(right, wrong, len(expected) - right, taken - wrong - right)


def _output(value: bytes) -> tuple[tuple[str, int], tuple[float, float]]:
    fields = msgspec.json.decode(value)
    if "series" in fields:
        return (fields["series"], fields["minute"]), (fields["mean"], fields["window_mean"])
    return (str(fields["partition"]), fields["minute"]), (fields["readings"], fields["sum"])
