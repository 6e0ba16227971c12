"""The forecasts that were told, as prints of their bytes."""

import hashlib
import json
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

from confluent_kafka import Consumer, KafkaError, TopicPartition

from gridcast.learning.backtest.plan import BacktestPlan
from gridcast.learning.backtest.run import NamedForecaster, partition_tasks
from gridcast.learning.backtest.walk import PartitionTask, forecasts
from gridcast.schemas.topics import FORECASTS
from gridcast.stream.kafka.config import librdkafka_options
from gridcast.stream.recording import Recording
from gridcast.stream.settings import Settings
from gridcast.units import MINUTE_MS

Key = tuple[bytes, str]
"""Series and tick."""


@dataclass
class Told:
    """All forecasts of one way."""

    prints: dict[Key, bytes] = field(default_factory=dict)
    twice: int = 0
    """Copies of a forecast beyond the first."""
    unlike: int = 0
    """Copies that are not the bytes of the first."""
    rungs: Counter[str] = field(default_factory=Counter)

    def take(self, key: bytes, value: bytes) -> None:
        """Take a forecast's message."""
        tick, rung = told_of(value)
        found, digest = self.prints.setdefault((key, tick), one := _print(value)), one
        if found is not digest:
            self.twice += 1
            self.unlike += found != digest
        else:
            self.rungs[rung] += 1


def told_of(value: bytes) -> tuple[str, str]:
    """Give a message's tick and rung."""
    message = json.loads(value)
    return message["tick"], message["rung"]


def _print(value: bytes) -> bytes:
    return hashlib.blake2b(value, digest_size=16).digest()


def on_topic(settings: Settings) -> Told:
    """Read all that a deployment has told."""
    options = {"group.id": "told", "enable.auto.commit": False, "enable.partition.eof": True}
    consumer = Consumer(
        librdkafka_options(settings) | options | {"isolation.level": "read_committed"}
    )
    name, found = settings.topic_prefix + FORECASTS.name, Told()
    left = set(consumer.list_topics(name, timeout=10).topics[name].partitions)
    consumer.assign([TopicPartition(name, number, 0) for number in left])
    while left:
        for message in consumer.consume(1_000, 1):
            error = message.error()
            if error is None:
                found.take(message.key() or b"", message.value() or b"")
            elif error.code() == KafkaError._PARTITION_EOF:
                left.discard(message.partition())
            else:
                raise RuntimeError(error.str())
    consumer.close()
    return found


def backtested(recording: Recording, settings: Settings) -> Told:
    """Let the backtest tell of every tick, two partitions at a time."""
    first_ms = recording.first_ms // MINUTE_MS * MINUTE_MS
    plan = BacktestPlan(settings, first_ms, recording.end_ms, MINUTE_MS, most_judged=1)
    every = partition_tasks(
        recording, plan, [NamedForecaster(settings.model, settings.model)], None
    )
    whole = Told()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for part in pool.map(_walk, every):
            whole.prints |= part.prints
            whole.rungs += part.rungs
    return whole


def _walk(way: PartitionTask) -> Told:
    found = Told()
    for _, columns in forecasts(way):
        for key, value in columns.messages():
            found.take(key, value)
    return found


@dataclass(frozen=True)
class Difference:
    """How two ways differ."""

    lost: int
    """Forecasts that only one of them told."""
    differing: int
    """Forecasts of which the bytes differ."""
    examples: list[str]


def compare(one: Told, other: Told) -> Difference:
    """Compare all."""
    lost = one.prints.keys() ^ other.prints.keys()
    both = one.prints.keys() & other.prints.keys()
    differing = [key for key in both if one.prints[key] != other.prints[key]]
    examples = [f"lost {key}" for key in sorted(lost)[:3]]
    return Difference(len(lost), len(differing), examples + [f"differs {k}" for k in differing[:3]])
