"""The table on a real Kafka: a checkpoint is there whole or not at all, whatever happens."""

import gc
import logging
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, TopicPartition
from support.closing import check_closing

from gridcast.agents.state_table import TableLostError
from gridcast.models.records import RecordError
from gridcast.schemas.topics import FORECASTS
from gridcast.stream.errors import UserError
from gridcast.stream.kafka import transactions
from gridcast.stream.kafka.broker import Broker
from gridcast.stream.kafka.config import librdkafka_options
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.kafka.transactions import Transactions
from gridcast.stream.settings import Settings
from gridcast.stream.state.kafka_table import PART_BYTES, KafkaTable
from gridcast.stream.state.table_reader import TableSnapshot, read

COMMITTED, UNCOMMITTED = "read_committed", "read_uncommitted"


def deployment(broker: str, **more: object) -> Settings:
    own = Settings(broker=broker, topic_prefix=f"{uuid4().hex[:8]}.", partitions=2, **more)  # type: ignore[arg-type]
    admin = TopicAdmin(own)
    admin.create(admin.look().missing)
    return own


@pytest.fixture
def settings(kafka: str) -> Settings:
    return deployment(kafka)


@pytest.fixture
def broker() -> Iterator[Broker]:
    """Give a Kafka of the test's own, that it may kill."""
    with Broker() as own:
        yield own


def forecasts(settings: Settings) -> str:
    return settings.topic_prefix + FORECASTS.name


def outputs_of(settings: Settings, isolation: str) -> list[bytes]:
    """Read all forecasts that are there, up to the end of each partition."""
    options = librdkafka_options(settings) | {"group.id": "look", "isolation.level": isolation}
    consumer = Consumer(options | {"enable.partition.eof": True, "auto.offset.reset": "earliest"})
    numbers = range(settings.partitions)
    consumer.assign([TopicPartition(forecasts(settings), number, 0) for number in numbers])
    found, ended = [], 0
    while ended < settings.partitions:
        message = consumer.poll(60)
        assert message is not None
        if message.error():
            ended += 1
        else:
            found.append(message.value() or b"")
    consumer.close()
    return found


