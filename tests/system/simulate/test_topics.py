"""`gridcast simulate --to-topics` on a real Kafka."""

import os
import re
import signal
import subprocess
import time
from collections import Counter
from contextlib import suppress
from uuid import uuid4

import pytest
from aiokafka.partitioner import DefaultPartitioner
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from support.processes import GRIDCAST
from support.times import ms

from gridcast.models.simulator import FAULTS, Arrivals, Simulation, build_grid, spread_series
from gridcast.schemas.quality import Quality
from gridcast.schemas.reading import Reading, ReadingFrame
from gridcast.schemas.series import GridSeries
from gridcast.schemas.topics import READINGS, SERIES, WEATHER_FORECASTS, WEATHER_OBSERVATIONS, Topic
from gridcast.schemas.weather import WeatherForecast, WeatherObservation
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.recording.reading_writer import ReadingWriter
from gridcast.stream.settings import Settings

START = "2024-05-01T10:00:00Z"
HOURS = 3
Facts = Counter[tuple[str, int, float, int, int]]


@pytest.fixture
def site(kafka: str) -> Settings:
    """A deployment of its own on the shared Kafka, its topics made."""
    settings = Settings(broker=kafka, topic_prefix=f"{uuid4().hex[:8]}.", partitions=3)
    admin = TopicAdmin(settings)
    admin.create(admin.look().missing)
    return settings


