"""The board as it stood at a moment: the newest of everything that was on the topics by then.

Read from the topics when somebody asks, one after the other, in a thread: nothing of it is kept,
and nobody else waits for it. By Kafka's stamps, so it is what a screen showed then, whatever the
grid's own time was.
"""

import asyncio
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
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

BACK_MS = timedelta(days=8) // timedelta(milliseconds=1)
"""How far one can go back: forecasts are kept for so long."""
ALARMS_BACK_MS = timedelta(days=1) // timedelta(milliseconds=1)
"""An alarm that did not change for longer before the moment is not found."""
FIRST_LOOK_MS, LAST_LOOK_MS = 2 * 60_000, 128 * 60_000
"""Forecasts come every minute; where nothing came at all, they are looked for farther back."""
WITHIN_S = 8.0
"""Waiting for one's turn included. A connection that was not answered within ten is closed."""
MOST_BYTES = 64 * 1024 * 1024
MOST_UNDECLARED = 2_000
"""Of more series of which nobody declared any above the meters, only those asked for are told:
as many as a screen shows."""
CanSee = Callable[[str], bool]
"""Tells whether somebody may see a series; asked from a thread."""
Newest = dict[bytes | None, KafkaMessage]


class SnapshotUnavailable(Exception):  # noqa: N818 - it is an answer, not a failure
    """Kafka does not answer, or not in time, or it would be too much."""


class SnapshotReader:
    """Looks up how things stood.

    Parameters
    ----------
    settings
        Of the deployment.
    state
        Which series there are.
    """

    def __init__(self, settings: Settings, state: LatestState) -> None:
        self._settings = settings
        self._state = state
        self._turn = asyncio.Semaphore(1)

    async def at(self, time_ms: int, sees: CanSee, series: str | None) -> bytes:
        """Give a `Moment`, packed with gzip: what a fresh client had been sent then.

        Of zones, substations and feeders, and of the parts of one series.
        """
        over = Event()
        try:
            async with asyncio.timeout(WITHIN_S), self._turn:
                return await asyncio.to_thread(self._look, over, time_ms, sees, series)
        except (TimeoutError, OverError):
            raise SnapshotUnavailable(
                f"the topics could not be read within {WITHIN_S:.0f} s"
            ) from None
        except KafkaException as error:
            raise SnapshotUnavailable(
                f"the topics could not be read: {error.args[0].str()}"
            ) from None
        finally:
            over.set()  # the thread, too, stops then

    def _look(self, over: Event, time_ms: int, sees: CanSee, series: str | None) -> bytes:
        declared = list(self._state.newest[What.SERIES].values())
        wanted = self._wanted(declared, sees, series)
        with TopicSpan(self._settings, over, WITHIN_S) as topics:
            found = _SnapshotMessages(self._settings, wanted, sees)
            for what in (What.FORECAST, What.READING):
                self._look_back(topics, what, time_ms, found)
            for records in self._read(topics, What.ALARM, time_ms - ALARMS_BACK_MS, time_ms):
                found.take(What.ALARM, records)
        known = (one.packet.payload for one in declared if not one.is_gone and wanted(one.key))
        at = write_time(datetime.fromtimestamp(time_ms / 1000, UTC))
        return _packed(at, chain(known, found.messages()))

    def _wanted(self, declared: Iterable[Entry], sees: CanSee, series: str | None) -> CanSee:
        parts = set() if series is None else set(self._state.subtree(series))
        upper = {
            one.key
            for one in declared
            if isinstance(one.message, GridSeries) and one.message.kind is not SeriesKind.METER
        }
        all_of_them = not upper and len(self._state.newest[What.FORECAST]) <= MOST_UNDECLARED
        asked: dict[str, bool] = {}

        def wanted(name: str) -> bool:
            known = asked.get(name)
            if known is None:
                known = (all_of_them or name in upper or name in parts) and sees(name)
                asked[name] = known
            return known

        return wanted

    def _look_back(
        self, topics: TopicSpan, what: What, time_ms: int, found: "_SnapshotMessages"
    ) -> None:
        look_ms, came = FIRST_LOOK_MS, False
        while not came and look_ms <= LAST_LOOK_MS:
            for records in self._read(topics, what, time_ms - look_ms, time_ms):
                came = True
                found.take(what, records)
            look_ms *= 4

    def _read(
        self, topics: TopicSpan, what: What, since_ms: int, until_ms: int
    ) -> Iterator[list[KafkaMessage]]:
        partitions = len(self._state.next[what])
        return topics.read(TOPIC_OF[what].name, partitions, since_ms, until_ms)


