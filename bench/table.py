"""What a partition's table costs on a real Kafka: a checkpoint, reading it whole, its growth.

A checkpoint is one transaction: some forecasts of 1 kB, a record of 10 kB and a small one. Beside
it the same messages sent with the same guarantees for each, but not together: an idempotent
producer that waits for all of them. Reading is beside aiokafka's `getmany` of the same topic. CPU
seconds are this process's, its threads included, the broker's not.

Limit: of a table of a few MB that is rewritten all the time Kafka keeps no more than 50 MB, as soon
as it has compacted (it looks every 15 s).
"""

import asyncio
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from aiokafka import AIOKafkaConsumer, TopicPartition
from common import arguments, in_turn, result, show
from confluent_kafka import Producer

from gridcast.schemas.topics import FORECASTS, STATE
from gridcast.stream.kafka.broker import Broker
from gridcast.stream.kafka.config import aiokafka_options, producer_options
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.kafka.transactions import Transactions
from gridcast.stream.settings import Settings
from gridcast.stream.state.kafka_table import KafkaTable
from gridcast.stream.state.table_reader import TableSnapshot, read

LIMIT_MB = 50
MB = 1_000_000


class Bench:
    """One Kafka, and a deployment on it for each question."""

    def __init__(self, broker: Broker, folder: Path) -> None:
        self._broker = broker
        self._folder = folder
        self.figures: dict[str, float] = {}

    def deployment(self, name: str) -> Settings:
        """Make the topics of one question."""
        settings = Settings(broker=self._broker.address, topic_prefix=f"{name}.", partitions=4)
        admin = TopicAdmin(settings)
        admin.create(admin.look().missing)
        return settings

    def checkpoints(self, rounds: int) -> None:
        """Write checkpoints, and the same messages apart, in turn."""
        settings = self.deployment("checkpoints")
        table = KafkaTable(settings, 0)
        table.open()
        producer = Producer(producer_options(settings))
        topic = settings.topic_prefix + STATE.name
        record = os.urandom(10_000)

        def apart(outputs: list[tuple[str, bytes | None, bytes]]) -> None:
            for name, key, value in outputs:
                producer.produce(name, value, key)
            producer.produce(topic, record, b"minute/1#0", 1)
            producer.produce(topic, b"1", b"head#0", 1)
            producer.flush()

        rows = []
        for count in (1, 100, 10_000):
            outputs = some_forecasts(settings, count)
            calls: dict[str, Callable[[], object]] = {
                "together": lambda sent=outputs: table.checkpoint(
                    sent, {"minute/1": record, "head": b"1"}
                ),
                "apart": lambda sent=outputs: apart(sent),
            }
            runs = in_turn(calls, rounds)
            row = [f"{count:,}"]
            for name, run in runs.items():
                self.figures[f"{name}_ms_{count}"] = round(run.wall_s * 1000, 1)
                self.figures[f"{name}_cpu_ms_{count}"] = round(run.cpu_s * 1000, 1)
                row += [f"{run.wall_s * 1000:.1f}", f"{run.cpu_s * 1000:.1f}"]
            rows.append(row)
        table.close()
        columns = ["forecasts", "checkpoint ms", "CPU ms", "not together ms", "CPU ms"]
        show("A checkpoint, and the same messages sent but not together", columns, rows)

    def reading(self, rounds: int, megabytes: int) -> None:
        """Fill tables of few large and of many small records, and read them in three ways."""
        rows = [self._read(rounds, megabytes, size) for size in (1_000, 150_000)]
        columns = ["records", "bytes each", "read s", "MB/s", "with a standby s", "aiokafka s"]
        show(f"Reading a table of {megabytes} MB", columns, rows)

    def _read(self, rounds: int, megabytes: int, size: int) -> list[str]:
        settings = self.deployment(f"reading-{size}")
        count = megabytes * MB // size
        fill(settings, count, size)
        owner = Transactions(settings, "owner")
        begun = in_turn({"begin": owner.begin}, rounds)["begin"]
        self.figures["take_over_s"] = round(begun.wall_s, 3)
        known = read(settings, 0, None, owner)
        assert len(known.messages) == count

        def with_a_standby() -> None:
            handed = TableSnapshot(known.messages, known.next_offset)
            assert len(read(settings, 0, handed, owner).messages) == count

        runs = in_turn(
            {
                "read": lambda: read(settings, 0, None, owner),
                "read_with_standby": with_a_standby,
                "read_by_aiokafka": lambda: asyncio.run(with_aiokafka(settings, count)),
            },
            rounds,
        )
        owner.close()
        for name, run in runs.items():
            self.figures[f"{name}_s_{count}_records"] = round(run.wall_s, 3)
            self.figures[f"{name}_cpu_s_{count}_records"] = round(run.cpu_s, 3)
        seconds = [f"{run.wall_s:.3f}" for run in runs.values()]
        rate = megabytes / runs["read"].wall_s
        return [f"{count:,}", f"{size:,}", seconds[0], f"{rate:.0f}", *seconds[1:]]

    def growth(self, checkpoints: int, record_bytes: int, settle_s: float) -> bool:
        """Rewrite a small table, and look at what Kafka keeps of it."""
        settings = self.deployment("growth")
        table = KafkaTable(settings, 0)
        table.open()
        rows = []
        for number in range(checkpoints):
            changes = {f"minute/{number % 50}": os.urandom(record_bytes), "head": b"%d" % number}
            table.checkpoint([], changes)
            if (number + 1) % (checkpoints // 5) == 0:
                rows.append(self._growth_row(settings, number + 1, record_bytes))
        table.close()
        end = time.monotonic() + settle_s
        while time.monotonic() < end and self._size(settings) > LIMIT_MB * MB:
            time.sleep(1)
        rows.append(["later", *self._growth_row(settings, checkpoints, record_bytes)[1:]])
        self.figures["written_mb"] = checkpoints * record_bytes / MB
        self.figures["kept_mb"] = round(self._size(settings) / MB, 1)
        columns = ["checkpoints", "written MB", "kept by Kafka MB", "read s"]
        show(f"A table of {50 * record_bytes / MB:.1f} MB, rewritten", columns, rows)
        return self.figures["kept_mb"] <= LIMIT_MB

    def _growth_row(self, settings: Settings, number: int, record_bytes: int) -> list[str]:
        reader = Transactions(settings, "reader")  # Table.open would fence off who writes
        began = time.perf_counter()
        assert len(read(settings, 0, None, reader).messages) == 51
        took = time.perf_counter() - began
        size = self._size(settings) / MB
        return [f"{number:,}", f"{number * record_bytes / MB:.0f}", f"{size:.0f}", f"{took:.2f}"]

    def _size(self, settings: Settings) -> float:
        name = f"{settings.topic_prefix}{STATE.name}-0"
        logs = self._folder.glob(f"node-1/data/{name}/*.log")
        return sum(path.stat().st_size for path in logs)


def some_forecasts(settings: Settings, count: int) -> list[tuple[str, bytes | None, bytes]]:
    topic = settings.topic_prefix + FORECASTS.name
    return [(topic, b"meter-%d" % n, os.urandom(500).hex().encode()) for n in range(count)]


def fill(settings: Settings, count: int, size: int) -> None:
    table = KafkaTable(settings, 0)
    table.open()
    at_once = max(1, 10 * MB // size)
    for first in range(0, count, at_once):
        numbers = range(first, min(first + at_once, count))
        table.checkpoint([], {f"minute/{n}": os.urandom(size) for n in numbers})
    table.close()


async def with_aiokafka(settings: Settings, count: int) -> None:
    """Read the same to the end, as Faust's recovery would."""
    consumer = AIOKafkaConsumer(
        **aiokafka_options(settings),
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=8_000_000,
    )
    await consumer.start()
    try:
        place = TopicPartition(settings.topic_prefix + STATE.name, 0)
        consumer.assign([place])
        end = (await consumer.end_offsets([place]))[place]
        found: dict[bytes, bytes] = {}
        while await consumer.position(place) < end:
            for messages in (await consumer.getmany(timeout_ms=100)).values():
                found |= {message.key: message.value for message in messages}
        assert len(found) == count
    finally:
        await consumer.stop()


def main() -> int:
    asked = arguments((__doc__ or "").partition("\n")[0]).parse_args()
    with TemporaryDirectory() as folder, Broker(directory=Path(folder) / "kafka") as broker:
        bench = Bench(broker, Path(folder) / "kafka")
        bench.checkpoints(5 if asked.quick else 21)
        bench.reading(3 if asked.quick else 7, 20 if asked.quick else 100)
        is_bounded = bench.growth(*((600, 150_000, 25) if asked.quick else (10_000, 50_000, 60)))
    print(f"no more than {LIMIT_MB} MB kept: {'yes' if is_bounded else 'NO'}")
    if asked.json:
        print(result("table", bench.figures))
    return 0 if is_bounded else 1


if __name__ == "__main__":
    sys.exit(main())
