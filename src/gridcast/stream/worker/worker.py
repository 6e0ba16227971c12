"""One worker: its Faust app, its reference data, and its assigned partitions."""

import asyncio
import logging
import logging.config
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from functools import partial
from importlib.metadata import version
from typing import Any
from uuid import uuid4

import faust
from faust.types import TP

from gridcast.agents.metrics import Metrics
from gridcast.agents.partition_processor import PartitionProcessor, ProcessorSettings
from gridcast.agents.readings import AssignedPartitions, readings
from gridcast.agents.spans import Spans
from gridcast.models.records import RecordError
from gridcast.schemas.topics import READINGS
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.access import as_user_error
from gridcast.stream.kafka.config import group
from gridcast.stream.kafka.end_offsets import EndOffsets
from gridcast.stream.kafka.reachable import wait_until_reachable
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.kafka.transport import PartitionOffsets, batches
from gridcast.stream.observability.logs import Level, configuration
from gridcast.stream.observability.metrics_server import metrics_served
from gridcast.stream.observability.tracing import tracing
from gridcast.stream.process.gc_tuning import tune_gc
from gridcast.stream.settings import Settings
from gridcast.stream.state.async_table import AsyncTable
from gridcast.stream.state.kafka_table import KafkaTable
from gridcast.stream.state.standby import Standby
from gridcast.stream.worker.app import make_app, topic_of
from gridcast.stream.worker.faust_agents import register_agent
from gridcast.stream.worker.forecasting import encoder, tick_setup
from gridcast.stream.worker.processor_settings import processor_settings
from gridcast.stream.worker.reference_data import ReferenceData
from gridcast.stream.worker.watchdog import Watchdog

LOG = logging.getLogger("gridcast.worker")
TIMER_S = 1.0
CHECK_EVERY_S = 10.0
"""How often it is checked whether a partition is stuck."""
SWITCH_S = 0.0005
"""Upper bound on how long a thread waits for the GIL. A tick releases and takes it a hundred times;
with Python's 5 ms it would wait for the threads that fetch and send."""
MOST_TABLES = 32
"""Maximum number of tables that may block on Kafka at the same time."""