class _SnapshotMessages:
    """The newest of each that is wanted, of what was read by now: never more than `MOST_BYTES`."""

    def __init__(self, settings: Settings, wanted: CanSee, sees: CanSee) -> None:
        self._wanted = wanted
        self._sees = sees
        self._limit = settings.message_bytes
        self._bounds = TimeBounds(round(settings.future_bound_s * 1000), BACK_MS)
        self._newest: dict[What, Newest] = {}
        self._times: dict[str, int] = {}
        self._bytes = 0

    def take(self, what: What, records: list[KafkaMessage]) -> None:
        newest = self._newest.setdefault(what, {})
        if what is What.READING:
            # The key of a frame is not that of its readings.
            records = list(self._readings(records))
        elif what is What.FORECAST:
            records = [one for one in records if self._wanted(_name(one))]
        for one in records:
            before = newest.get(one.key)
            self._bytes += len(one.value or b"")
            self._bytes -= len(before.value or b"") if before is not None else 0
            newest[one.key] = one
        if self._bytes > MOST_BYTES:
            raise SnapshotUnavailable("too much stood on the topics then: ask for one series")

    def messages(self) -> Iterator[bytes]:
        """Give each as a message of the protocol; it is then forgotten."""
        for what, newest in self._newest.items():
            while newest:
                made = read_entry(what, newest.popitem()[1], self._limit)
                if not isinstance(made, Entry) or made.is_gone:
                    continue
                # A screen knows all alarms, be they of a meter or of a feed.
                if what is not What.ALARM or self._sees(made.series):
                    yield made.packet.payload

    def _readings(self, records: list[KafkaMessage]) -> Iterator[KafkaMessage]:
        """Take frames apart; gives those readings that are newer than what was known."""
        decoded = decode(
            [one.key for one in records], [one.value for one in records], limit=self._limit
        )
        sent_ms = np.array([one.sent_ms for one in records], np.int64)
        taken, _ = within(decoded, sent_ms, NEVER, self._bounds)
        rows = zip(
            taken.message.tolist(),
            taken.readings.series,
            taken.readings.time_ms.tolist(),
            taken.readings.value.tolist(),
            strict=True,
        )
        for place, series, time_ms, value in rows:
            if time_ms < self._times.get(series, time_ms) or not self._wanted(series):
                continue
            self._times[series] = time_ms
            reading = Reading(
                series=series, time=datetime.fromtimestamp(time_ms / 1000, UTC), value=value
            )
            came = records[place]
            yield KafkaMessage(
                came.partition, came.offset, came.sent_ms, reading.key, reading.to_bytes()
            )


def _packed(at: str, messages: Iterable[bytes]) -> bytes:
    """Write it a message at a time: while tens of megabytes are copied, nobody else has a turn."""
    packer = zlib.compressobj(level=1, wbits=16 + zlib.MAX_WBITS)  # with gzip's head
    parts = [packer.compress(f'{{"at":"{at}","messages":['.encode())]
    between = b""
    for message in messages:
        parts.append(packer.compress(between + message))
        between = b","
    parts += [packer.compress(b"]}"), packer.flush()]
    return b"".join(parts)


def _name(record: KafkaMessage) -> str:
    return (record.key or b"").decode(errors="replace")
