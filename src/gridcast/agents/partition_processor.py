"""A partition in this worker's hands: taken over, fed, kept by checkpoints, given back.

What the windows contain, how far refusals were told, and how far operators were obeyed, are offsets
in one table. So what is read again after a crash neither counts, nor is told, nor done twice.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from gridcast.agents.batch import Batch
from gridcast.agents.commands import NO_COMMANDS, CommandLog
from gridcast.agents.metrics import Metrics
from gridcast.agents.outbox import Checkpoint, Outbox
from gridcast.agents.spans import NO_SPAN, NO_SPANS, Span, Spans
from gridcast.agents.state_table import Output, StateTable, TableLostError
from gridcast.models.alarms import AlarmBoard, Condition
from gridcast.models.detection.condition_builder import DETECTED
from gridcast.models.detection.health import health
from gridcast.models.feed_guard import FeedGuard, FeedLimit
from gridcast.models.grid import Grid
from gridcast.models.partition import Partition, Tick
from gridcast.models.records import Record, RecordKind, encode, key_of
from gridcast.models.records import decode as decode_record
from gridcast.models.weather import WeatherOf
from gridcast.models.windows import FoldCounts, WindowSpec
from gridcast.schemas import Alarm, Decoded, Refusal, TimeBounds, decode, within
from gridcast.schemas.topics import ALARMS, COMMANDS, READINGS
from gridcast.units import MINUTE_MS

LOG = logging.getLogger("gridcast.readings")
OnTick = Callable[[Partition, Tick], Iterable[Output]]
"""What a tick gives out."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the deployment has chosen."""

    spec: WindowSpec
    lateness_ms: int
    bounds: TimeBounds
    message_bytes: int
    feed_limit: FeedLimit
    on_tick: OnTick
    watched: Grid | None = None
    """What is declared of the series whose readings are watched; None: they are not."""
    weather: WeatherOf | None = None
    """The weather that watched loads may be due to; None: there is none."""


