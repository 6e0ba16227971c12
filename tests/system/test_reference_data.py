"""What every worker knows beside the readings, on a real Kafka."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]
from support.sending import AT_ONCE

from gridcast.agents.metrics import Metrics
from gridcast.models.weather import WeatherAsOf
from gridcast.schemas import (
    DeadLetter,
    GridSeries,
    Message,
    Reason,
    Topic,
    WeatherForecast,
    WeatherObservation,
    read,
)
from gridcast.schemas.topics import (
    COMMANDS,
    DEAD_LETTERS,
    SERIES,
    WEATHER_FORECASTS,
    WEATHER_OBSERVATIONS,
)
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.broker import Broker
from gridcast.stream.kafka.config import librdkafka_options, producer_options
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.settings import Settings
from gridcast.stream.worker.reference_data import ReferenceData
from gridcast.units import HOUR_MS

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOON_MS = round(NOON.timestamp() * 1000)
WITHIN_S = 60.0
TOPIC = {
    GridSeries: SERIES,
    WeatherObservation: WEATHER_OBSERVATIONS,
    WeatherForecast: WEATHER_FORECASTS,
}


def count(metrics: Metrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(f"gridcast_{name}_total", labels) or 0


@pytest.fixture
def settings(kafka: str) -> Settings:
    own = Settings(broker=kafka, topic_prefix=f"{uuid4().hex[:8]}.", partitions=2)
    create_topics(own)
    return own


def create_topics(settings: Settings) -> None:
    admin = TopicAdmin(settings)
    admin.create(admin.look().missing)


@asynccontextmanager
async def running(
    settings: Settings, metrics: Metrics | None = None
) -> AsyncIterator[ReferenceData]:
    background = ReferenceData(settings, metrics or Metrics("1", "test"))
    await asyncio.wait_for(background.start(), WITHIN_S)
    try:
        yield background
    finally:
        await asyncio.wait_for(background.stop(), WITHIN_S)


def send(settings: Settings, *messages: Message | tuple[Topic, bytes, bytes | None]) -> None:
    """Send messages, or bytes as they stand with topic and key."""
    producer = Producer(producer_options(settings) | AT_ONCE)
    for one in messages:
        topic, key, value = (
            (TOPIC[type(one)], one.key, one.to_bytes()) if isinstance(one, Message) else one
        )
        producer.produce(settings.topic_prefix + topic.name, value, key)
    assert producer.flush(60) == 0


def observation(hours: float, degrees: float, station: str = "s") -> WeatherObservation:
    time = NOON + hours * HOUR
    return WeatherObservation(
        station=station, time=time, available_at=time + HOUR / 12, temperature_c=degrees
    )


def run(hours: float, *degrees: float, station: str = "s") -> WeatherForecast:
    time = NOON + hours * HOUR
    return WeatherForecast(
        station=station,
        issued_at=time,
        available_at=time + HOUR,
        valid_at=[time + n * HOUR for n in range(len(degrees))],
        temperature_c=list(degrees),
    )


async def temperatures(background: ReferenceData, hours: float, first: float) -> list[float]:
    weather = await asyncio.wait_for(background.weather_at(at(hours)), WITHIN_S)
    answer = weather.as_of(at(first), 4)
    return [] if not answer.stations else answer.values[0, :, 0].tolist()


def at(hours: float) -> int:
    return NOON_MS + round(hours * HOUR_MS)


async def test_a_start_on_empty_topics_is_ready_and_knows_nothing(settings: Settings) -> None:
    async with running(settings) as background:
        assert await temperatures(background, 0, 0) == []
        assert (len(background.grid), len(background.weather)) == (0, 0)


async def test_what_was_there_is_known_at_the_start_and_what_comes_at_the_next_tick(
    settings: Settings,
) -> None:
    metrics = Metrics("1", "test")
    send(settings, observation(0, 10), observation(1, 14), GridSeries(series="m", station="s"))
    async with running(settings, metrics) as background:
        assert background.grid["m"].station == "s"
        assert await temperatures(background, 2, 0) == [10.5, 11.5, 12.5, 13.5]
        send(settings, observation(2, 18), run(2, 20, 24), GridSeries(series="m", station="t"))
        assert await temperatures(background, 3, 1.5) == [16.5, 17.5, 20.5, 21.5]
        assert background.grid["m"].station == "t"
        send(settings, (SERIES, b"m", None))
        await background.caught_up(at(4))
        assert "m" not in background.grid
        for topic, messages in ((SERIES, 3), (WEATHER_OBSERVATIONS, 3), (WEATHER_FORECASTS, 1)):
            assert count(metrics, "messages", topic=topic.name) == messages


async def test_only_the_first_of_a_tick_asks_kafka(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Partitions come to the same tick one after the other; all of them see the same weather."""
    metrics = Metrics("1", "test")
    async with running(settings, metrics) as background:
        send(settings, observation(0, 10), observation(1, 14))
        first = await temperatures(background, 2, 0)
        send(settings, observation(0.5, 30))
        await asyncio.sleep(0.3)
        ask, asked = background._ask, 0

        async def counted() -> dict[TopicPartition, int]:
            nonlocal asked
            asked += 1
            return await ask()

        monkeypatch.setattr(background, "_ask", counted)
        for _ in range(100):
            await background.caught_up(at(2))
        assert asked == 0
        assert first == [10.5, 11.5, 12.5, 13.5]
        await background.weather_at(at(3))
        assert asked == 1
        assert count(metrics, "weather_late") == 1, "it was available at tick 2, and came after it"


