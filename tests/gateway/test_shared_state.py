"""The state that gateways share in a real Redis: limits, forecasts, and running without it."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from support.gateway import forecast
from support.redis import RedisServer

from gridcast.gateway import shared_state
from gridcast.gateway.access.identity import Identity
from gridcast.gateway.entries import Entry, KafkaMessage, read_entry
from gridcast.gateway.metrics import GatewayMetrics
from gridcast.gateway.shared_state import SharedState
from gridcast.schemas.gateway import Scope, What
from gridcast.stream.errors import UserError
from gridcast.stream.settings import Settings

ANNA = Identity("anna", "key/anna", frozenset({Scope.READ}), frozenset(), 3, 5)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    return f"{abs(hash(request.node.name))}."


@asynccontextmanager
async def sharing(url: str, prefix: str, **chosen: Any) -> AsyncIterator[SharedState]:
    """Run the shared state of one gateway."""
    settings = Settings(redis_url=url, topic_prefix=prefix, **chosen)
    state = SharedState(settings, GatewayMetrics("1", "r"))
    task = asyncio.create_task(state.run())
    try:
        await until(lambda: state.is_up)
        yield state
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(happened: Callable[[], bool], within_s: float = 60) -> None:
    end = time.monotonic() + within_s
    while not happened():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


def forecast_entry(series: str, minute: int = 0, offset: int = 0) -> Entry:
    value = forecast(series, minute).to_bytes()
    built = read_entry(What.FORECAST, KafkaMessage(0, offset, 0, series.encode(), value), 10_000)
    assert isinstance(built, Entry)
    return built


async def test_the_newest_forecast_of_each_series_is_there_for_a_time(
    server: RedisServer, prefix: str
) -> None:
    client = server.client()
    async with sharing(server.url, prefix, redis_forecast_s=60) as state:
        state.publish([forecast_entry("m-1", minute) for minute in range(3)])
        state.publish([forecast_entry(f"n-{number}") for number in range(1_200)])
        key = f"{prefix}gridcast:forecast:m-1"
        await until(lambda: bool(client.exists(f"{prefix}gridcast:forecast:n-1199")))
        assert client.get(key) == forecast("m-1", 2).to_bytes().decode()
        assert 50 < client.ttl(key) <= 60
        gone = read_entry(What.FORECAST, KafkaMessage(0, 9, 0, b"m-1", None), 10_000)
        assert isinstance(gone, Entry)
        state.publish([gone])
        await until(lambda: not client.exists(key))


async def test_one_gateway_writes_and_another_takes_over_when_it_is_gone(
    server: RedisServer, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_state, "LEASE_MS", 1_500)
    client = server.client()
    async with sharing(server.url, prefix) as second:
        async with sharing(server.url, prefix) as first:
            for state in (first, second):
                state.publish([forecast_entry("m-1")])
            await until(lambda: bool(client.exists(f"{prefix}gridcast:forecast:m-1")))
        client.delete(f"{prefix}gridcast:forecast:m-1")

        def written() -> bool:
            second.publish([forecast_entry("m-1", 1)])
            return bool(client.exists(f"{prefix}gridcast:forecast:m-1"))

        await until(written)


async def test_connections_are_counted_over_all_gateways(server: RedisServer, prefix: str) -> None:
    async with sharing(server.url, prefix) as first, sharing(server.url, prefix) as second:
        assert [await first.add_connection(ANNA, f"c-{number}") for number in range(2)] == [
            True,
            True,
        ]
        assert await second.add_connection(ANNA, "c-2")
        assert not await second.add_connection(ANNA, "c-3")
        await first.remove_connection("c-0")
        assert await second.add_connection(ANNA, "c-3")
    async with sharing(server.url, prefix) as later:
        assert await later.add_connection(ANNA, "c-4")  # those that stopped took theirs with them


async def test_a_gateway_that_was_killed_takes_its_connections_with_it(
    server: RedisServer, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_state, "RENEWED_WITHIN_S", 1.0)
    key = f"{prefix}gridcast:connections:key/anna"
    client = server.client()
    async with sharing(server.url, prefix) as alive:
        assert await alive.add_connection(ANNA, "mine")
        client.zadd(key, {"of-the-dead-1": time.time() + 1, "of-the-dead-2": time.time() + 1})
        assert not await alive.add_connection(ANNA, "another")
        end = time.monotonic() + 60
        while not await alive.add_connection(ANNA, "another"):
            assert time.monotonic() < end
            await asyncio.sleep(0.1)
        assert sorted(client.zrange(key, 0, -1)) == ["another", "mine"]


async def test_requests_are_counted_over_all_gateways(server: RedisServer, prefix: str) -> None:
    async with sharing(server.url, prefix) as first, sharing(server.url, prefix) as second:
        answers = []
        for _ in range(8):
            answers += [await first.allow_request(ANNA), await second.allow_request(ANNA)]
    # The minute may have turned meanwhile.
    assert 5 <= answers.count(True) <= 10


async def test_without_redis_a_gateway_runs_degraded_and_recovers(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        async with sharing(server.url, "") as state:
            assert state.degraded == []
            server.stop()
            await until(lambda: not state.is_up)
            assert state.degraded == [
                "Redis does not answer: limits are counted by each gateway alone"
            ]
            assert await state.add_connection(ANNA, "c-1")
            assert await state.allow_request(ANNA)
            state.publish([forecast_entry("m-1")])
            server.start()
            await until(lambda: state.is_up)
            await until(lambda: bool(server.client().exists("gridcast:forecast:m-1")))

            # What came in while it was away is counted as soon as it is back.
            def members() -> object:
                return server.client().zrange("gridcast:connections:key/anna", 0, -1)

            await until(lambda: members() == ["c-1"])


async def test_a_redis_that_hangs_delays_nobody(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        async with sharing(server.url, "") as state:
            assert server.process is not None
            server.process.send_signal(signal.SIGSTOP)
            began = time.monotonic()
            assert await state.add_connection(ANNA, "c-1")
            assert time.monotonic() - began < 10
            # Once it is known that nobody answers, nobody is asked.
            async with asyncio.timeout(10):
                for number in range(100):
                    assert await state.add_connection(ANNA, f"d-{number}")
                    await state.remove_connection(f"d-{number}")
            server.process.send_signal(signal.SIGCONT)
            await until(lambda: state.is_up)


async def test_without_a_redis_url_nothing_is_degraded() -> None:
    state = SharedState(Settings(), GatewayMetrics("1", "r"))
    await state.run()
    assert state.degraded == []
    assert await state.add_connection(ANNA, "c-1")


def test_an_invalid_address_is_one_clear_error() -> None:
    with pytest.raises(UserError, match="redis_url"):
        SharedState(Settings(redis_url="http://nowhere"), GatewayMetrics("1", "r"))