def wait_for(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_what_was_written_is_read_by_the_next_who_opens_it(settings: Settings) -> None:
    table = KafkaTable(settings, 1)
    assert table.open() == {}
    table.checkpoint([], {"head": b"1", "slot/7": b"seven", "slot/8": b"eight", "a#0": b"hash"})
    table.checkpoint([], {"head": b"2", "slot/7": None, "empty": b"", "never": None})
    kept = {"head": b"2", "slot/8": b"eight", "empty": b"", "a#0": b"hash"}
    assert KafkaTable(settings, 1).open() == kept
    assert KafkaTable(settings, 0).open() == {}, "each partition has its own"


def test_a_record_larger_than_a_message_is_cut_and_whole_again(settings: Settings) -> None:
    large = os.urandom(3 * PART_BYTES + 17)
    table = KafkaTable(settings, 0)
    table.open()
    table.checkpoint([], {"slot/1": large, "head": b"x"})
    second = KafkaTable(settings, 0)
    assert second.open() == {"slot/1": large, "head": b"x"}
    second.checkpoint([], {"slot/1": b"small now"})
    third = KafkaTable(settings, 0)
    assert third.open() == {"slot/1": b"small now", "head": b"x"}
    third.checkpoint([], {"slot/1": None})
    assert KafkaTable(settings, 0).open() == {"head": b"x"}


def test_parts_are_no_larger_than_the_deployments_messages_may_be(kafka: str) -> None:
    settings = deployment(kafka, message_bytes=1_000)
    large = os.urandom(700_000)
    table = KafkaTable(settings, 0)
    table.open()
    table.checkpoint([(forecasts(settings), b"m", os.urandom(900))] * 500, {"slot/1": large})
    assert KafkaTable(settings, 0).open() == {"slot/1": large}


def test_a_record_that_lost_a_part_is_not_taken_for_whole(settings: Settings) -> None:
    table = KafkaTable(settings, 0)
    table.open()
    table.checkpoint([], {"slot/1": os.urandom(2 * PART_BYTES)})
    table.close()
    other = Transactions(settings, "other")
    other.begin()
    other.send([(settings.topic_prefix + "gridcast.state", b"slot/1#1", None, 0)])
    other.close()
    with pytest.raises(RecordError, match="slot/1: part 'slot/1#1' of 2 is missing"):
        table.open()
    table.close()


def test_the_one_before_can_write_nothing_once_another_has_opened_it(settings: Settings) -> None:
    """A worker that was only slow, not dead, must not spoil what its successor keeps."""
    slow, successor = KafkaTable(settings, 0), KafkaTable(settings, 0)
    slow.open()
    slow.checkpoint([], {"head": b"1"})
    assert successor.open() == {"head": b"1"}
    with pytest.raises(TableLostError, match="cannot be written"):
        slow.checkpoint([(forecasts(settings), b"m", b"stale")], {"head": b"stale"})
    with pytest.raises(TableLostError, match="cannot be written"):
        slow.checkpoint([], {"head": b"stale again"})
    successor.checkpoint([], {"head": b"2"})
    assert slow.open() == {"head": b"2"}, "it may take it back, and knows then what came between"
    slow.checkpoint([], {"head": b"3"})
    with pytest.raises(TableLostError):
        successor.checkpoint([], {"head": b"stale"})
    assert KafkaTable(settings, 0).open() == {"head": b"3"}
    assert outputs_of(settings, COMMITTED) == []
    kept = weakref.ref(slow._transactions)
    del slow
    gc.collect()
    assert kept() is None, "it was lost with messages under way, and nothing holds on to it"


def test_no_thread_is_left_of_a_table_that_was_closed(settings: Settings) -> None:
    check_closing("a_table", settings)


def test_what_kafka_refuses_is_told_and_nothing_of_its_checkpoint_is_kept(
    settings: Settings,
) -> None:
    table = KafkaTable(settings, 0)
    table.open()
    table.checkpoint([], {"head": b"1"})
    small, large = (forecasts(settings), b"m", b"x"), os.urandom(2 * settings.message_bytes)
    refused = rf"refuses a message: 2,000,000 bytes for {re.escape(small[0])}: .*too large"
    with pytest.raises(UserError, match=refused):
        table.checkpoint([small, (small[0], b"m", large)], {"head": b"2"})
    table.checkpoint([small], {"slot/1": b"goes on"})
    assert KafkaTable(settings, 0).open() == {"head": b"1", "slot/1": b"goes on"}
    assert outputs_of(settings, COMMITTED) == [b"x"]


def test_more_than_librdkafka_holds_at_once_is_sent_in_one_checkpoint(settings: Settings) -> None:
    table = KafkaTable(settings, 0)
    table.open()
    outputs = [(forecasts(settings), b"%d" % (n % 97), b"%d" % n) for n in range(120_000)]
    table.checkpoint(outputs, {"head": b"1"})
    table.close()
    assert sorted(map(int, outputs_of(settings, COMMITTED))) == list(range(120_000))


def test_what_is_known_is_not_read_again_and_what_it_missed_is(settings: Settings) -> None:
    table, other = KafkaTable(settings, 0), Transactions(settings, "other")
    table.open()
    table.checkpoint([], {"head": b"1", "slot/1": b"one", "slot/2": b"two"})
    other.begin()
    known = read(settings, 0, None, other)
    assert set(known.messages) == {"head#0", "slot/1#0", "slot/2#0"}
    known.messages["slot/2#0"] = known.messages["head#0"]  # to be seen: it is not read again
    table.checkpoint([], {"head": b"3", "slot/1": None})
    assert table.open(known) == {"head": b"3", "slot/2": b"1"}
    beyond = TableSnapshot({"stray#0": b"\1\0\0\0stray"}, known.next_offset + 1_000)
    assert table.open(beyond) == {"head": b"3", "slot/2": b"two"}, "of another life of the topic"
    table.close()
    other.close()


HALF = """
import sys
from gridcast.stream.settings import Settings
from gridcast.stream.state.kafka_table import KafkaTable
table = KafkaTable(Settings(broker=sys.argv[1], topic_prefix=sys.argv[2], partitions=2), 0)
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

LOOP = """
import itertools, sys
from gridcast.stream.settings import Settings
from gridcast.stream.state.kafka_table import KafkaTable
table = KafkaTable(Settings(broker=sys.argv[1], topic_prefix=sys.argv[2], partitions=2), 0)
first = int(table.open().get("head", b"0")) + 1
for number in itertools.count(first):
    text = b"%d" % number
    large = text + b"," + number.to_bytes(4, "little") * 750_000
    table.checkpoint(
        [(sys.argv[2] + "load.forecasts", b"%d" % n, text) for n in range(5)],
        {"head": text, "large": large, f"minute/{number}": text, f"minute/{number - 3}": None},
    )
    print(number, flush=True)
"""


@contextmanager
def process(script: str, settings: Settings, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a worker of a few lines; it is killed at the end, as a power cut would."""
    with subprocess.Popen(
        [sys.executable, "-c", script, settings.broker, settings.topic_prefix],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            yield child
        finally:
            child.send_signal(signal.SIGKILL)


def test_a_worker_killed_in_the_middle_of_a_checkpoint_leaves_the_one_before(
    settings: Settings, tmp_path: Path
) -> None:
    with process(HALF, settings, tmp_path) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "half\n"
    began = time.monotonic()
    successor = KafkaTable(settings, 0)
    assert successor.open() == {"head": b"1", "minute/1": b"old"}
    took = time.monotonic() - began
    assert took < transactions.TIMEOUT_S / 3, "the takeover waits for no timeout"
    successor.checkpoint([(forecasts(settings), b"m", b"second")], {"head": b"2", "minute/1": b"n"})
    successor.close()
    assert KafkaTable(settings, 0).open() == {"head": b"2", "minute/1": b"n"}
    assert outputs_of(settings, COMMITTED) == [b"first", b"second"]
    assert outputs_of(settings, UNCOMMITTED) == [b"first", b"second", b"second"]


def test_killed_at_any_moment_it_is_always_one_whole_checkpoint(
    settings: Settings, tmp_path: Path
) -> None:
    moments = random.Random(5)
    sure = 0
    for _ in range(8):
        with process(LOOP, settings, tmp_path) as writer:
            assert writer.stdout is not None
            sure = int(writer.stdout.readline())
            until = time.monotonic() + moments.uniform(0, 0.5)
            while time.monotonic() < until:
                sure = int(writer.stdout.readline())
        kept = KafkaTable(settings, 0).open()
        number = int(kept["head"])
        assert number >= sure, "what was confirmed is there"
        text, _, body = kept["large"].partition(b",")
        assert int(text) == number
        assert body == number.to_bytes(4, "little") * 750_000
        minutes = {f"minute/{n}": b"%d" % n for n in range(max(1, number - 2), number + 1)}
        assert kept == {"head": kept["head"], "large": kept["large"]} | minutes
        sure = number
    assert sure >= 8
    told = sorted(map(int, outputs_of(settings, COMMITTED)))
    assert told == sorted([*range(1, sure + 1)] * 5), "each once: none is missing, none twice"


def write_while_kafka_goes_away(
    broker: Broker, settings: Settings
) -> tuple[int, weakref.ref[Transactions]]:
    """Make one checkpoint after the other; give the last, and what may still know of them."""
    table = KafkaTable(settings, 0)
    table.open()
    done: list[int] = []
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            text = b"%d" % number
            try:
                table.checkpoint(
                    [(forecasts(settings), text, text)] * 3, {"head": text, "copy": text}
                )
            except TableLostError:
                # Kafka was back before us, and had given the transaction up: as the app does then.
                number = int(table.open()["head"]) + 1
                continue
            done.append(number)
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    wait_for(lambda: len(done) > 5)
    (node,) = broker.nodes
    node.kill()
    before = len(done)
    time.sleep(12)
    assert len(done) <= before + 1
    node.start()
    wait_for(lambda: len(done) > before + 5)
    stop.set()
    writer.join()
    table.close()
    return done[-1], weakref.ref(table._transactions)


@pytest.mark.parametrize("kafkas_patience_s", [60.0, 3.0], ids=["shortly", "longer than it waits"])
def test_kafka_goes_away_and_comes_back_and_nothing_is_lost_or_twice(
    broker: Broker,
    kafkas_patience_s: float,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Also when Kafka (or librdkafka) has given the transaction up meanwhile."""
    monkeypatch.setattr(transactions, "TIMEOUT_S", kafkas_patience_s)
    settings = deployment(broker.address)
    with caplog.at_level(logging.WARNING, logger="gridcast"):
        last, used = write_while_kafka_goes_away(broker, settings)
    gc.collect()
    assert used() is None, "whatever went wrong, nothing holds on to it"
    text = b"%d" % last
    assert KafkaTable(settings, 0).open() == {"head": text, "copy": text}
    told = sorted(map(int, outputs_of(settings, COMMITTED)))
    assert told == sorted([*range(last + 1)] * 3)
    said = [re.sub(r":.*|[\d.]+ s", "", line) for line in caplog.messages]
    name = f"{settings.topic_prefix}gridcast/0"
    pair = [f"{name} waits for Kafka", f"{name} goes on, after "]
    # A Kafka that has just come back may be so slow that it is waited for once more, or twice.
    assert said == pair * (len(said) // 2), "it says it again and again"
    assert 2 <= len(said) < 10


def test_a_table_that_waits_for_kafka_can_be_closed(settings: Settings) -> None:
    check_closing("a_table_that_waits", settings)


def test_a_table_that_is_not_open_says_so(settings: Settings) -> None:
    table = KafkaTable(settings, 0)
    with pytest.raises(TableLostError, match="is not open"):
        table.checkpoint([], {})
    table.close()
