"""Scores on a real Kafka: every series and hour, and the same though workers die."""

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from support.consuming import all_of

from gridcast.schemas import ReadingFrame, Score
from gridcast.schemas.topics import READINGS, SCORES
from gridcast.stream.kafka import producer_options
from gridcast.stream.settings import Settings
from gridcast.stream.topics import TopicAdmin

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURS = 40
SERIES = ["a", "b", "c"]
WITHIN_S = 120.0


def deployment(kafka: str, folder: Path) -> Settings:
    """Make a deployment of hourly steps, and send it its readings."""
    own = Settings(
        broker=kafka, topic_prefix=f"{uuid4().hex[:8]}.", partitions=1, cache_dir=folder / "cache"
    )
    admin = TopicAdmin(own)
    admin.create(admin.look().missing)
    producer = Producer(producer_options(own))
    for hour in range(HOURS):
        load = 100 + 30 * (8 <= hour % 24 < 20) + hour % 7
        frame = ReadingFrame(
            frame="f", time=START + hour * HOUR, series=SERIES, value=[load, 2 * load, 3 * load]
        )
        producer.produce(own.topic_prefix + READINGS.name, frame.to_bytes(), frame.key)
    assert producer.flush(60) == 0
    return own


def start(settings: Settings, folder: Path) -> subprocess.Popen:
    chosen = {
        "GRIDCAST_STEP_MINUTES": "60",
        "GRIDCAST_CLOCK": "replay",
        "GRIDCAST_CACHE_DIR": str(settings.cache_dir),
    }
    words = ["worker", "--broker", settings.broker, "--topic-prefix", settings.topic_prefix]
    with (folder / "worker.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "gridcast", *words],
            cwd=folder,
            env=os.environ | chosen,
            stdout=log,
            stderr=log,
        )


def scores(settings: Settings) -> dict[tuple[str, datetime], bytes]:
    """Give the bytes for each series and hour; twice is the same."""
    found: dict[tuple[str, datetime], bytes] = {}
    for message in all_of(settings, SCORES.name):
        score = Score.from_bytes(message.value())
        assert message.key() == score.key
        assert found.setdefault((score.series, score.hour), message.value()) == message.value()
    return found


def wait_for(settings: Settings, count: int, folder: Path) -> dict[tuple[str, datetime], bytes]:
    end = time.monotonic() + WITHIN_S
    while len(found := scores(settings)) < count:
        assert time.monotonic() < end, (folder / "worker.log").read_text()[-3000:]
        time.sleep(0.5)
    return found


@pytest.mark.parametrize("deaths", [0, 2])
def test_every_series_is_scored_for_every_hour_and_a_death_changes_no_byte(
    kafka: str, tmp_path: Path, deaths: int, calm: dict[tuple[str, int], bytes]
):
    settings = deployment(kafka, tmp_path)
    # The newest reading closes its tick five minutes before; an hour is told one slot later.
    hours = HOURS - 2
    for death in range(deaths):
        worker = start(settings, tmp_path)
        wait_for(settings, death * 12 * len(SERIES) + 1, tmp_path)
        worker.kill()
        worker.wait()
    worker = start(settings, tmp_path)
    try:
        found = wait_for(settings, hours * len(SERIES), tmp_path)
    finally:
        worker.terminate()
        worker.wait(60)
    assert {hour for _, hour in found} == {START + number * HOUR for number in range(hours)}
    told = {(series, (hour - START) // HOUR): value for (series, hour), value in found.items()}
    for key, value in told.items():
        assert calm.setdefault(key, value) == value


@pytest.fixture(scope="module")
def calm() -> dict[tuple[str, int], bytes]:
    """What the first of the deployments said."""
    return {}
