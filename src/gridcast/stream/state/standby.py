"""A warm standby: snapshots of the tables of the partitions that other workers have.

A thread follows these partitions of the state topic, and keeps the newest committed message of each
key. Taking over a partition then means reading only what was written since: a fraction of a second,
however large the state is.

Faust has standbys as well (`table_standby_replicas`). The group's leader names a follower for each
partition, and only a takeover by that follower is warm. It reads uncommitted records too, through
the agents' own consumer, which every rebalance pauses and resumes (where its recovery loses
records), and stores them one at a time. Here every worker follows all partitions that it does not
have, with a consumer of its own. Nothing has to be agreed, and every takeover is warm. It costs
each worker the traffic of the whole state topic, a few bytes per series and minute, and memory,
which has a limit.
"""

import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Lock, Thread

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    Message,
    TopicPartition,
)

from gridcast.schemas.topics import STATE
from gridcast.stream.kafka.message_reader import is_partition_end, poll_messages
from gridcast.stream.kafka.retry import BlockingRetry, RetryStoppedError
from gridcast.stream.kafka.transactions import SILENT
from gridcast.stream.settings import Settings
from gridcast.stream.state.table_reader import TableSnapshot, consumer_options

log = logging.getLogger(__name__)

MOST_BYTES = 1_000_000_000
LOOK_EVERY_S = 0.2
"""A change of the followed partitions takes effect within this time."""
STALE_S = 3600.0
"""After so long a silence a partition is read from its beginning. Kafka drops a tombstone a day
after it was written: a standby that was cut off for longer would keep the deleted record."""


@dataclass(frozen=True, slots=True)
class Followed:
    """The state of one followed partition."""

    records: int
    size: int
    """Bytes."""
    next_offset: int


@dataclass(slots=True)
class _Follower:
    kept: TableSnapshot
    heard_s: float


class _FetchError(Exception):
    """A partition cannot be read at present."""


class Standby:
    """Follows tables of partitions. Its methods may be called in any thread, and do not block.

    Parameters
    ----------
    settings
        The deployment's settings.
    most_bytes
        Memory limit over all partitions. A partition that does not fit is not followed.
    clock
        Returns the time in seconds; `STALE_S` is measured with it.
    """

    def __init__(
        self,
        settings: Settings,
        most_bytes: int = MOST_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._most_bytes = most_bytes
        self._clock = clock
        self._topic = settings.topic_prefix + STATE.name
        self._lock = Lock()
        self._followers: dict[int, _Follower] = {}
        self._refused: set[int] = set()
        """Partitions that did not fit into the memory limit."""
        self._restarted: set[int] = set()
        """Partitions that are to be read from the beginning."""
        self._size = 0
        self._ended = Event()
        self._retry = BlockingRetry("the standby", self._ended)
        self._thread = Thread(target=self._run, name="standby", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def follow(self, partitions: Iterable[int]) -> None:
        """Follow these partitions, and no others."""
        with self._lock:
            wanted = set(partitions)
            for partition in set(self._followers) - wanted:
                self._drop(partition)
            self._refused &= wanted
            for partition in wanted - set(self._followers) - self._refused:
                self._begin(partition)

    def take(self, partition: int) -> TableSnapshot | None:
        """Return the snapshot of a partition for `KafkaTable.open`, and follow it no longer."""
        with self._lock:
            follower = self._drop(partition)
        if follower is None or self._clock() - follower.heard_s > STALE_S:
            return None
        return follower.kept

    def followed(self) -> dict[int, Followed]:
        """Return how far each partition is followed, without those that did not fit."""
        with self._lock:
            return {
                partition: Followed(
                    len(follower.kept.messages), follower.kept.size, follower.kept.next_offset
                )
                for partition, follower in self._followers.items()
            }

    def close(self) -> None:
        """Stop the thread, and drop all snapshots."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()
        self.follow([])

    def _begin(self, partition: int) -> None:
        self._followers[partition] = _Follower(TableSnapshot(), self._clock())
        self._restarted.add(partition)

    def _drop(self, partition: int) -> _Follower | None:
        follower = self._followers.pop(partition, None)
        self._restarted.discard(partition)
        if follower is not None:
            self._size -= follower.kept.size
        return follower

    def _run(self) -> None:
        options = consumer_options(self._settings) | {"fetch.wait.max.ms": 500}
        consumer = Consumer(options, logger=SILENT)
        assigned: set[int] = set()

        def follow() -> None:
            nonlocal assigned
            assigned = self._assign(consumer, assigned)
            self._take(poll_messages(consumer, LOOK_EVERY_S))

        try:
            with suppress(RetryStoppedError):
                while not self._ended.is_set():
                    self._retry(follow, lambda error: isinstance(error, _FetchError))
        finally:
            consumer.close()

    def _assign(self, consumer: Consumer, assigned: set[int]) -> set[int]:
        """Assign the followed partitions to the consumer; return them."""
        with self._lock:
            wanted, begun = set(self._followers), self._restarted & set(self._followers)
            self._restarted.clear()
        if gone := assigned - wanted | assigned & begun:
            consumer.incremental_unassign([TopicPartition(self._topic, n) for n in gone])
        if new := wanted - assigned | begun:
            consumer.incremental_assign(
                [TopicPartition(self._topic, n, OFFSET_BEGINNING) for n in new]
            )
        return wanted

    def _take(self, messages: Iterable[Message]) -> None:
        now = self._clock()
        failed = None
        with self._lock:
            for message in messages:
                partition, error = message.partition() or 0, message.error()
                if partition not in self._followers or partition in self._restarted:
                    continue
                if error is None or is_partition_end(message):
                    self._hear(partition, message, now)
                elif error.code() == KafkaError._AUTO_OFFSET_RESET:
                    # The next offset was deleted: the topic was created anew.
                    self._drop(partition)
                    self._begin(partition)
                else:
                    failed = error
        if failed is not None:
            raise _FetchError(failed.str())

    def _hear(self, partition: int, message: Message, now: float) -> None:
        follower = self._followers[partition]
        if now - follower.heard_s > STALE_S:
            self._drop(partition)
            self._begin(partition)
            return
        follower.heard_s = now
        if message.error() is not None:
            # The transaction marker behind the last message has an offset of its own.
            follower.kept.next_offset = message.offset() or 0
            return
        before = follower.kept.size
        follower.kept.take(message)
        self._size += follower.kept.size - before
        if self._size > self._most_bytes:
            log.warning(
                "partition %d does not fit into the %d MB of the standby: it is not followed",
                partition,
                self._most_bytes // 1_000_000,
            )
            self._refused.add(partition)
            self._drop(partition)
