"""Processes one partition: decodes its batches, folds them, runs its ticks, saves checkpoints.

A reading's way is transport, processor, partition, tick, outbox: nothing turns back. How far each
kind of work has come are offsets in the saved state (`Progress`). So what is read again after a
crash is neither counted, nor reported, nor carried out twice.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, replace
from types import TracebackType

import numpy as np

from gridcast.agents.batch import Batch
from gridcast.agents.batch_decoder import BatchDecoder
from gridcast.agents.checkpointer import Checkpointer, Progress
from gridcast.agents.commands import NO_COMMANDS, CommandLog
from gridcast.agents.metrics import Metrics
from gridcast.agents.outbox import Checkpoint, Outbox
from gridcast.agents.partition_alarms import PartitionAlarms
from gridcast.agents.spans import NO_SPAN, NO_SPANS, Span, Spans
from gridcast.agents.state_table import Output, StateTable
from gridcast.models.detection.watch import ReadingWatch
from gridcast.models.feed_guard import FeedLimit
from gridcast.models.partition import Partition, Tick
from gridcast.models.records import encode
from gridcast.models.serving import EMPTY_CONTEXT, TickContext
from gridcast.models.tick import TickOutput, TickSetup, run_tick
from gridcast.models.windows import FoldCounts, WindowSpec
from gridcast.schemas import Decoded, TimeBounds
from gridcast.schemas.topics import READINGS
from gridcast.units import MINUTE_MS

ContextOf = Callable[[Partition, Tick], Awaitable[TickContext]]
"""Waits, on the event loop, for the reference data up to a tick, and returns the tick's context."""
Encode = Callable[[Partition, Tick, TickOutput], Iterable[Output]]
"""Encodes the forecasts and scores of a tick as messages."""
Steps = Generator[Tick | Checkpoint, TickContext, None]
"""Work of a thread. It stops at each tick until it is sent the tick's context, and at each
checkpoint until that is being written."""


async def no_context(partition: Partition, tick: Tick) -> TickContext:  # noqa: ARG001
    """Return a context without declared series, models or weather."""
    return EMPTY_CONTEXT


def no_outputs(partition: Partition, tick: Tick, output: TickOutput) -> Iterable[Output]:  # noqa: ARG001
    """Return no messages."""
    return ()


@dataclass(frozen=True, slots=True)
class ProcessorSettings:
    """How a deployment processes its partitions."""

    spec: WindowSpec
    lateness_ms: int
    bounds: TimeBounds
    message_bytes: int
    feed_limit: FeedLimit
    is_watched: bool = False
    """Whether readings are watched for anomalies."""
    setup: TickSetup = TickSetup()  # noqa: RUF009 - frozen
    context: ContextOf = no_context
    encode: Encode = no_outputs


