"""What every worker knows beside the readings: weather, series, what operators want, releases.

It runs on the app's event loop, so nothing that it keeps needs a lock. `tick_context` is awaited
before each tick, and freezes what the tick's thread reads.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Coroutine
from datetime import timedelta
from typing import Any

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
from gridcast.stream.releases.model_selector import ModelSelector
from gridcast.stream.settings import Settings
from gridcast.stream.worker.dead_letter_writer import LetterWriter
from gridcast.stream.worker.forecasting import time_bounds, weather_kept

LOG = logging.getLogger("gridcast.background")
ANSWER_WITHIN_MS = 10_000


class ReferenceData:
    """Reads topics whole, and says when it has all of them that a tick is to see."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.weather = weather_kept(settings)
        self.grid = Grid()
        self.commands = CommandLog()
        self.on_duty = ModelSelector(settings, metrics)
        """Who answers at which tick."""
        self._settings = settings
        self._metrics = metrics
        self._bounds = time_bounds(settings)
        self._topics = [
            BroadcastConsumer(settings, topic)
            for topic in (SERIES, WEATHER_OBSERVATIONS, WEATHER_FORECASTS, COMMANDS, RELEASES)
        ]
        self._letters = {
            one.topic: LetterWriter(settings, one, metrics.wrote_letters) for one in self._topics
        }
        self._agents: list[asyncio.Task[None]] = []
        self._is_known = False
        self._mine = False
        self._taking_over: asyncio.Task[None] | None = None
        # Kafka answers one request of a connection after the other: a question beside a reader that
        # waits for messages would wait half a second with it.
        self._asker: Any = None
        self._asking = asyncio.Lock()
        self._asked_ms = NEVER
        self._ends: dict[TopicPartition, int] = {}

    async def start(self) -> None:
        """Read all that there is, and go on reading."""
        began = time.monotonic()
        try:
            self._asker = await retry_async("asking for the weather", self._connect)
            partitions = len(await partitions_of(self._settings, READINGS))
            for topic in self._topics:
                await topic.start()
                self._agents.append(asyncio.create_task(self._agent(topic, partitions)))
            await self._reach(await self._ask())
            for beside in (self.on_duty, self.on_duty.refusals):
                self._agents.append(asyncio.create_task(beside.run()))
            await self._or_failed(self.on_duty.settled())
        except BaseException:
            await self.stop()
            raise
        self._is_known = True
        if self._mine:
            self._taking_over = asyncio.create_task(self._take_over())
        LOG.info(
            "%d weather stations and %d series known, after %.1f s",
            len(self.weather),
            len(self.grid),
            time.monotonic() - began,
        )

    async def stop(self) -> None:
        """Stop reading; what is known stays known."""
        await self._end_takeover()
        for agent in self._agents:
            agent.cancel()
        await asyncio.gather(*self._agents, return_exceptions=True)
        for topic in self._topics:
            await topic.stop()
        if self._asker is not None:
            await self._asker.stop()

    async def caught_up(self, tick_ms: int) -> None:
        """Return when all is known that was on the topics when a tick closed.

        Kafka is asked once a tick, by the partition that comes to it first. What is sent after that
        is late for this tick, in whichever partition.
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
        models = self.on_duty.duty_at(tick.time_ms)
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
        """Say whether it is this worker that writes dead letters about weather and series.

        It does not wait until Kafka has told how far the last writer came: a rebalance would.
        """
        if mine == self._mine:
            return
        self._mine = mine
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
            LOG.exception("no dead letters are written about weather and series")

    async def _end_takeover(self) -> None:
        if self._taking_over is not None:
            self._taking_over.cancel()
            await asyncio.gather(self._taking_over, return_exceptions=True)

    def _agent(self, topic: BroadcastConsumer, partitions: int) -> Coroutine[Any, Any, None]:
        tell, most = self._tell(topic.topic), self._settings.message_bytes
        if topic.topic is SERIES:
            return series(topic.batches(), self.grid, tell, message_bytes=most)
        if topic.topic is RELEASES:
            self._expect_one_partition(topic, "who serves follows from one order")
            known, look = self.on_duty.releases, self.on_duty.look
            return releases(topic.batches(), known, tell, look, message_bytes=most)
        if topic.topic is COMMANDS:
            self._expect_one_partition(topic, "what operators want is done in one order")
            return commands(topic.batches(), self.commands, tell, self._limits(partitions))
        return weather(
            topic.batches(),
            topic.topic,
            self.weather,
            tell,
            bounds=self._bounds,
            message_bytes=most,
        )

    def _expect_one_partition(self, topic: BroadcastConsumer, why: str) -> None:
        if len(topic.done) != 1:
            name = self._settings.topic_prefix + topic.topic.name
            raise UserError(f"{name} has {len(topic.done)} partitions, not 1: {why}")

    def _limits(self, partitions: int) -> CommandLimits:
        return CommandLimits(
            partitions,
            shelve=timedelta(hours=self._settings.shelve_hours),
            ahead=timedelta(milliseconds=self._bounds.ahead_ms),
            message_bytes=self._settings.message_bytes,
        )

    def _tell(self, topic: Topic) -> ReportRefusals:
        async def tell(batch: Batch, refused: Refused) -> None:
            self._metrics.read(topic, len(batch))
            await self._letters[topic].tell(batch, refused)

        return tell

    def _reach_back(self, tick_ms: int) -> None:
        """Read the weather again, for a partition that is further behind than ours were."""
        LOG.info("the weather is read again: a partition is at an earlier tick")
        self.weather.reach_back(tick_ms)
        self._asked_ms = NEVER
        for topic in self._topics:
            if topic.topic in (WEATHER_OBSERVATIONS, WEATHER_FORECASTS):
                topic.go_back(dict.fromkeys(topic.done, 0))

    async def _reach(self, ends: dict[TopicPartition, int]) -> None:
        """Wait until all topics have come so far, or an agent has failed."""
        if all(topic.has(ends) for topic in self._topics) and not self._failed():
            return
        await self._or_failed(asyncio.gather(*(topic.reached(ends) for topic in self._topics)))

    async def _or_failed(self, what: Awaitable[Any]) -> None:
        """Wait for something, unless an agent fails meanwhile."""
        waiting = asyncio.ensure_future(what)
        await asyncio.wait({waiting, *self._agents}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        for agent in self._failed():
            agent.result()

    def _failed(self) -> list[asyncio.Task[None]]:
        return [agent for agent in self._agents if agent.done()]

    async def _ask(self) -> dict[TopicPartition, int]:
        partitions = [partition for topic in self._topics for partition in topic.done]
        ends: dict[TopicPartition, int] = await retry_async(
            "a tick", lambda: self._asker.end_offsets(partitions)
        )
        return ends

    async def _connect(self) -> Any:
        return await connect_offset_client(self._settings, ANSWER_WITHIN_MS)
