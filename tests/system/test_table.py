"""The table on a real Kafka: a checkpoint is there whole or not at all, whatever happens."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, TopicPartition

from gridcast.schemas.topics import FORECASTS
from gridcast.stream.kafka import librdkafka_options
from gridcast.stream.settings import Settings
from gridcast.stream.table import PART_BYTES, Table, TableError
from gridcast.stream.topics import TopicAdmin


@pytest.fixture
def settings(kafka: str) -> Settings:
    own = Settings(broker=kafka, topic_prefix=f"{uuid4().hex[:8]}.", partitions=2)
    admin = TopicAdmin(own)
    admin.create(admin.look().missing)
    return own


def outputs_of(settings: Settings, isolation: str) -> list[bytes]:
    options = librdkafka_options(settings) | {"group.id": "look", "isolation.level": isolation}
    consumer = Consumer(options)
    topic = settings.topic_prefix + FORECASTS.name
    consumer.assign([TopicPartition(topic, number, 0) for number in range(settings.partitions)])
    found = []
    while messages := consumer.consume(100, timeout=2):
        found += [message.value() for message in messages if not message.error()]
    consumer.close()
    return found


def test_what_was_written_is_read_by_the_next_who_opens_it(settings: Settings):
    table = Table(settings, 1)
    assert table.open() == {}
    table.checkpoint([], {"head": b"1", "slot/7": b"seven", "slot/8": b"eight"})
    table.checkpoint([], {"head": b"2", "slot/7": None, "empty": b""})
    assert Table(settings, 1).open() == {"head": b"2", "slot/8": b"eight", "empty": b""}
    assert Table(settings, 0).open() == {}, "each partition has its own"


def test_a_record_larger_than_a_message_is_cut_and_whole_again(settings: Settings):
    large = os.urandom(3 * PART_BYTES + 17)
    table = Table(settings, 0)
    table.open()
    table.checkpoint([], {"slot/1": large, "head": b"x"})
    second = Table(settings, 0)
    assert second.open() == {"slot/1": large, "head": b"x"}
    second.checkpoint([], {"slot/1": b"small now"})
    third = Table(settings, 0)
    assert third.open() == {"slot/1": b"small now", "head": b"x"}
    third.checkpoint([], {"slot/1": None})
    assert Table(settings, 0).open() == {"head": b"x"}


def test_the_one_before_can_write_nothing_once_another_has_opened_it(settings: Settings):
    """A worker that was only slow, not dead, must not spoil what its successor keeps."""
    slow, successor = Table(settings, 0), Table(settings, 0)
    slow.open()
    slow.checkpoint([], {"head": b"1"})
    assert successor.open() == {"head": b"1"}
    with pytest.raises(TableError, match="cannot be written"):
        slow.checkpoint([], {"head": b"stale"})
    successor.checkpoint([], {"head": b"2"})
    assert Table(settings, 0).open() == {"head": b"2"}


HALF = """
import sys
from gridcast.stream.settings import Settings
from gridcast.stream.table import Table
table = Table(Settings(broker=sys.argv[1], topic_prefix=sys.argv[2], partitions=2), 0)
table.open()
forecasts = sys.argv[2] + "load.forecasts"
table.checkpoint([(forecasts, b"m", b"first")], {"head": b"1", "minute/1": b"old"})
producer = table._transactions._producer
producer.begin_transaction()
producer.produce(forecasts, b"second", b"m")
producer.produce(table._topic, b"new", b"minute/1#0", 0)
producer.produce(table._topic, b"new", b"minute/2#0", 0)
producer.flush()
print("half", flush=True)
sys.stdin.read()
"""


def test_a_worker_killed_in_the_middle_of_a_checkpoint_leaves_the_one_before(
    settings: Settings, tmp_path: Path
):
    writer = subprocess.Popen(
        [sys.executable, "-c", HALF, settings.broker, settings.topic_prefix],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    assert writer.stdin is not None
    with writer.stdout, writer.stdin:
        assert writer.stdout.readline() == "half\n"
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    began = time.monotonic()
    successor = Table(settings, 0)
    assert successor.open() == {"head": b"1", "minute/1": b"old"}
    assert time.monotonic() - began < 10, "the takeover waits for no timeout"
    topic = settings.topic_prefix + FORECASTS.name
    successor.checkpoint([(topic, b"m", b"second")], {"head": b"2", "minute/1": b"newer"})
    assert Table(settings, 0).open() == {"head": b"2", "minute/1": b"newer"}
    assert outputs_of(settings, "read_committed") == [b"first", b"second"]
    assert outputs_of(settings, "read_uncommitted") == [b"first", b"second", b"second"]


def test_a_table_that_is_not_open_says_so(settings: Settings):
    table = Table(settings, 0)
    with pytest.raises(TableError, match="is not open"):
        table.checkpoint([], {})
