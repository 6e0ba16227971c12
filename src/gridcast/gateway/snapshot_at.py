"""The state as of an earlier time: the newest message of every key that was on the topics by then.

It is read from the topics on request, one request at a time, in a thread. Nothing is kept, and no
other client waits. Kafka's timestamps decide, so the result is what a screen showed at that time,
whatever the event time was.
"""

import asyncio
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from itertools import chain
from threading import Event

import numpy as np
from confluent_kafka import KafkaException

from gridcast.gateway.entries import TOPIC_OF, Entry, KafkaMessage, read_entry
from gridcast.gateway.latest_state import LatestState
from gridcast.gateway.topic_span import OverError, TopicSpan
from gridcast.schemas import GridSeries, Reading, SeriesKind, TimeBounds, decode, within
from gridcast.schemas.bounds import NEVER
from gridcast.schemas.fields import write_time
from gridcast.schemas.gateway import What
from gridcast.stream.settings import Settings
from gridcast.units import utc_time

BACK_MS = timedelta(days=8) // timedelta(milliseconds=1)
"""How far one can go back: the retention of forecasts."""
ALARMS_BACK_MS = timedelta(days=1) // timedelta(milliseconds=1)
"""An alarm that had not changed for longer before the given time is not found."""
FIRST_LOOK_MS, LAST_LOOK_MS = 2 * 60_000, 128 * 60_000
"""How far back forecasts and readings are searched at first, and at most if there are none."""
WITHIN_S = 8.0
"""Maximum duration, including the wait for other requests. The server gives up after 10 s."""
MOST_BYTES = 64 * 1024 * 1024
MOST_UNDECLARED = 2_000
"""If no series above the meters is declared and there are more series than this, only the requested
ones are included. This is as many as a screen shows."""
CanSee = Callable[[str], bool]
"""Returns True if the client may see a series. It is called from a thread."""
Newest = dict[bytes | None, KafkaMessage]


class SnapshotUnavailable(Exception):  # noqa: N818 - an answer to the client, not a failure
    """Kafka does not answer, or not in time, or there is too much data."""


class SnapshotReader:
    """Reads the state as of an earlier time.

    Parameters
    ----------
    settings
        The deployment's settings.
    state
        Has the declared series.
    """

    def __init__(self, settings: Settings, state: LatestState) -> None:
        self._settings = settings
        self._state = state
        self._turn = asyncio.Semaphore(1)

    async def at(self, time_ms: int, can_see: CanSee, series: str | None) -> bytes:
        """Return a `Moment`, compressed with gzip: what a new client would have been sent then.

        It has the zones, substations and feeders, and the parts of one series.
        """
        over = Event()
        try:
            async with asyncio.timeout(WITHIN_S), self._turn:
                return await asyncio.to_thread(self._read_snapshot, over, time_ms, can_see, series)
        except (TimeoutError, OverError):
            raise SnapshotUnavailable(
                f"the topics could not be read within {WITHIN_S:.0f} s"
            ) from None
        except KafkaException as error:
            raise SnapshotUnavailable(
                f"the topics could not be read: {error.args[0].str()}"
            ) from None
        finally:
            over.set()  # stops the thread, too

    def _read_snapshot(
        self, over: Event, time_ms: int, can_see: CanSee, series: str | None
    ) -> bytes:
        declared = list(self._state.newest[What.SERIES].values())
        wanted = self._wanted_series(declared, can_see, series)
        with TopicSpan(self._settings, over, WITHIN_S) as topics:
            snapshot = _SnapshotMessages(self._settings, wanted, can_see)
            for what in (What.FORECAST, What.READING):
                self._look_back(topics, what, time_ms, snapshot)
            for messages in self._read(topics, What.ALARM, time_ms - ALARMS_BACK_MS, time_ms):
                snapshot.take(What.ALARM, messages)
        declarations = (
            entry.packet.payload for entry in declared if not entry.is_gone and wanted(entry.key)
        )
        at = write_time(utc_time(time_ms))
        return _packed(at, chain(declarations, snapshot.messages()))

    def _wanted_series(
        self, declared: Iterable[Entry], can_see: CanSee, series: str | None
    ) -> CanSee:
        parts = set() if series is None else set(self._state.subtree(series))
        upper = {
            entry.key
            for entry in declared
            if isinstance(entry.message, GridSeries) and entry.message.kind is not SeriesKind.METER
        }
        wants_all = not upper and len(self._state.newest[What.FORECAST]) <= MOST_UNDECLARED
        answers: dict[str, bool] = {}

        def wanted(name: str) -> bool:
            answer = answers.get(name)
            if answer is None:
                answer = (wants_all or name in upper or name in parts) and can_see(name)
                answers[name] = answer
            return answer

        return wanted

    def _look_back(
        self, topics: TopicSpan, what: What, time_ms: int, snapshot: "_SnapshotMessages"
    ) -> None:
        look_ms, has_messages = FIRST_LOOK_MS, False
        while not has_messages and look_ms <= LAST_LOOK_MS:
            for messages in self._read(topics, what, time_ms - look_ms, time_ms):
                has_messages = True
                snapshot.take(what, messages)
            look_ms *= 4

    def _read(
        self, topics: TopicSpan, what: What, since_ms: int, until_ms: int
    ) -> Iterator[list[KafkaMessage]]:
        partitions = len(self._state.next[what])
        return topics.read(TOPIC_OF[what].name, partitions, since_ms, until_ms)