async def test_a_second_worker_that_starts_later_sees_the_same_at_every_tick(
    settings: Settings,
) -> None:
    rng = np.random.default_rng(7)
    hours = np.round(rng.uniform(0, 48, 300), 1)
    feed: list[Message] = [observation(hour, round(hour % 24, 1)) for hour in hours]
    feed += [run(hour, *range(40), station="t") for hour in range(0, 48, 6)]
    rng.shuffle(feed)
    async with running(settings) as early:
        for part in range(0, len(feed), 50):
            send(settings, *feed[part : part + 50])
            await asyncio.sleep(0.05)
        async with running(settings) as later:
            for tick in range(0, 60, 3):
                one = (await early.weather_at(at(tick))).as_of(at(tick - 24), 192)
                other = (await later.weather_at(at(tick))).as_of(at(tick - 24), 192)
                assert same(one, other)
                assert tick < 1 or one.stations


def same(one: WeatherAsOf, other: WeatherAsOf) -> bool:
    return one.stations == other.stations and all(
        getattr(one, name).tobytes() == getattr(other, name).tobytes()
        for name in ("values", "observed_ms", "issued_ms", "places")
    )


async def test_what_was_let_go_is_read_again_for_a_partition_that_is_behind(
    settings: Settings,
) -> None:
    send(settings, *(observation(hour, hour % 24) for hour in range(0, 720, 1)))
    metrics = Metrics("1", "test")
    async with running(settings, metrics) as background:
        before = (await background.weather_at(at(24))).as_of(at(0), 96)
        await background.weather_at(at(719))
        background.weather.forget(at(719))
        assert same((await background.weather_at(at(24))).as_of(at(0), 96), before)
    assert count(metrics, "weather_late") == 0


@pytest.mark.parametrize("commit", [True, False], ids=["committed", "given-up"])
async def test_the_end_of_a_transaction_is_an_offset_that_no_message_has(
    settings: Settings, *, commit: bool
) -> None:
    async with running(settings) as background:
        producer = Producer(producer_options(settings) | {"transactional.id": uuid4().hex})
        await asyncio.to_thread(producer.init_transactions, WITHIN_S)
        producer.begin_transaction()
        for one in (observation(0, 10), observation(1, 14)):
            producer.produce(
                settings.topic_prefix + "weather.observations", one.to_bytes(), one.key
            )
        assert producer.flush(60) == 0
        finish = producer.commit_transaction if commit else producer.abort_transaction
        await asyncio.to_thread(finish, WITHIN_S)
        await asyncio.to_thread(wait_until_finished, settings)
        found = await temperatures(background, 2, 0)
    assert found == ([10.5, 11.5, 12.5, 13.5] if commit else [])


def wait_until_finished(settings: Settings) -> None:
    """Kafka confirms the end of a transaction before it has written that to the partitions."""
    options = librdkafka_options(settings) | {"isolation.level": "read_committed"}
    consumer = Consumer(options | {"group.id": "look"})
    partition = TopicPartition(settings.topic_prefix + "weather.observations", 0)
    end = time.monotonic() + WITHIN_S
    while consumer.get_watermark_offsets(partition, 10)[1] < 3:
        assert time.monotonic() < end
        time.sleep(0.02)
    consumer.close()


async def test_a_topic_that_is_not_there_is_said_in_one_line(kafka: str) -> None:
    background = ReferenceData(
        Settings(broker=kafka, topic_prefix="nothing."), Metrics("1", "test")
    )
    with pytest.raises(UserError, match=r"no topic nothing\.meter\.readings: run"):
        await background.start()


