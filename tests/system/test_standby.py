"""The warm standby on a real Kafka: what it hands over is what would have been read, sooner."""

import logging
import os
import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from support.closing import check_closing

from gridcast.schemas.topics import STATE
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.kafka.transactions import Transactions
from gridcast.stream.settings import Settings
from gridcast.stream.state.kafka_table import PART_BYTES, KafkaTable
from gridcast.stream.state.standby import STALE_S, Standby
from gridcast.stream.state.table_reader import TableSnapshot, read


@pytest.fixture
def settings(kafka: str) -> Settings:
    own = Settings(broker=kafka, topic_prefix=f"{uuid4().hex[:8]}.", partitions=3)
    admin = TopicAdmin(own)
    admin.create(admin.look().missing)
    return own


@pytest.fixture
def standby(settings: Settings) -> Iterator[Standby]:
    own = Standby(settings)
    own.start()
    yield own
    own.close()


def wait_for(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.02)


def has(standby: Standby, partition: int, records: int, size: int | None = None) -> bool:
    followed = standby.followed().get(partition)
    return followed is not None and (
        followed.records == records and (size is None or followed.size == size)
    )


def has_end(standby: Standby, partition: int, end: int) -> bool:
    """Tell whether a partition's end was heard: behind its last message and the marker after it."""
    followed = standby.followed().get(partition)
    return followed is not None and followed.next_offset == end


def quickest(call: Callable[[], object]) -> float:
    found = []
    for _ in range(5):
        began = time.monotonic()
        call()
        found.append(time.monotonic() - began)
    return min(found)


def opened(settings: Settings, partition: int) -> KafkaTable:
    table = KafkaTable(settings, partition)
    table.open()
    return table


def test_a_large_state_is_taken_over_several_times_faster_and_is_the_same(
    settings: Settings, standby: Standby
) -> None:
    owner = opened(settings, 1)
    standby.follow([0, 1, 2])
    for turn in range(3):
        for number in range(0, 400, 20):
            owner.checkpoint([], {f"minute/{number + n}": os.urandom(150_000) for n in range(20)})
        owner.checkpoint([], {"head": b"%d" % turn, f"minute/{turn}": None})
    owner.checkpoint([], {"large": os.urandom(3 * PART_BYTES), "minute/0": None, "minute/1": None})
    # 397 minutes, the head, four parts of the large one.
    wait_for(lambda: has(standby, 1, 397 + 1 + 3))
    owner.checkpoint([], {"head": b"newest"})
    time.sleep(1)
    known = standby.take(1)
    assert known is not None
    owner.checkpoint([], {"head": b"not seen", "minute/9": None})
    assert list(standby.followed()) == [0, 2]

    reader = Transactions(settings, "reader")
    reader.begin()
    cold_s = quickest(lambda: read(settings, 1, None, reader))
    warm_s = quickest(
        lambda: read(settings, 1, TableSnapshot(dict(known.messages), known.next_offset), reader)
    )
    reader.close()
    print(f"read from the beginning {cold_s:.3f} s, from what is known {warm_s:.3f} s")
    assert warm_s < cold_s / 2

    cold, warm = KafkaTable(settings, 1), KafkaTable(settings, 1)
    whole = cold.open()
    handed = warm.open(known)
    cold.close()
    assert handed == whole
    assert handed["head"] == b"not seen"
    assert "minute/9" not in handed
    # What it writes next takes away parts that it never read itself.
    warm.checkpoint([], {"large": b"small now"})
    warm.close()
    assert KafkaTable(settings, 1).open() == handed | {"large": b"small now"}


def test_what_was_written_after_it_was_handed_over_is_read_too(
    settings: Settings, standby: Standby
) -> None:
    owner = opened(settings, 0)
    owner.checkpoint([], {"head": b"1", "slot/1": b"one", "slot/2": b"two"})
    standby.follow([0])
    wait_for(lambda: has(standby, 0, 3))
    known = standby.take(0)
    owner.checkpoint([], {"head": b"2", "slot/1": None, "slot/3": b"three"})
    assert KafkaTable(settings, 0).open(known) == {
        "head": b"2",
        "slot/2": b"two",
        "slot/3": b"three",
    }


