"""The agents of a worker are Faust agents: registered on the app, and seen by its sensors."""

import asyncio
from typing import Any
from unittest.mock import AsyncMock

import faust
import numpy as np
import pytest

from gridcast.agents.batch import Batch
from gridcast.agents.spans import NO_SPANS
from gridcast.schemas import GridSeries
from gridcast.stream.kafka.transport import BatchChannel
from gridcast.stream.settings import Settings
from gridcast.stream.worker.app import make_app
from gridcast.stream.worker.faust_agents import register_broadcast_agent
from gridcast.stream.worker.worker import Worker

WITHIN_S = 10.0
TOPICS = {
    "readings": "meter.readings",
    "series": "grid.series",
    "weather_observations": "weather.observations",
    "weather_forecasts": "weather.forecasts",
    "commands": "load.commands",
    "releases": "model.releases",
}


class Seen(faust.Sensor):
    """Remembers which events it was told of."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[tuple[str, int]] = []
        self.events: list[tuple[str, int]] = []
        self.done: list[tuple[str, int]] = []

    def on_message_in(self, tp: Any, offset: int, *_: Any) -> None:
        self.messages.append((tp.topic, offset))

    def on_stream_event_in(self, tp: Any, offset: int, *_: Any) -> None:
        self.events.append((tp.topic, offset))

    def on_stream_event_out(self, tp: Any, offset: int, *_: Any) -> None:
        self.done.append((tp.topic, offset))


def batch(topic: str, *values: bytes, begin: int = 0) -> Batch:
    offsets = range(begin, begin + len(values))
    keys = [b"m"] * len(values)
    stamps = np.zeros(len(values), np.int64)
    return Batch(topic, 0, begin, begin + len(values), offsets, keys, list(values), stamps)


def topic_of(agent: Any) -> str:
    name: str = agent.channel.get_topic_name()
    return name


@pytest.fixture
def settings(tmp_path: Any) -> Settings:
    return Settings(topic_prefix="it.", cache_dir=tmp_path)


@pytest.fixture
def app(settings: Settings) -> faust.App:
    return make_app(settings, with_headers=False)


def started(agent: Any) -> asyncio.Task[None]:
    """Run an agent's function on its stream, as Faust does."""
    return asyncio.create_task(agent.fun(agent.stream()))


async def test_a_worker_has_six_agents_each_of_a_topic(settings: Settings) -> None:
    worker = Worker(settings, "run", NO_SPANS)
    agents = {name: topic_of(agent) for name, agent in worker.app.agents.items()}
    assert agents == {name: settings.topic_prefix + topic for name, topic in TOPICS.items()}


@pytest.mark.parametrize("name", [name for name in TOPICS if name != "readings"])
async def test_sensors_see_what_a_broadcast_agent_takes(settings: Settings, name: str) -> None:
    worker = Worker(settings, "run", NO_SPANS)
    seen = Seen()
    worker.app.sensors.add(seen)
    worker.reference_data._partitions_future().set_result(4)
    agent = worker.app.agents[name]
    channel, topic = agent.channel, settings.topic_prefix + TOPICS[name]
    assert isinstance(channel, BatchChannel)
    running = started(agent)
    async with asyncio.timeout(WITHIN_S):
        await channel.deliver_batch(batch(topic, b"no json"))
        await channel.deliver_batch(batch(topic, b"no json", b"either", begin=1))
    assert seen.messages == seen.events == seen.done == [(topic, 0), (topic, 1)]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_what_is_delivered_reaches_the_reference_data(settings: Settings) -> None:
    worker = Worker(settings, "run", NO_SPANS)
    agent = worker.app.agents["series"]
    running = started(agent)
    declared = GridSeries(series="m", station="s")
    async with asyncio.timeout(WITHIN_S):
        await agent.channel.deliver_batch(batch("it.grid.series", declared.to_bytes()))
    assert worker.reference_data.grid["m"] == declared
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_rebalance_neither_stops_nor_clears_a_broadcast_agent(app: faust.App) -> None:
    taken: list[int] = []

    async def agent(batches: Any) -> None:
        async for taken_batch in batches:
            taken.append(taken_batch.begin)  # noqa: PERF401 - it has no end

    channel = register_broadcast_agent(app, "numbers", "numbers", agent, AsyncMock())
    running = started(app.agents["numbers"])
    app.flow_control.resume()
    async with asyncio.timeout(WITHIN_S):
        await channel.deliver_batch(batch("numbers", b"a"))
        app.flow_control.suspend()
        app.flow_control.clear()
        await channel.deliver_batch(batch("numbers", b"b", begin=1))
        app.flow_control.resume()
        await channel.deliver_batch(batch("numbers", b"c", begin=2))
    assert taken == [0, 1, 2]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_an_agent_that_fails_ends_the_worker_and_is_not_started_again(app: faust.App) -> None:
    failures: list[Exception] = []

    async def fail(error: Exception) -> None:
        failures.append(error)

    async def agent(batches: Any) -> None:
        async for _ in batches:
            raise ValueError("ours")

    channel = register_broadcast_agent(app, "broken", "broken", agent, fail)
    running = started(app.agents["broken"])
    async with asyncio.timeout(WITHIN_S):
        for _ in range(2):  # whoever waits for the topic hears of it, then and later
            with pytest.raises(ValueError, match="ours"):
                await channel.deliver_batch(batch("broken", b"a"))
    assert [str(error) for error in failures] == ["ours"]
    await asyncio.sleep(0)
    assert not running.done(), "Faust would start an agent that ends again"
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