class PartitionProcessor:
    """One partition that is assigned to this worker.

    Its methods take turns. A checkpoint is written while the next batch is processed; at most one.

    Parameters
    ----------
    number
        The partition.
    table
        Its state table.
    settings
        How the deployment processes partitions.
    metrics, spans
        Told of the work that is done.
    commands
        What operators ask for about the partition's alarms.
    """

    def __init__(
        self,
        number: int,
        table: StateTable,
        settings: ProcessorSettings,
        metrics: Metrics,
        spans: Spans = NO_SPANS,
        *,
        commands: CommandLog = NO_COMMANDS,
    ) -> None:
        self._number = number
        self._settings = settings
        self._metrics = metrics
        self._spans = spans
        self._feed = f"{READINGS.name}/{number}"
        self._checkpointer = Checkpointer(table, metrics)
        self._outbox = Outbox()
        self._alarms = PartitionAlarms(number, self._feed, self._outbox, metrics, commands)
        self._decoder = BatchDecoder(
            self._feed, settings.feed_limit, settings.bounds, settings.message_bytes
        )
        self._partition: Partition | None = None
        self._progress = Progress()
        self._idle_offset = 0
        """`next_offset` at the timer before: if it is the same now, no batch arrived between."""
        self.is_fresh = False
        """The state was read from its table, and no batch was taken since."""
        self._is_closing = False
        self._waiting: asyncio.Future[TickContext] | None = None
        """The reference data that a tick waits for."""

    @property
    def next_offset(self) -> int | None:
        """Offset of the next message to take; None before the partition is taken over."""
        return None if self._partition is None else self._partition.next_offset

    @property
    def saved_offset(self) -> int | None:
        """First offset that the saved state does not contain; None while that is uncertain."""
        checkpointer = self._checkpointer
        is_uncertain = checkpointer.is_ownership_uncertain or checkpointer.is_saving
        return None if self._partition is None or is_uncertain else self._progress.next_offset

    @property
    def tick_ms(self) -> int | None:
        """The newest closed tick; None before there was one."""
        return None if self._partition is None else self._partition.tick_ms

    def mark_ownership_uncertain(self) -> None:
        """Note that another worker may have had the partition since the last checkpoint."""
        self._checkpointer.mark_ownership_uncertain()

    async def take_over(self) -> bool:
        """Make sure that the partition is this worker's; return True if its table had to be read.

        If no other worker opened the table in between, the state in memory is still valid.
        """
        checkpointer = self._checkpointer
        async with checkpointer.turn:
            if self._partition is not None:
                if not checkpointer.is_ownership_uncertain:
                    return False
                if await checkpointer.confirm_ownership(self._checkpoint):
                    return False
            began_s = time.monotonic()
            self._outbox.clear()
            self._load(await checkpointer.open())
            self.is_fresh = True
            self._metrics.recovered(time.monotonic() - began_s)
            return True

    async def take(self, batch: Batch) -> None:
        """Process the part of a batch that was not processed before."""
        async with self._checkpointer.turn:
            if self._is_closing:
                return
            self.is_fresh = False
            self._obey()
            new = batch.since(self._open_partition.next_offset)
            if new is not None:
                await self._work(self._fold(new))

    async def skip_to(self, offset: int) -> None:
        """Go on at an offset: the messages before it that were not taken are lost."""
        async with self._checkpointer.turn:
            self.is_fresh = False
            self._open_partition.next_offset = offset

    async def on_timer(self, *, is_idle: bool, clock_ms: int | None) -> None:
        """Do what is due even if no batch arrives; called about once a second.

        Refusals are reported. If no messages wait (`is_idle`), ticks are closed up to `clock_ms`
        (None: not by the clock), and the state is saved, so that the group's lag becomes zero.
        """
        async with self._checkpointer.turn:
            if not self._can_save:
                return
            await self._checkpointer.raise_if_failed()
            is_first = self._progress.commands_offset is None
            self._obey()
            if is_idle and clock_ms is not None:
                self._alarms.unshelve(clock_ms)
                await self._work(self._close_by_clock(clock_ms))
            offset = self._open_partition.next_offset
            if is_idle and offset == self._idle_offset and offset != self._progress.next_offset:
                await self._save(self._checkpoint())
            elif self._outbox.outputs or is_first:  # save where this partition's commands begin
                await self._save(self._report())
            self._idle_offset = offset

    async def save(self) -> None:
        """Save the state, and wait until that is confirmed."""
        async with self._checkpointer.turn:
            if not self._can_save:
                return
            if (
                self._open_partition.next_offset != self._progress.next_offset
                or self._outbox.outputs
            ):
                await self._save(self._checkpoint())
            await self._checkpointer.wait()

    async def close(self) -> None:
        """Close the partition, saved or not, and give up whatever waits for Kafka.

        A tick that waits for reference data ends without a result. What was folded since the last
        checkpoint is lost with the partition's state, and read again by the next worker.
        """
        self._is_closing = True
        if self._waiting is not None:
            self._waiting.cancel()
        await self._checkpointer.close()
        async with self._checkpointer.turn:
            self._partition = None
            await self._checkpointer.abandon()

    @property
    def _can_save(self) -> bool:
        is_ours = not self._checkpointer.is_ownership_uncertain
        return self._partition is not None and is_ours and not self._is_closing

    @property
    def _open_partition(self) -> Partition:
        if self._partition is None:
            raise RuntimeError(f"partition {self._number} is used before take_over()")
        return self._partition

    def _load(self, records: Mapping[str, bytes]) -> None:
        settings = self._settings
        self._decoder.load(records)
        self._alarms.load(records)
        watch = ReadingWatch(records) if settings.is_watched else None
        self._partition = Partition(settings.spec, settings.lateness_ms, records, watch=watch)
        self._progress = Progress.load(records, self._partition.next_offset)

    async def _work(self, steps: Steps) -> None:
        """Run steps in a thread: heartbeats and metrics on the event loop don't wait for them."""
        step = await asyncio.to_thread(next, steps, None)
        while step is not None:
            if isinstance(step, Tick):
                context = await self._context(step)
                if context is None:
                    steps.close()
                    return
                step = await asyncio.to_thread(_resume, steps, context)
            else:
                await self._save(step)
                step = await asyncio.to_thread(next, steps, None)

    async def _context(self, tick: Tick) -> TickContext | None:
        """Wait for a tick's reference data; return None if the partition is closed meanwhile."""
        context = self._settings.context(self._open_partition, tick)
        self._waiting = asyncio.ensure_future(context)
        try:
            return await self._waiting
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._is_closing and task is not None and not task.cancelling():
                return None
            raise
        finally:
            self._waiting = None

    def _fold(self, batch: Batch) -> Steps:
        with self._spans.batch(batch) as span:
            partition, before = self._open_partition, self._open_partition.counts
            with span.part("decode"):
                decoded = self._decode(batch)
            sent_ms = batch.sent_ms[decoded.message]
            offset = np.asarray(batch.offsets, np.int64)[decoded.message]
            is_unsaved = False
            with span.part("fold", readings=len(decoded.readings)) as fold:
                for tick in partition.take(decoded.readings, sent_ms, offset, batch.next_offset):
                    with fold.part("tick", tick_ms=tick.time_ms):
                        yield from self._run_tick(tick)
                    is_unsaved = True
                    # Not between the ticks of one message: loaded again, the second of them would
                    # see the next message.
                    is_last = partition.watermark_ms - tick.time_ms < MINUTE_MS
                    if is_last and self._outbox.is_full:
                        is_unsaved = False
                        yield self._checkpoint(span)
            self._measure(batch, decoded, before)
            if is_unsaved:
                yield self._checkpoint(span)

    def _decode(self, batch: Batch) -> Decoded:
        """Decode a batch, and report what it says about the feed and which messages are refused."""
        reported_offset = self._progress.reported_offset
        decoded = self._decoder.decode(batch, self._open_partition.newest_ms, reported_offset)
        self._alarms.judge_feed(decoded.conditions)
        for place, refusal in decoded.refused:
            self._outbox.refuse(READINGS, batch, place, refusal)
        reported_offset = max(reported_offset, batch.next_offset)
        self._progress = replace(self._progress, reported_offset=reported_offset)
        return decoded.decoded

    def _measure(self, batch: Batch, decoded: Decoded, before: FoldCounts) -> None:
        partition = self._open_partition
        self._metrics.took(len(batch), decoded, before, partition.counts)
        if partition.tick_ms is not None and len(batch):
            self._metrics.stands(
                self._number,
                watermark_ms=partition.watermark_ms,
                sent_ms=int(batch.sent_ms[-1]),
                series=len(partition.windows),
            )

    def _close_by_clock(self, clock_ms: int) -> Steps:
        """Close ticks by the clock, and run the last one: nobody needs the others any more."""
        last = None
        for tick in self._open_partition.close_by_clock(clock_ms):
            last = tick
        if last is not None:
            yield from self._run_tick(last)
            yield self._checkpoint()

    def _run_tick(self, tick: Tick) -> Steps:
        """Ask for the tick's context, run the tick, and put what it gives out into the outbox."""
        began_s = time.monotonic()
        context = yield tick
        partition, settings, timer = self._open_partition, self._settings, _Timer()
        output = run_tick(
            partition, tick, context, settings.setup, feed=self._feed, watch_timer=timer
        )
        self._alarms.judge_tick(tick.time_ms, output.conditions, timer.seconds)
        self._outbox.put(settings.encode(partition, tick, output))
        self._outbox.answered(began_s)
        self._metrics.ticked(tick, time.monotonic() - began_s)

    def _obey(self) -> None:
        """Carry out what operators asked for since the last time."""
        commands_offset = self._alarms.obey(self._progress.commands_offset)
        self._progress = replace(self._progress, commands_offset=commands_offset)

    def _checkpoint(self, span: Span = NO_SPAN) -> Checkpoint:
        """Take everything that is to be saved."""
        partition = self._open_partition
        return self._take_outputs(partition.changes(), partition.next_offset, span)

    def _report(self) -> Checkpoint:
        """Take the outputs only: the windows are saved with the next tick."""
        return self._take_outputs({}, self._progress.next_offset)

    def _take_outputs(
        self, changes: Mapping[str, bytes | None], next_offset: int, span: Span = NO_SPAN
    ) -> Checkpoint:
        records = (self._progress.record(), self._decoder.record(), self._alarms.record())
        changes = {**changes, **{record.key: encode(record) for record in records}}
        return self._outbox.take(changes, next_offset, span)

    async def _save(self, checkpoint: Checkpoint) -> None:
        await self._checkpointer.save(checkpoint)
        self._progress = replace(self._progress, next_offset=checkpoint.next_offset)


def _resume(steps: Steps, context: TickContext) -> Tick | Checkpoint | None:
    try:
        return steps.send(context)
    except StopIteration:
        return None


class _Timer:
    """Measures the seconds between entering and leaving it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __enter__(self) -> None:
        self._began_s = time.monotonic()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.seconds = time.monotonic() - self._began_s
