"""The board as it stood at a moment: the newest of everything that was on the topics by then.

Read from the topics when somebody asks, one after the other: nothing of it is kept. By Kafka's
stamps, so it is what a screen showed then, whatever the grid's own time was.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from gridcast.schemas import Reading, TimeBounds, decode, within
from gridcast.schemas.bounds import NEVER
from gridcast.schemas.gateway import What
from gridcast.stream.gateway.board import Board
from gridcast.stream.gateway.entries import TOPIC_OF, Entry, Record, entry
from gridcast.stream.kafka import aiokafka_options
from gridcast.stream.settings import Settings

BACK_MS = timedelta(days=8) // timedelta(milliseconds=1)
"""How far one can go back: forecasts are kept for so long."""
ALARMS_BACK_MS = timedelta(days=1) // timedelta(milliseconds=1)
"""An alarm that did not change for longer before the moment is not found."""
FIRST_LOOK_MS, LAST_LOOK_MS = 2 * 60_000, 64 * 60_000
"""Forecasts come every minute; where there are none, they are looked for farther back."""
WITHIN_S = 20.0
AT_ONCE, FETCH_WAIT_MS = 2_000, 20
MOST = 400_000
Wanted = Callable[[str], bool]


class Away(Exception):  # noqa: N818 - it is an answer, not a failure
    """Kafka does not answer, or not in time."""


class Moments:
    """Looks up how things stood.

    Parameters
    ----------
    settings
        Of the deployment.
    board
        Which series there are.
    """

    def __init__(self, settings: Settings, board: Board) -> None:
        self._settings = settings
        self._board = board
        # It reads much for one who asks: the others wait, and the gateway's clients do not.
        self._turn = asyncio.Semaphore(1)

    async def at(self, time_ms: int, wanted: Wanted) -> list[bytes]:
        """Give the messages of the protocol that a fresh client had been sent then."""
        async with self._turn:
            try:
                async with asyncio.timeout(WITHIN_S):
                    return await self._look(time_ms, wanted)
            except (TimeoutError, KafkaError, OSError) as error:
                raise Away(f"the topics could not be read: {error or 'in time'}") from None

    async def _look(self, time_ms: int, wanted: Wanted) -> list[bytes]:
        consumer = AIOKafkaConsumer(
            **aiokafka_options(self._settings),
            isolation_level="read_committed",
            # A partition that is read to its end is not to hold the others up.
            fetch_max_wait_ms=FETCH_WAIT_MS,
        )
        await consumer.start()
        try:
            forecasts = await self._newest(consumer, What.FORECAST, time_ms, wanted)
            readings = await self._newest(consumer, What.READING, time_ms, wanted)
            span = (time_ms - ALARMS_BACK_MS, time_ms)
            alarms = self._entries(What.ALARM, await self._read(consumer, What.ALARM, span))
        finally:
            await consumer.stop()
        series = [one for one in self._board.all(What.SERIES) if wanted(one.key)]
        seen = [one for one in alarms if wanted(one.series)]
        return [one.packet.payload for one in (*series, *forecasts, *readings, *seen)]

    async def _newest(self, consumer: Any, what: What, time_ms: int, wanted: Wanted) -> list[Entry]:
        """Look a little back, and farther only where nothing was found."""
        look_ms = FIRST_LOOK_MS
        while True:
            span = (time_ms - look_ms, time_ms)
            # The key of a frame is not that of its readings: they are looked through afterwards.
            of_all = what is What.READING
            records = await self._read(consumer, what, span, None if of_all else wanted)
            if of_all:
                records = self._readings(records, wanted)
            if records or look_ms >= LAST_LOOK_MS:
                return self._entries(what, records)
            look_ms *= 4

    async def _read(
        self, consumer: Any, what: What, span: tuple[int, int], wanted: Wanted | None = None
    ) -> list[Record]:
        """Read what came to a topic within a span of Kafka's time."""
        name = self._settings.topic_prefix + TOPIC_OF[what].name
        partitions = [TopicPartition(name, n) for n in range(len(self._board.next[what]))]
        since = await consumer.offsets_for_times(dict.fromkeys(partitions, max(span[0], 0)))
        until = await consumer.offsets_for_times(dict.fromkeys(partitions, span[1]))
        ends = await consumer.end_offsets(partitions)
        begin = {one: ends[one] if since[one] is None else since[one].offset for one in partitions}
        stop = {one: ends[one] if until[one] is None else until[one].offset for one in partitions}
        left = {one for one in partitions if begin[one] < stop[one]}
        consumer.assign(list(left))
        for one in left:
            consumer.seek(one, begin[one])
        found: list[Record] = []
        while left:
            if len(found) > MOST:
                raise Away("too much came to the topics at that time")
            for partition, messages in (
                await consumer.getmany(*left, timeout_ms=200, max_records=AT_ONCE)
            ).items():
                found += [
                    Record(one.partition, one.offset, one.timestamp, one.key, one.value)
                    for one in messages
                    if one.offset < stop[partition]
                    and (wanted is None or wanted((one.key or b"").decode(errors="replace")))
                ]
            # The end of a transaction is an offset of its own, which is no message.
            left = {one for one in left if await consumer.position(one) < stop[one]}
        return found

    def _entries(self, what: What, records: Iterable[Record]) -> list[Entry]:
        newest = {one.key: one for one in records}
        made = (entry(what, one, self._settings.message_bytes) for one in newest.values())
        return [one for one in made if isinstance(one, Entry) and not one.is_gone]

    def _readings(self, records: list[Record], wanted: Wanted) -> list[Record]:
        """Take frames apart, and give the newest reading of each series."""
        if not records:
            return []
        keys, values = [one.key for one in records], [one.value for one in records]
        decoded = decode(keys, values, limit=self._settings.message_bytes)
        sent_ms = np.array([one.sent_ms for one in records], np.int64)
        bounds = TimeBounds(round(self._settings.future_bound_s * 1000), BACK_MS)
        taken, _ = within(decoded, sent_ms, NEVER, bounds)
        newest: dict[str, Record] = {}
        times: dict[str, int] = {}
        rows = zip(
            taken.message.tolist(),
            taken.readings.series,
            taken.readings.time_ms.tolist(),
            taken.readings.value.tolist(),
            strict=True,
        )
        for place, series, time_ms, value in rows:
            if time_ms < times.get(series, time_ms) or not wanted(series):
                continue
            times[series] = time_ms
            reading = Reading(
                series=series, time=datetime.fromtimestamp(time_ms / 1000, UTC), value=value
            )
            came = records[place]
            newest[series] = Record(
                came.partition, came.offset, came.sent_ms, reading.key, reading.to_bytes()
            )
        return list(newest.values())
