"""The data that every worker reads beside the readings: weather, series, commands, releases.

It runs on the app's event loop, so nothing that it keeps needs a lock. `tick_context` is awaited
before each tick, and freezes what the tick's thread reads.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterable, Awaitable
from datetime import timedelta
from functools import partial
from typing import Any

import faust
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from gridcast.agents.batch import Batch
from gridcast.agents.commands import CommandLimits, CommandLog, commands
from gridcast.agents.dead_letter import Refused, ReportRefusals
from gridcast.agents.metrics import Metrics
from gridcast.agents.releases import releases
from gridcast.agents.series import series
from gridcast.agents.weather import weather
from gridcast.models.grid import Grid
from gridcast.models.partition import Partition, Tick
from gridcast.models.serving import TickContext
from gridcast.models.tick import TickSetup
from gridcast.models.weather import WeatherAtTick
from gridcast.schemas import Topic
from gridcast.schemas.bounds import NEVER
from gridcast.schemas.topics import (
    COMMANDS,
    READINGS,
    RELEASES,
    SERIES,
    WEATHER_FORECASTS,
    WEATHER_OBSERVATIONS,
)
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.broadcast_consumer import BroadcastConsumer, partitions_of
from gridcast.stream.kafka.end_offsets import connect_offset_client
from gridcast.stream.kafka.retry import retry_async
from gridcast.stream.kafka.transport import BatchChannel
from gridcast.stream.releases.model_selector import ModelSelector
from gridcast.stream.settings import Settings
from gridcast.stream.worker.dead_letter_writer import LetterWriter
from gridcast.stream.worker.faust_agents import Fail, register_broadcast_agent
from gridcast.stream.worker.forecasting import time_bounds, weather_kept

LOG = logging.getLogger("gridcast.reference_data")
ANSWER_WITHIN_MS = 10_000
AGENTS = {
    SERIES: "series",
    WEATHER_OBSERVATIONS: "weather_observations",
    WEATHER_FORECASTS: "weather_forecasts",
    COMMANDS: "commands",
    RELEASES: "releases",
}
"""The topics that are read whole, and the names of their agents."""
IN_ONE_ORDER = {
    RELEASES: "which model serves follows from the order of the releases",
    COMMANDS: "commands are carried out in one order",
}
"""Topics that must have one partition, and why."""


class ReferenceData:
    """The topics that every worker reads whole, and whether it has all that a tick must see.

    On a Faust app (:meth:`register_agents`) a broadcast consumer feeds the channel of each topic's
    agent. Without an app, as in benchmarks and tests, the agents take the consumers' batches
    directly.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.weather = weather_kept(settings)
        self.grid = Grid()
        self.commands = CommandLog()
        self.model_selector = ModelSelector(settings, metrics)
        """Selects the models that serve at each tick."""
        self._settings = settings
        self._metrics = metrics
        self._bounds = time_bounds(settings)
        self._consumers = [BroadcastConsumer(settings, topic) for topic in AGENTS]
        self._letters = {
            consumer.topic: LetterWriter(settings, consumer, metrics.wrote_letters)
            for consumer in self._consumers
        }
        self._channels: dict[Topic, BatchChannel] = {}
        self._partitions: asyncio.Future[int] | None = None
        """Number of partitions of the readings, once it is known."""
        self._tasks: list[asyncio.Task[None]] = []
        self._is_known = False
        self._writes_letters = False
        self._taking_over: asyncio.Task[None] | None = None
        # Kafka answers the requests of a connection one after the other: on a consumer's connection
        # the question would wait half a second for a fetch.
        self._offset_client: Any = None
        self._asking = asyncio.Lock()
        self._asked_ms = NEVER
        self._ends: dict[TopicPartition, int] = {}

    def register_agents(self, app: faust.App, fail: Fail) -> None:
        """Register the agent of each topic on a Faust app."""
        for topic, name in AGENTS.items():
            self._channels[topic] = register_broadcast_agent(
                app,
                name,
                self._settings.topic_prefix + topic.name,
                partial(self.run_agent, topic),
                fail,
            )

    async def start(self) -> None:
        """Read all messages that there are, and keep reading."""
        began = time.monotonic()
        try:
            self._offset_client = await retry_async("asking for the weather", self._connect)
            partitions = len(await partitions_of(self._settings, READINGS))
            self._partitions_future().set_result(partitions)
            for consumer in self._consumers:
                await consumer.start()
                self._expect_one_partition(consumer)
                self._tasks.append(asyncio.create_task(self._read(consumer)))
            await self._reach(await self._ask())
            for service in (self.model_selector, self.model_selector.refusals):
                self._tasks.append(asyncio.create_task(service.run()))
            await self._or_failed(self.model_selector.settled())
        except BaseException:
            await self.stop()
            raise
        self._is_known = True
        if self._writes_letters:
            self._taking_over = asyncio.create_task(self._take_over())
        LOG.info(
            "%d weather stations and %d series known, after %.1f s",
            len(self.weather),
            len(self.grid),
            time.monotonic() - began,
        )

    async def stop(self) -> None:
        """Stop reading; the data stays."""
        await self._end_takeover()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for consumer in self._consumers:
            await consumer.stop()
        if self._offset_client is not None:
            await self._offset_client.stop()

    async def run_agent(self, topic: Topic, batches: AsyncIterable[Batch]) -> None:
        """Run the agent of a topic on its batches."""
        report, most = self._report(topic), self._settings.message_bytes
        if topic is SERIES:
            await series(batches, self.grid, report, message_bytes=most)
        elif topic is RELEASES:
            selector = self.model_selector
            await releases(batches, selector.releases, report, selector.look, message_bytes=most)
        elif topic is COMMANDS:
            limits = self._limits(await self._partitions_future())
            await commands(batches, self.commands, report, limits)
        else:
            bounds = self._bounds
            await weather(batches, topic, self.weather, report, bounds=bounds, message_bytes=most)

    async def caught_up(self, tick_ms: int) -> None:
        """Return when everything is known that the topics contained when a tick closed.

        Kafka is asked once per tick, by the first partition that reaches it. What is sent after
        that is too late for this tick, in all partitions.
        """
        if tick_ms < self.weather.first_tick_ms:
            self._reach_back(tick_ms)
        async with self._asking:
            if tick_ms > self._asked_ms:
                self._ends = await self._ask()
                self._asked_ms = tick_ms
        await self._reach(self._ends)

    async def tick_context(self, setup: TickSetup, partition: Partition, tick: Tick) -> TickContext:
        """Return what a tick sees besides the readings. Kafka is asked only if it reads weather."""
        models = self.model_selector.models_at(tick.time_ms)
        needs_weather = setup.needs_weather(partition, tick, models)
        weather = await self.weather_at(tick.time_ms) if needs_weather else None
        return TickContext(self.grid, models, weather)

    async def weather_at(self, tick_ms: int) -> WeatherAtTick:
        """Wait for all of the weather that a tick sees, and return a frozen view of it."""
        await self.caught_up(tick_ms)
        answer = self.weather.at(tick_ms)
        late, self.weather.late = self.weather.late, 0
        if late:
            LOG.warning("%d messages of weather came after a tick that should have seen them", late)
            self._metrics.weather_late(late)
        return answer

    async def write_letters(self, *, mine: bool) -> None:
        """Set whether this worker writes the dead letters about these topics.

        It does not wait for Kafka's answer how far the last writer came: a rebalance would wait
        with it.
        """
        if mine == self._writes_letters:
            return
        self._writes_letters = mine
        if mine and self._is_known:
            self._taking_over = asyncio.create_task(self._take_over())
        elif not mine:
            await self._end_takeover()
            for writer in self._letters.values():
                writer.hand_over()

    async def _take_over(self) -> None:
        try:
            for writer in self._letters.values():
                await writer.take_over()
        except KafkaError:
            LOG.exception(
                "cannot take over the dead letters about weather, series, commands and releases: "
                "none are written by this worker"
            )

    async def _end_takeover(self) -> None:
        if self._taking_over is not None:
            self._taking_over.cancel()
            await asyncio.gather(self._taking_over, return_exceptions=True)

    def _expect_one_partition(self, consumer: BroadcastConsumer) -> None:
        why = IN_ONE_ORDER.get(consumer.topic)
        if why is not None and len(consumer.done) != 1:
            name = self._settings.topic_prefix + consumer.topic.name
            raise UserError(f"{name} has {len(consumer.done)} partitions, not 1: {why}")

    def _limits(self, partitions: int) -> CommandLimits:
        return CommandLimits(
            partitions,
            shelve=timedelta(hours=self._settings.shelve_hours),
            ahead=timedelta(milliseconds=self._bounds.ahead_ms),
            message_bytes=self._settings.message_bytes,
        )

    def _report(self, topic: Topic) -> ReportRefusals:
        async def report(batch: Batch, refused: Refused) -> None:
            self._metrics.read(topic, len(batch))
            await self._letters[topic].tell(batch, refused)

        return report

    def _reach_back(self, tick_ms: int) -> None:
        """Read the weather again, for a partition that is further behind than the others."""
        LOG.info("reading the weather topics again: a partition is at an earlier tick")
        self.weather.reach_back(tick_ms)
        self._asked_ms = NEVER
        for consumer in self._consumers:
            if consumer.topic in (WEATHER_OBSERVATIONS, WEATHER_FORECASTS):
                consumer.go_back(dict.fromkeys(consumer.done, 0))

    async def _reach(self, ends: dict[TopicPartition, int]) -> None:
        """Wait until the agents are done with all messages before these offsets."""
        consumers = self._consumers
        if all(consumer.has(ends) for consumer in consumers) and not self._failed():
            return
        await self._or_failed(asyncio.gather(*(consumer.reached(ends) for consumer in consumers)))

    async def _or_failed(self, awaited: Awaitable[Any]) -> None:
        """Wait for something; if an agent fails meanwhile, raise its error."""
        waiting = asyncio.ensure_future(awaited)
        await asyncio.wait({waiting, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        for task in self._failed():
            task.result()

    def _failed(self) -> list[asyncio.Task[None]]:
        return [task for task in self._tasks if task.done()]

    async def _read(self, consumer: BroadcastConsumer) -> None:
        """Bring a topic's batches to its agent."""
        channel = self._channels.get(consumer.topic)
        if channel is None:
            await self.run_agent(consumer.topic, consumer.batches())
            return
        async for batch in consumer.batches():
            await channel.deliver_batch(batch)

    def _partitions_future(self) -> asyncio.Future[int]:
        if self._partitions is None:
            self._partitions = asyncio.get_running_loop().create_future()
        return self._partitions

    async def _ask(self) -> dict[TopicPartition, int]:
        partitions = [partition for consumer in self._consumers for partition in consumer.done]
        ends: dict[TopicPartition, int] = await retry_async(
            "a tick", lambda: self._offset_client.end_offsets(partitions)
        )
        return ends

    async def _connect(self) -> Any:
        return await connect_offset_client(self._settings, ANSWER_WITHIN_MS)