def test_what_was_not_committed_is_not_kept(settings: Settings, standby: Standby) -> None:
    owner = opened(settings, 0)
    owner.checkpoint([], {"head": b"1"})
    standby.follow([0])
    wait_for(lambda: has(standby, 0, 1))
    half = Transactions(settings, "half")
    half.begin()
    assert half._producer is not None
    half._producer.begin_transaction()
    half._producer.produce(settings.topic_prefix + STATE.name, b"stale", b"head#0", 0)
    half._producer.flush()
    half.close()  # aborts it
    owner.checkpoint([], {"slot/1": b"one"})
    wait_for(lambda: has(standby, 0, 2))
    known = standby.take(0)
    assert known is not None
    assert known.messages == {"head#0": b"\1\0\0\0001", "slot/1#0": b"\1\0\0\0one"}
    owner.close()


def test_a_partition_is_let_go_and_followed_again_from_its_beginning(
    settings: Settings, standby: Standby
) -> None:
    owner = opened(settings, 0)
    owner.checkpoint([], {"head": b"1"})
    standby.follow([0, 1])
    wait_for(lambda: has(standby, 0, 1))
    standby.follow([1])
    assert list(standby.followed()) == [1]
    assert standby.take(0) is None
    owner.checkpoint([], {"slot/1": b"one"})
    standby.follow([0, 1])
    wait_for(lambda: has(standby, 0, 2))
    assert standby.take(0) is not None
    standby.follow([0])  # at once: what may still come of the following before is not taken
    wait_for(lambda: has(standby, 0, 2))
    owner.close()


def test_what_does_not_fit_is_not_followed_and_that_is_said(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    standby = Standby(settings, most_bytes=3_000_000)
    standby.start()
    first, second = opened(settings, 0), opened(settings, 1)
    first.checkpoint([], {"head": bytes(1_000_000)})
    standby.follow([0, 1])
    wait_for(lambda: has(standby, 0, 2))
    for _ in range(5):  # rewritten, not more
        first.checkpoint([], {"head": bytes(1_000_000)})
    with caplog.at_level(logging.WARNING, logger="gridcast"):
        second.checkpoint([], {f"slot/{n}": os.urandom(700_000) for n in range(4)})
        wait_for(lambda: list(standby.followed()) == [0])
    assert caplog.messages == [
        "partition 1 does not fit into the 3 MB of the standby: it is not followed"
    ]
    standby.follow([0, 1])
    assert list(standby.followed()) == [0], "nor is it tried again and again"
    assert standby.take(1) is None
    assert has(standby, 0, 2, 1_000_008)
    standby.follow([])
    second.checkpoint([], {f"slot/{n}": None for n in range(4)})
    # Alone it fits. Four messages and four that delete them, each four with a marker behind them.
    standby.follow([1])
    wait_for(lambda: has(standby, 1, 0, 0) and has_end(standby, 1, 10))
    for one in (first, second, standby):
        one.close()


class Clock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_after_a_long_silence_it_reads_from_the_beginning(settings: Settings) -> None:
    """Kafka forgets a day after it which records went: who heard nothing of it would keep them.

    The end of a partition is an event of its own, some 0.5 s after its last message, and ends a
    silence like any other. So the test waits for each end, and no real time counts as silence.
    """
    clock = Clock()
    standby = Standby(settings, clock=clock)
    standby.start()
    owner = opened(settings, 0)
    owner.checkpoint([], {"head": b"1", "slot/1": b"one"})
    standby.follow([0])
    wait_for(lambda: has(standby, 0, 2) and has_end(standby, 0, 3))
    standby._followers[0].kept.messages["gone#0"] = b"\1\0\0\0gone"

    clock.now_s += STALE_S - 1
    owner.checkpoint([], {"head": b"2"})
    wait_for(lambda: has_end(standby, 0, 5))
    assert has(standby, 0, 3), "read again after a short silence"

    clock.now_s += STALE_S + 1
    owner.checkpoint([], {"head": b"3"})
    wait_for(lambda: has(standby, 0, 2) and has_end(standby, 0, 7))

    clock.now_s += STALE_S + 1
    assert standby.take(0) is None
    owner.close()
    standby.close()


def test_no_thread_is_left_of_a_standby_that_was_closed(settings: Settings) -> None:
    check_closing("a_standby", settings)