class PartitionProcessor:
    """One partition.

    Its methods take turns. A checkpoint is made while the next batch is worked on; at most one.

    Parameters
    ----------
    number
        Which one.
    table
        Where it is kept.
    terms
        What the deployment has chosen.
    metrics, spans
        Are told what is done.
    commands
        What operators want done about its alarms.
    """

    def __init__(
        self,
        number: int,
        table: StateTable,
        terms: Terms,
        metrics: Metrics,
        spans: Spans = NO_SPANS,
        *,
        commands: CommandLog = NO_COMMANDS,
    ) -> None:
        self._number = number
        self._table = table
        self._terms = terms
        self._metrics = metrics
        self._spans = spans
        self._commands = commands
        self._turn = asyncio.Lock()
        self._partition: Partition | None = None
        self._in_doubt = False
        self.is_fresh = False
        """It was read from its table, and no batch was taken since."""
        self._feed = f"{READINGS.name}/{number}"
        self._guard = FeedGuard(self._feed, terms.feed_limit)
        self._board = AlarmBoard(self._feed)
        self._told = 0
        """Up to where refusals were told, and the feed was judged."""
        self._obeyed: int | None = None
        """Up to where commands were done; None: from now on."""
        self._kept = 0
        """Up to where the input is kept."""
        self._stood = 0
        """Up to where the input was contained a beat ago."""
        self._outbox = Outbox()
        self._saving: asyncio.Task[None] | None = None

    @property
    def next_offset(self) -> int | None:
        """Which message it takes next; None before it is taken over."""
        return None if self._partition is None else self._partition.next_offset

    @property
    def kept(self) -> int | None:
        """Up to where the input is kept for sure; None while that is being found out."""
        is_known = self._partition is not None and not self._in_doubt and self._saving is None
        return self._kept if is_known else None

    @property
    def tick_ms(self) -> int | None:
        """The newest closed tick; None before there was one."""
        return None if self._partition is None else self._partition.tick_ms

    def doubt(self) -> None:
        """Take note that another worker may have had it since."""
        self._in_doubt = True

    async def take_over(self) -> bool:
        """Make sure that it is ours and known; gives whether it had to be read.

        If nobody opened its table in between, what is known of it still holds.
        """
        async with self._turn:
            if self._partition is not None and not self._in_doubt:
                return False
            if self._partition is not None and await self._is_still_ours():
                self._in_doubt = False
                return False
            began_s = time.monotonic()
            self._saving = None
            self._outbox.clear()
            self._load(await self._table.open())
            self._in_doubt, self.is_fresh = False, True
            self._metrics.recovered(time.monotonic() - began_s)
            return True

    async def take(self, batch: Batch) -> None:
        """Take what is new of a batch."""
        async with self._turn:
            self.is_fresh = False
            self._obey()
            new = batch.since(self._known.next_offset)
            if new is not None:
                await self._work(self._fold(new))

    async def skip_to(self, offset: int) -> None:
        """Go on at an offset; what lies before it and was not taken is gone."""
        async with self._turn:
            self.is_fresh = False
            self._known.next_offset = offset

    async def beat(self, *, is_idle: bool, clock_ms: int | None) -> None:
        """Do what is due though no batch came; called about once a second.

        Refusals are told. If no messages wait, ticks are closed up to a time (if one is given), and
        what is known is kept: whoever watches the group sees that all is done.
        """
        async with self._turn:
            if self._partition is None or self._in_doubt:
                return
            if self._saving is not None and self._saving.done():
                await self._saved()
            begins = self._obeyed is None
            self._obey()
            if is_idle and clock_ms is not None:
                for alarm in self._board.unshelve(clock_ms):
                    self._alarm(alarm)
                await self._work(self._advance(clock_ms))
            stands = self._partition.next_offset
            if is_idle and stands == self._stood and stands != self._kept:
                await self._save(self._checkpoint())
            elif self._outbox.outputs or begins:  # from where on it obeys is to be kept
                await self._save(self._telling())
            self._stood = stands

    async def save(self) -> None:
        """Keep all that is known."""
        async with self._turn:
            if self._partition is None or self._in_doubt:
                return
            if self._partition.next_offset != self._kept or self._outbox.outputs:
                await self._save(self._checkpoint())
            await self._saved()

    async def close(self) -> None:
        """Let it go, kept or not: a checkpoint that waits for Kafka is given up."""
        await self._table.close()
        async with self._turn:
            self._partition = None
            with suppress(TableLostError):
                await self._saved()

    @property
    def _known(self) -> Partition:
        if self._partition is None:
            raise RuntimeError("a partition is taken over before it is given anything")
        return self._partition

    def _load(self, records: Mapping[str, bytes]) -> None:
        told = records.get(key_of(RecordKind.TOLD))
        self._told, self._obeyed = 0, None
        if told is not None:
            (numbers,) = decode_record(key_of(RecordKind.TOLD), told).columns
            self._told = int(numbers[0])
            self._obeyed = int(numbers[1]) if len(numbers) > 1 else None
        self._guard = FeedGuard(
            self._feed, self._terms.feed_limit, records.get(key_of(RecordKind.FEED))
        )
        self._board = AlarmBoard(self._feed, records.get(key_of(RecordKind.ALARMS)))
        spec, lateness_ms, watched = self._terms.spec, self._terms.lateness_ms, self._terms.watched
        self._partition = Partition(spec, lateness_ms, records, watches=watched is not None)
        self._kept = self._partition.next_offset

    async def _is_still_ours(self) -> bool:
        try:
            await self._saved()
            await self._save(self._checkpoint())
            await self._saved()
        except TableLostError:
            return False
        return True

    async def _work(self, steps: Iterator[Checkpoint]) -> None:
        """Work beside the event loop: heartbeats and metrics are not to wait for it."""
        while (checkpoint := await asyncio.to_thread(next, steps, None)) is not None:
            await self._save(checkpoint)

    def _fold(self, batch: Batch) -> Iterator[Checkpoint]:
        with self._spans.batch(batch) as span:
            partition, before = self._known, self._known.counts
            with span.part("decode"):
                decoded = self._decode(batch)
            sent_ms = batch.sent_ms[decoded.message]
            offset = np.asarray(batch.offsets, np.int64)[decoded.message]
            closed = False
            with span.part("fold", readings=len(decoded.readings)) as fold:
                for tick in partition.take(decoded.readings, sent_ms, offset, batch.next_offset):
                    with fold.part("tick", tick_ms=tick.time_ms):
                        self._answer(tick)
                    closed = True
                    # Not between ticks of one message: loaded again, the second would see the next.
                    is_last = partition.watermark_ms - tick.time_ms < MINUTE_MS
                    if is_last and self._outbox.is_full:
                        closed = False
                        yield self._checkpoint(span)
            self._measure(batch, decoded, before)
            if closed:
                yield self._checkpoint(span)

    def _decode(self, batch: Batch) -> Decoded:
        decoded = decode(batch.keys, batch.values, limit=self._terms.message_bytes)
        newest_ms = self._known.newest_ms
        decoded, _ = within(decoded, batch.sent_ms, newest_ms, self._terms.bounds)
        self._tell(batch, decoded)
        return decoded

    def _measure(self, batch: Batch, decoded: Decoded, before: FoldCounts) -> None:
        partition = self._known
        self._metrics.took(len(batch), decoded, before, partition.counts)
        if partition.tick_ms is not None and len(batch):
            self._metrics.stands(
                self._number,
                watermark_ms=partition.watermark_ms,
                sent_ms=int(batch.sent_ms[-1]),
                series=len(partition.windows),
            )

    def _advance(self, clock_ms: int) -> Iterator[Checkpoint]:
        """Close ticks by the clock. Of several only the last is of use to anyone by now."""
        partition, last = self._known, None
        for tick in partition.close_by_clock(clock_ms):
            last = tick
        if last is not None:
            self._answer(last)
            yield self._checkpoint()

    def _answer(self, tick: Tick) -> None:
        began_s = time.monotonic()
        self._look(tick)
        self._outbox.put(self._terms.on_tick(self._known, tick))
        self._outbox.answered(began_s)
        self._metrics.ticked(tick, time.monotonic() - began_s)

    def _look(self, tick: Tick) -> None:
        """Judge what came since the last tick by what was expected then."""
        watch, grid = self._known.watch, self._terms.watched
        began_s, board = time.monotonic(), self._board
        seen: list[Condition] = []  # by those who do not watch: what there was is soon over
        if watch is not None and grid is not None:
            names, feed = self._known.windows.roster.names, self._feed
            weather = self._terms.weather
            seen = watch.conditions(tick.time_ms, names, grid, feed, weather)
            seen += health(self._known.checks.running, watch.known, feed, watch.blame_of)
        for alarm in board.judge(tick.time_ms, seen, DETECTED):
            self._alarm(alarm)
        self._metrics.looked(
            self._number,
            time.monotonic() - began_s,
            rate=board.rate(tick.time_ms),
            standing=board.standing(),
        )

    def _obey(self) -> None:
        """Do what operators want of the alarms here since the last time, in their order."""
        known = self._commands.next_offset
        begin = known if self._obeyed is None else self._obeyed
        for given in self._commands.since(begin, self._number):
            found = self._board.command(given.command)
            if isinstance(found, Refusal):
                self._outbox.refuse(COMMANDS, given.batch, 0, found)
            elif found is not None:
                self._alarm(found)
        self._obeyed = max(begin, known)

    def _tell(self, batch: Batch, decoded: Decoded) -> None:
        first = int(np.searchsorted(np.asarray(batch.offsets), self._told))
        for at_ms, seen in self._guard.take(batch.sent_ms, decoded, first):
            for alarm in self._board.unshelve(at_ms) + self._board.judge(
                at_ms, [seen], {seen.kind}
            ):
                self._alarm(alarm)
        for place, refusal in decoded.refused:
            if batch.offsets[place] >= self._told:
                self._outbox.refuse(READINGS, batch, place, refusal)
        self._told = max(self._told, batch.next_offset)

    def _alarm(self, alarm: Alarm) -> None:
        self._outbox.put([Output(ALARMS, alarm.key, alarm.to_bytes())])
        self._metrics.alarmed(alarm)
        LOG.warning(
            "partition %s: alarm %s: %s",
            self._number,
            alarm.change,
            alarm.text,
            extra={"partition": self._number},
        )

    def _checkpoint(self, span: Span = NO_SPAN) -> Checkpoint:
        """Take all that there is to keep."""
        partition = self._known
        return self._take_outputs(partition.changes(), partition.next_offset, span)

    def _telling(self) -> Checkpoint:
        """Take the refusals alone: what the windows contain is kept with the next tick."""
        return self._take_outputs({}, self._kept)

    def _take_outputs(
        self, changes: Mapping[str, bytes | None], next_offset: int, span: Span = NO_SPAN
    ) -> Checkpoint:
        done = [self._told] if self._obeyed is None else [self._told, self._obeyed]
        records = (self._guard.record(), self._board.record())
        told = (Record(RecordKind.TOLD, 0, [np.array(done)]), *records)
        changes = {**changes, **{record.key: encode(record) for record in told}}
        return self._outbox.take(changes, next_offset, span)

    async def _save(self, checkpoint: Checkpoint) -> None:
        await self._saved()
        self._kept = checkpoint.next_offset
        self._saving = asyncio.create_task(self._write(checkpoint))

    async def _write(self, checkpoint: Checkpoint) -> None:
        began_s = time.monotonic()
        outputs, changes = checkpoint.outputs, checkpoint.changes
        with checkpoint.span.part("checkpoint", outputs=len(outputs), records=len(changes)):
            await self._table.checkpoint(outputs, changes, checkpoint.next_offset)
        checkpoint.confirmed(self._metrics, began_s, time.monotonic())

    async def _saved(self) -> None:
        saving, self._saving = self._saving, None
        if saving is not None:
            await saving
