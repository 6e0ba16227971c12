"""Twenty releases while a history is replayed: no tick missed, none answered by two models."""

import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from support.consuming import all_of
from support.releases import model_file, release_of

from gridcast.schemas import Forecast, Message, ReadingFrame, Release, Rung, Topic
from gridcast.schemas.topics import FORECASTS, READINGS, RELEASES
from gridcast.stream.kafka import producer_options
from gridcast.stream.settings import Settings
from gridcast.stream.topics import TopicAdmin

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
BEFORE, RELEASED = 30, 20
"""Hours until the network has a window; and hours, each with a release of its own."""
FRAMES = {f"f-{number}": [f"m-{number}a", f"m-{number}b"] for number in range(6)}
WITHIN_S = 180.0


@pytest.fixture
def settings(kafka: str, tmp_path: Path) -> Settings:
    own = Settings(
        broker=kafka, topic_prefix=f"{uuid4().hex[:8]}.", partitions=2, cache_dir=tmp_path / "cache"
    )
    admin = TopicAdmin(own)
    admin.create(admin.look().missing)
    return own


@pytest.fixture
def worker(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """Run a worker of hourly steps; gives its log."""
    log = tmp_path / "worker.log"
    chosen = {
        "GRIDCAST_STEP_MINUTES": "60",
        "GRIDCAST_LEVELS": "0.05,0.5,0.95",
        "GRIDCAST_CLOCK": "replay",
        "GRIDCAST_CACHE_DIR": str(settings.cache_dir),
    }
    words = ["worker", "--broker", settings.broker, "--topic-prefix", settings.topic_prefix]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "gridcast", *words],
            cwd=tmp_path,
            env=os.environ | chosen,
            stdout=out,
            stderr=out,
        )
    yield log
    process.terminate()
    process.wait(30)


def send(settings: Settings, topic: Topic, *messages: Message) -> None:
    producer = Producer(producer_options(settings) | {"linger.ms": 0})
    for one in messages:
        producer.produce(settings.topic_prefix + topic.name, one.to_bytes(), one.key)
    assert producer.flush(60) == 0


def hour(number: int) -> list[Message]:
    """Make the readings of one hour: a load that is larger by day."""
    load = 100 + 30 * (8 <= number % 24 < 20)
    at = START + number * HOUR
    return [
        ReadingFrame(frame=frame, time=at, series=series, value=[load, 2 * load])
        for frame, series in FRAMES.items()
    ]


def release(folder: Path, number: int) -> Release:
    """Make a release; every fifth is no good."""
    spread = float("nan") if number % 5 == 4 else 0.1
    data = model_file(f"r{number}", seed=number, spread=spread)
    path = folder / f"r{number}.onnx"
    path.write_bytes(data)
    return release_of(data, f"r{number}", number, url=path.as_uri())


def forecasts(settings: Settings) -> list[Forecast]:
    return [Forecast.from_bytes(one.value()) for one in all_of(settings, FORECASTS.name)]


def wait_for_tick(settings: Settings, tick: datetime, log: Path) -> list[Forecast]:
    """Wait until every series has a forecast of a tick; gives all there are."""
    end = time.monotonic() + WITHIN_S
    everyone = {name for series in FRAMES.values() for name in series}
    while True:
        found = forecasts(settings)
        if {one.series for one in found if one.tick == tick} == everyone:
            return found
        assert time.monotonic() < end, log.read_text()[-3000:]
        time.sleep(0.5)


def test_twenty_releases_are_swapped_between_ticks_and_each_forecast_names_its_own(
    settings: Settings, worker: Path, tmp_path: Path
):
    for number in range(BEFORE):
        send(settings, READINGS, *hour(number))
    wait_for_tick(settings, START + (BEFORE - 1) * HOUR, worker)
    for number in range(RELEASED):
        send(settings, RELEASES, release(tmp_path, number))
        time.sleep(0.3)
        send(settings, READINGS, *hour(BEFORE + number))
    last = START + (BEFORE + RELEASED - 1) * HOUR
    found = wait_for_tick(settings, last, worker)

    answered: dict[datetime, set[str | None]] = defaultdict(set)
    ticks: dict[str, list[datetime]] = defaultdict(list)
    for one in found:
        ticks[one.series].append(one.tick)
        if one.rung is Rung.MODEL:
            answered[one.tick].add(one.release)
            assert one.model in {"small", "box-60"}
    assert {one.partition() for one in all_of(settings, FORECASTS.name)} == {0, 1}
    for series, seen in ticks.items():
        whole = [START + n * MINUTE for n in range((last - START) // MINUTE + 1)]
        assert seen[-1 - RELEASED * 60 :] == whole[-1 - RELEASED * 60 :], series
    of_releases = [START + BEFORE * HOUR + n * MINUTE for n in range((RELEASED - 1) * 60)]
    assert all(len(answered[tick]) == 1 for tick in of_releases)
    who = {release for tick in of_releases for release in answered[tick]}
    assert len(who) > 10, who
    assert not who & {"r4", "r9", "r14", "r19"}
    assert "r4: probe: " in worker.read_text()
