"""One worker: the Faust app, and the partitions that it has in its hands."""

import logging
import logging.config
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import faust
from faust.types import TP

from gridcast.agents.held import Held, OnTick, Terms
from gridcast.agents.readings import Hands, readings
from gridcast.agents.table import Output
from gridcast.models.partition import Partition, Tick
from gridcast.models.tick import TickForecaster
from gridcast.models.windows import WindowSpec
from gridcast.schemas import TimeBounds
from gridcast.schemas.topics import FORECASTS, READINGS
from gridcast.stream.app import make_app, topic_of
from gridcast.stream.kafka import group
from gridcast.stream.logs import Level, configuration
from gridcast.stream.own_table import OwnTable
from gridcast.stream.settings import Settings
from gridcast.stream.table import Table
from gridcast.stream.transport import batches

LOG = logging.getLogger("gridcast.worker")
BEAT_S = 1.0
MOST_TABLES = 32
"""So many tables may wait for Kafka at once."""


class Worker:
    """A worker of a deployment's group, in this process.

    Parameters
    ----------
    settings
        What the deployment has chosen.
    on_tick
        What a tick gives out.
    """

    def __init__(self, settings: Settings, on_tick: OnTick) -> None:
        self.settings = settings
        self.app = make_app(settings)
        self.topic = settings.topic_prefix + READINGS.name
        self.terms = terms(settings, on_tick)
        self.hands = Hands(self._hold, self._rewind, self._rejoin)
        self._threads = ThreadPoolExecutor(MOST_TABLES, "table")
        self.app.agent(topic_of(self.app, settings, READINGS), name="readings")(self._readings)
        self.app.timer(BEAT_S)(self._beat)
        connect: Any = self.app.on_partitions_assigned.connect  # typed as if it passed nothing
        connect(self._on_assigned, weak=False)

    @property
    def _consumer(self) -> Any:
        return self.app.consumer

    def _hold(self, number: int) -> Held:
        table = Table(self.settings, number)
        place = TP(self.topic, number)
        return Held(
            OwnTable(
                table,
                self.settings.topic_prefix,
                self._threads,
                lambda offset: self._consumer.acknowledge(place, offset),
            ),
            self.terms,
        )

    async def _rewind(self, number: int, offset: int) -> int:
        start: int = await self._consumer.rewind(TP(self.topic, number), offset)
        return start

    def _rejoin(self) -> None:
        self._consumer.rejoin()

    async def _readings(self, stream: Any) -> None:
        try:
            async with aclosing(batches(stream)) as taken:
                await readings(taken, self.hands)
        except Exception as error:
            # Faust would start the agent again, behind what it had in its hands.
            await self.app.crash(error)
            raise

    async def _on_assigned(self, _: Any, assigned: Any, **__: Any) -> None:
        self._consumer.before_revoke = self.hands.save
        numbers = sorted(tp.partition for tp in assigned if tp.topic == self.topic)
        shown = ", ".join(map(str, numbers)) or "none (more workers than partitions)"
        LOG.info("partitions: %s", shown)
        await self.hands.assign(numbers)

    async def _beat(self) -> None:
        settings = self.settings
        now_ms = (time.time() - settings.lateness_s - settings.idle_margin_s) * 1000
        # As long as messages wait, it is for them to say how late it is.
        idle = {
            tp.partition
            for tp, place in self._consumer.standing().items()
            if place.end is not None and place.handed >= place.end
        }
        await self.hands.beat(idle, round(now_ms) if settings.clock == "live" else None)


def terms(settings: Settings, on_tick: OnTick) -> Terms:
    """Give what the agents need of the settings."""
    window = timedelta(days=settings.window_days)
    return Terms(
        spec=WindowSpec(
            settings.step_minutes, settings.window_days, hold_minutes=settings.hold_minutes
        ),
        lateness_ms=round(settings.lateness_s * 1000),
        bounds=TimeBounds(
            ahead_ms=round(settings.future_bound_s * 1000),
            behind_ms=window // timedelta(milliseconds=1),
        ),
        message_bytes=settings.message_bytes,
        on_tick=on_tick,
    )


def forecasts(settings: Settings) -> OnTick:
    """Forecast every series at every tick."""
    spec = terms(settings, lambda *_: ()).spec
    forecaster = TickForecaster(spec, settings.horizon_hours, settings.levels)

    def on_tick(partition: Partition, tick: Tick) -> Iterator[Output]:
        for key, value in forecaster.forecast(partition, tick).messages():
            yield Output(FORECASTS, key, value)

    return on_tick


def run(settings: Settings, log_level: Level) -> None:
    """Run until a signal; what was taken is then worked off, kept, and the group left."""
    worker = Worker(settings, forecasts(settings))
    worker.app.finalize()
    logging.config.dictConfig(configuration(log_level))
    process = faust.Worker(worker.app, loglevel=log_level, logging_config=configuration(log_level))
    LOG.info("worker of group %s at %s", group(settings), settings.broker)
    try:
        process.execute_from_commandline()
    finally:
        LOG.info("stopped")