class Worker:
    """A worker of a deployment's group, in this process.

    Parameters
    ----------
    settings
        The deployment's settings.
    run
        The id of this run in its logs and metrics.
    spans
        Receives traces of its work.
    processor
        How it processes partitions; None: as the settings say.
    """

    def __init__(
        self,
        settings: Settings,
        run: str,
        spans: Spans,
        processor: ProcessorSettings | None = None,
    ) -> None:
        self.settings = settings
        self.failure: Exception | None = None
        """The error that ended it."""
        self.metrics = Metrics(version("gridcast"), run)
        self.reference_data = ReferenceData(settings, self.metrics)
        self.app = make_app(settings, with_headers=spans.reads_headers)
        self.topic = settings.topic_prefix + READINGS.name
        self._processor_settings = processor or self._forecasting()
        self.assigned_partitions = AssignedPartitions(
            self._make_processor, self._rewind, self._rejoin
        )
        self._watchdog = Watchdog(settings.stuck_after_s)
        self._spans = spans
        self._end_offsets = EndOffsets(settings, self.topic)
        self._standby = Standby(settings) if settings.warm_standby else None
        self._threads = ThreadPoolExecutor(MOST_TABLES, "table")
        self._numbers: list[int] = []
        self._is_caught_up = False
        readings_topic = topic_of(self.app, settings, READINGS)
        register_agent(self.app, "readings", readings_topic, self._readings, self._fail)
        self.reference_data.register_agents(self.app, self._fail)
        self.app.task(self._every(TIMER_S, self._on_timer))
        self.app.task(self._every(CHECK_EVERY_S, self._check))
        for signal, act in (
            (self.app.on_partitions_assigned, self._on_assigned),
            (self.app.on_before_shutdown, self._on_shutdown),
        ):
            connect: Any = signal.connect  # typed as if it passed nothing
            connect(act, weak=False)

    def why_not_ready(self) -> str:
        """Return what is missing before it is ready; an empty text if it is ready."""
        if not self._is_caught_up:
            return "the weather and the series are being read"
        if not self._numbers:
            return "no partitions: the group has not given it any"
        waiting = self.assigned_partitions.not_open()
        return f"partitions being taken over: {waiting}" if waiting else ""

    def _forecasting(self) -> ProcessorSettings:
        setup = tick_setup(self.settings)
        return processor_settings(
            self.settings,
            setup,
            context=partial(self.reference_data.tick_context, setup),
            encode=encoder(self.metrics),
        )

    @property
    def _consumer(self) -> Any:
        return self.app.consumer

    def _make_processor(self, number: int) -> PartitionProcessor:
        place = TP(self.topic, number)
        table = AsyncTable(
            KafkaTable(self.settings, number),
            self.settings.topic_prefix,
            self._threads,
            acknowledge=lambda offset: self._consumer.acknowledge(place, offset),
            snapshot=lambda: None if self._standby is None else self._standby.take(number),
        )
        return PartitionProcessor(
            number,
            table,
            self._processor_settings,
            self.metrics,
            self._spans,
            commands=self.reference_data.commands,
        )

    async def _rewind(self, number: int, offset: int) -> int:
        start: int = await self._consumer.rewind(TP(self.topic, number), offset)
        return start

    def _rejoin(self) -> None:
        self._consumer.rejoin()

    async def _readings(self, stream: Any) -> None:
        if self._standby is not None:
            self._standby.start()
        await self.reference_data.start()
        self._is_caught_up = True
        async with aclosing(batches(stream)) as taken:
            await readings(taken, self.assigned_partitions)

    async def _fail(self, error: Exception) -> None:
        self.failure = as_user_error(error)
        await self.app.crash(error)

    async def _on_assigned(self, _: Any, assigned: Any, **__: Any) -> None:
        self._consumer.before_revoke = self.assigned_partitions.save
        numbers = sorted(tp.partition for tp in assigned if tp.topic == self.topic)
        shown = ", ".join(map(str, numbers)) or "none (more workers than partitions)"
        LOG.info("partitions: %s", shown)
        self.metrics.rebalanced(len(numbers))
        for number in set(self._numbers) - set(numbers):
            self.metrics.let_go(number)
        self._numbers = numbers
        await self.assigned_partitions.assign(numbers)
        await self.reference_data.write_letters(mine=0 in numbers)

    async def _on_shutdown(self, *_: Any, **__: Any) -> None:
        await self.assigned_partitions.close()
        await self.reference_data.stop()
        if self._standby is not None:
            await asyncio.to_thread(self._standby.close)
        self._threads.shutdown(wait=False)

    def _every(self, seconds: float, act: Callable[[], Awaitable[None]]) -> Any:
        """Return a task that calls `act` forever, pausing for so long after each call."""

        async def repeat() -> None:
            while not self.app.should_stop:
                await asyncio.sleep(seconds)
                try:
                    await act()
                except Exception as error:
                    await self._fail(error)
                    raise

        repeat.__name__ = act.__name__
        return repeat

    async def _on_timer(self) -> None:
        if not self._is_caught_up:
            return
        offsets = self._partition_offsets()
        for number, partition in offsets.items():
            self.metrics.lags(number, max((partition.end or 0) - partition.delivered, 0))
        settings = self.settings
        now_ms = (time.time() - settings.lateness_s - settings.idle_margin_s) * 1000
        # While messages wait, their times close the ticks and not the clock.
        idle = {
            number
            for number, partition in offsets.items()
            if partition.end is not None and partition.delivered >= partition.end
        }
        await self.assigned_partitions.on_timer(
            idle, round(now_ms) if settings.clock == "live" else None
        )
        # Messages that were read again after a rebalance and skipped are done with as well.
        for number, offset in self.assigned_partitions.saved_offsets().items():
            self._consumer.acknowledge(TP(self.topic, number), offset)

    async def _check(self) -> None:
        """Drop old reference data, update the standby, and report stuck partitions."""
        oldest_ms = self.assigned_partitions.oldest_tick_ms()
        if oldest_ms is not None:
            self.reference_data.weather.forget(oldest_ms)
            self.reference_data.model_selector.forget(oldest_ms)
        if self._standby is not None and not self.assigned_partitions.not_open():
            await self._stand_by(self._standby)
        offsets = self._partition_offsets()
        # Kafka is asked for the ends: a consumer that hangs knows only how far it has read itself.
        ends = await self._end_offsets.ask(offsets)
        stuck = self._watchdog.check(
            {
                number: partition._replace(end=ends.get(number, partition.end))
                for number, partition in offsets.items()
            },
            time.monotonic(),
        )
        self.metrics.stuck(stuck, offsets)
        for number, seconds in stuck.items():
            LOG.error(
                "partition %s: stuck for %.0f s though messages wait",
                number,
                seconds,
                extra={"partition": number},
            )

    async def _stand_by(self, standby: Standby) -> None:
        partitions = await self._end_offsets.count()
        if not partitions or self.assigned_partitions.not_open():
            return  # Kafka is away, or a takeover has begun, which needs the standby's tables.
        before = standby.followed()
        # A partition that was assigned and is not open yet is followed until it is.
        standby.follow(set(range(partitions)) - self.assigned_partitions.open())
        after = standby.followed()
        for number in before.keys() | after.keys():
            self.metrics.stands_by(number, after[number].size if number in after else 0)

    def _partition_offsets(self) -> dict[int, PartitionOffsets]:
        return {
            tp.partition: offsets
            for tp, offsets in self._consumer.partition_offsets().items()
            if tp.topic == self.topic
        }


def run(settings: Settings, log_level: Level, processor: ProcessorSettings | None = None) -> None:
    """Run a worker until a signal; it then finishes its batches, saves, and leaves the group.

    `processor` says how it processes partitions; None: as the settings say. Benchmarks pass one.
    """
    name = uuid4().hex
    logs = configuration(log_level, settings.log_format, name)
    logging.config.dictConfig(logs)
    wait_until_reachable(settings)
    missing = TopicAdmin(settings).look().missing
    if missing:
        names = ", ".join(topic.name for topic in missing)
        raise UserError(f"topics are missing: {names}; create them with `gridcast topics create`")
    with tracing(settings, name) as spans:
        worker = Worker(settings, name, spans, processor)
        worker.app.finalize()
        process = faust.Worker(worker.app, loglevel=log_level, logging_config=logs)
        tune_gc()
        sys.setswitchinterval(SWITCH_S)
        loop, registry = process.loop, worker.metrics.registry
        LOG.info("worker of group %s at %s", group(settings), settings.broker)
        try:
            with metrics_served(settings, registry, loop, worker.why_not_ready):
                process.execute_from_commandline()
        finally:
            LOG.info("stopped")
            failure: BaseException | None = worker.failure or as_user_error(process.crash_reason)
            if isinstance(failure, UserError | RecordError):
                raise UserError(str(failure)) from None