async def test_commands_in_several_partitions_would_have_no_order_and_are_refused(
    kafka: str,
) -> None:
    settings = Settings(broker=kafka, topic_prefix=f"{uuid4().hex[:8]}.")
    topic = settings.topic_prefix + COMMANDS.name
    admin = AdminClient(librdkafka_options(settings))
    admin.create_topics([NewTopic(topic, 2, 1)])[topic].result()
    topics = TopicAdmin(settings)
    topics.create(topics.look().missing)
    with pytest.raises(UserError, match=r"load\.commands has 2 partitions, not 1"):
        await ReferenceData(settings, Metrics("1", "test")).start()


# --- dead letters ---------------------------------------------------------------------------------

BAD = (
    (WEATHER_OBSERVATIONS, b"s", b"{"),
    (WEATHER_OBSERVATIONS, b"other", observation(0, 10).to_bytes()),
    (WEATHER_FORECASTS, b"s", None),
    (SERIES, b"m", b'{"series":"m","capacity_kw":-5}'),
    (SERIES, b"a", GridSeries(series="a", parent="b").to_bytes()),
    (SERIES, b"b", GridSeries(series="b", parent="a").to_bytes()),
)
REASONS = [
    Reason.EMPTY,
    Reason.NEGATIVE_CAPACITY,
    Reason.NOT_JSON,
    Reason.OUT_OF_RANGE,
    Reason.WRONG_KEY,
]


async def letters(settings: Settings, expected: int) -> list[Reason]:
    """Wait for so many letters; give the reasons of all that there are then."""
    consumer = Consumer(librdkafka_options(settings) | {"group.id": "letters"})
    topic = settings.topic_prefix + DEAD_LETTERS.name
    consumer.assign([TopicPartition(topic, 0, 0)])
    found: list[Reason] = []
    end = time.monotonic() + WITHIN_S
    patience = 0.5  # for one too many
    while len(found) < expected or (patience := patience - 0.1) > 0:
        assert time.monotonic() < end, f"{len(found)} of {expected}"
        for message in await asyncio.to_thread(consumer.consume, 100, 0.1):
            letter = read(DEAD_LETTERS, message.key(), message.value())
            assert isinstance(letter, DeadLetter)
            found.append(letter.reason)
    consumer.close()
    return sorted(found)


async def test_of_all_workers_one_writes_the_letters(settings: Settings) -> None:
    send(settings, *BAD)
    metrics = Metrics("1", "test")
    async with running(settings), running(settings, metrics) as writer:
        await writer.write_letters(mine=True)
        assert await letters(settings, len(REASONS)) == REASONS
        reason = Reason.NEGATIVE_CAPACITY.value
        assert count(metrics, "dead_letters", topic="grid.series", reason=reason) == 1


async def test_letters_are_written_once_whoever_writes_them(settings: Settings) -> None:
    send(settings, *BAD)
    early = ReferenceData(settings, Metrics("1", "test"))
    await early.write_letters(mine=True)  # a group may give out partitions before all is known
    await early.start()
    async with running(settings) as second:
        assert await letters(settings, len(REASONS)) == REASONS
        await early.write_letters(mine=False)
        # nobody writes this one, when it comes
        send(settings, (WEATHER_FORECASTS, b"s", b"[]"))
        for worker in (early, second):
            await worker.caught_up(at(1))
        assert await letters(settings, len(REASONS)) == REASONS
        await second.write_letters(mine=True)
        all_of_them = sorted([*REASONS, Reason.NOT_AN_OBJECT])
        assert await letters(settings, len(all_of_them)) == all_of_them
    await early.stop()
    async with running(settings) as third:
        await third.write_letters(mine=True)
        assert await letters(settings, len(all_of_them)) == all_of_them


# --- Kafka away -----------------------------------------------------------------------------------


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Broker]:
    """A Kafka of the test's own, which may be stopped and started."""
    broker = Broker(directory=tmp_path / "kafka")
    broker.start()
    yield broker
    broker.stop()


async def test_when_kafka_is_away_a_tick_waits_and_a_stop_does_not(
    own_broker: Broker, tmp_path: Path
) -> None:
    settings = Settings(broker=own_broker.address)
    create_topics(settings)
    send(settings, observation(0, 10))
    async with running(settings) as background:
        await background.caught_up(at(1))
        port = int(own_broker.address.rpartition(":")[2])
        await asyncio.to_thread(own_broker.stop)
        waiting = asyncio.create_task(background.caught_up(at(2)))
        await asyncio.sleep(1.0)
        assert not waiting.done()
        again = Broker(directory=tmp_path / "kafka", port=port)
        await asyncio.to_thread(again.start)
        try:
            send(settings, observation(1, 14))
            await asyncio.wait_for(waiting, WITHIN_S)
            assert await temperatures(background, 3, 0) == [10.5, 11.5, 12.5, 13.5]
        finally:
            await asyncio.to_thread(again.stop)