class _SnapshotMessages:
    """The newest message of each wanted key, at most `MOST_BYTES` in all."""

    def __init__(self, settings: Settings, wanted: CanSee, can_see: CanSee) -> None:
        self._wanted = wanted
        self._can_see = can_see
        self._limit = settings.message_bytes
        self._bounds = TimeBounds(round(settings.future_bound_s * 1000), BACK_MS)
        self._newest: dict[What, Newest] = {}
        self._times: dict[str, int] = {}
        self._bytes = 0

    def take(self, what: What, messages: list[KafkaMessage]) -> None:
        newest = self._newest.setdefault(what, {})
        if what is What.READING:
            # A frame has another key than its readings.
            messages = list(self._readings(messages))
        elif what is What.FORECAST:
            messages = [message for message in messages if self._wanted(_name(message))]
        for message in messages:
            replaced = newest.get(message.key)
            self._bytes += len(message.value or b"")
            self._bytes -= len(replaced.value or b"") if replaced is not None else 0
            newest[message.key] = message
        if self._bytes > MOST_BYTES:
            raise SnapshotUnavailable("there is too much data of that time: ask for one series")

    def messages(self) -> Iterator[bytes]:
        """Yield each message in the form of the protocol, and drop it."""
        for what, newest in self._newest.items():
            while newest:
                built = read_entry(what, newest.popitem()[1], self._limit)
                if not isinstance(built, Entry) or built.is_gone:
                    continue
                # A screen shows all alarms, also those of meters and of feeds.
                if what is not What.ALARM or self._can_see(built.series):
                    yield built.packet.payload

    def _readings(self, messages: list[KafkaMessage]) -> Iterator[KafkaMessage]:
        """Split frames into readings; yield those that are newer than the ones before."""
        decoded = decode(
            [message.key for message in messages],
            [message.value for message in messages],
            limit=self._limit,
        )
        sent_ms = np.array([message.sent_ms for message in messages], np.int64)
        accepted, _ = within(decoded, sent_ms, NEVER, self._bounds)
        rows = zip(
            accepted.message.tolist(),
            accepted.readings.series,
            accepted.readings.time_ms.tolist(),
            accepted.readings.value.tolist(),
            strict=True,
        )
        for index, series, time_ms, value in rows:
            if time_ms < self._times.get(series, time_ms) or not self._wanted(series):
                continue
            self._times[series] = time_ms
            reading = Reading(series=series, time=utc_time(time_ms), value=value)
            source = messages[index]
            yield KafkaMessage(
                source.partition, source.offset, source.sent_ms, reading.key, reading.to_bytes()
            )


def _packed(at: str, messages: Iterable[bytes]) -> bytes:
    """Return the snapshot as gzipped JSON.

    Messages are compressed one by one, because copying tens of megabytes at once blocks all other
    threads.
    """
    compressor = zlib.compressobj(level=1, wbits=16 + zlib.MAX_WBITS)  # with gzip's head
    parts = [compressor.compress(f'{{"at":"{at}","messages":['.encode())]
    separator = b""
    for message in messages:
        parts.append(compressor.compress(separator + message))
        separator = b","
    parts += [compressor.compress(b"]}"), compressor.flush()]
    return b"".join(parts)


def _name(message: KafkaMessage) -> str:
    return (message.key or b"").decode(errors="replace")