def simulate(site: Settings, *flags: str) -> subprocess.Popen[str]:
    where = ("--to-topics", "--broker", site.broker, "--topic-prefix", site.topic_prefix)
    what = ("--series", "60", "--faults", "storm", "--from", START)
    return subprocess.Popen(
        [*GRIDCAST, "simulate", *where, *what, *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finished(process: subprocess.Popen[str]) -> str:
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said
    return said


def value_of(message: Message) -> bytes:
    value = message.value()
    assert value is not None
    return value


def everything(site: Settings, topic: Topic) -> list[Message]:
    """Read a topic from beginning to end, in the order of each partition."""
    consumer = Consumer(
        {"bootstrap.servers": site.broker, "group.id": "test", "enable.auto.commit": False}
    )
    name = site.topic_prefix + topic.name
    try:
        found = []
        for number in consumer.list_topics(name).topics[name].partitions:
            _, end = consumer.get_watermark_offsets(TopicPartition(name, number))
            consumer.assign([TopicPartition(name, number, 0)])
            here: list[Message] = []
            while len(here) < end:
                here += consumer.consume(min(10_000, end - len(here)), timeout=10)
            found += here
    finally:
        consumer.close()
    return found


def wait_for_readings(site: Settings) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        with suppress(KafkaException):  # a topic made a moment ago may have no leader yet
            if everything(site, READINGS):
                return
        time.sleep(0.2)
    pytest.fail("no reading came within 120 s")


def expected() -> Arrivals:
    grid = build_grid(1, "DE", spread_series(60))
    simulation = Simulation(grid, 1, 60, FAULTS["storm"])
    begin = ms(START.removesuffix("Z"))
    chunks = simulation.chunks(begin, begin + HOURS * 3_600_000)
    return Arrivals.join([chunk.arrivals for chunk in chunks])


def expected_messages() -> list[tuple[bytes, bytes]]:
    return list(ReadingWriter(build_grid(1, "DE", spread_series(60)).ids).write(expected()))


def test_all_that_is_simulated_arrives_in_order(site: Settings) -> None:
    said = finished(simulate(site, "--days", str(HOURS / 24), "--speed", "max"))
    wanted = expected_messages()
    found = everything(site, READINGS)
    assert f"{len(wanted):,} readings" in said
    pairs = [(one.key(), one.value()) for one in found]
    assert Counter(pairs) == Counter(wanted)
    for key in {key for key, _ in wanted}:
        assert [pair for pair in pairs if pair[0] == key] == [p for p in wanted if p[0] == key]
    for one in found[:500]:
        assert Reading.from_bytes(value_of(one)).to_bytes() == one.value()


def test_keys_go_to_the_partitions_that_java_and_aiokafka_choose(site: Settings) -> None:
    finished(simulate(site, "--days", "0.01", "--speed", "max"))
    partitioner, numbers = DefaultPartitioner(), [0, 1, 2]
    found = everything(site, READINGS)
    assert {one.partition() for one in found} == set(numbers)
    for one in found:
        assert one.partition() == partitioner(one.key(), numbers, numbers)


def test_series_are_declared_and_weather_is_published_as_it_becomes_known(site: Settings) -> None:
    finished(simulate(site, "--days", str(HOURS / 24), "--speed", "max"))
    declared = [GridSeries.from_bytes(value_of(one)) for one in everything(site, SERIES)]
    assert [one.series for one in declared] == build_grid(1, "DE", spread_series(60)).ids

    observed = [
        WeatherObservation.from_bytes(value_of(m)) for m in everything(site, WEATHER_OBSERVATIONS)
    ]
    available = [one.available_at for one in observed]
    assert available == sorted(available)
    assert sum(one.time.hour in range(10, 13) for one in observed) == HOURS * 6

    runs = [WeatherForecast.from_bytes(value_of(m)) for m in everything(site, WEATHER_FORECASTS)]
    assert runs, "a consumer that begins now has a forecast to begin with"
    assert all((run.valid_at[-1] - run.available_at).total_seconds() >= 48 * 3600 for run in runs)


def test_frames_hold_the_same_readings(site: Settings) -> None:
    finished(simulate(site, "--days", str(HOURS / 24), "--speed", "max", "--frames"))
    parents = {one.series: one.parent for one in build_grid(1, "DE", spread_series(60)).series}
    found: Facts = Counter()
    messages = everything(site, READINGS)
    for one in messages:
        frame = ReadingFrame.from_bytes(value_of(one))
        assert one.key() == frame.frame.encode()
        assert all(frame.frame in {name, parents[name]} for name in frame.series)
        begin = round(frame.time.timestamp() * 1000)
        count = len(frame.series)
        found.update(
            zip(
                frame.series,
                [begin + offset for offset in frame.offset_ms or [0] * count],
                frame.value,
                [int(code) for code in frame.quality or [Quality(0)] * count],
                frame.revision or [0] * count,
                strict=True,
            )
        )
    assert found == facts(expected())
    assert len(messages) < found.total() / 4


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_loses_nothing_and_can_go_on(site: Settings, how: signal.Signals) -> None:
    with simulate(site, "--days", str(HOURS / 24), "--speed", "120") as process:
        try:
            wait_for_readings(site)
        finally:
            os.kill(process.pid, how)
        said = finished(process)
    assert said.startswith("stopped: ")
    sent = everything(site, READINGS)
    assert re.search(rf"^{len(sent):,} readings on ", said, re.MULTILINE)
    assert 0 < len(sent) < len(expected())

    left = re.search(r"--arriving-from \S+", said)
    assert left is not None
    finished(simulate(site, "--days", str(HOURS / 24), "--speed", "max", *left[0].split()))
    pairs = [(one.key(), one.value()) for one in everything(site, READINGS)]
    assert Counter(pairs) == Counter(expected_messages())


def test_without_topics_there_is_one_clear_line(kafka: str) -> None:
    nowhere = Settings(broker=kafka, topic_prefix="nobody-made-these.")
    process = simulate(nowhere, "--days", "1")
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 2
    assert said.strip() == (
        f"gridcast: Kafka at {kafka} has no topic nobody-made-these.grid.series;"
        " `gridcast topics create` makes it"
    )


def facts(arrivals: Arrivals) -> Facts:
    ids = build_grid(1, "DE", spread_series(60)).ids
    return Counter(
        zip(
            [ids[number] for number in arrivals.series.tolist()],
            arrivals.time_ms.tolist(),
            arrivals.value.tolist(),
            arrivals.quality.tolist(),
            arrivals.revision.tolist(),
            strict=True,
        )
    )
