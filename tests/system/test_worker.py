"""A worker on a real Kafka: every record is used or a dead letter, and nothing is done twice."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from support.consuming import all_of, committed

from gridcast.schemas import DeadLetter, Forecast, Reading, ReadingFrame, Reason, read
from gridcast.schemas.topics import DEAD_LETTERS, FORECASTS, READINGS
from gridcast.stream.kafka.config import group, librdkafka_options, producer_options
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.settings import Settings

PARTITIONS = 3
WITHIN_S = 120.0


@pytest.fixture
def settings(kafka: str, tmp_path: Path) -> Settings:
    """A deployment of the test's own on the common Kafka."""
    prefix = f"{uuid4().hex[:8]}."
    own = Settings(
        broker=kafka, topic_prefix=prefix, partitions=PARTITIONS, cache_dir=tmp_path / "cache"
    )
    admin = TopicAdmin(own)
    admin.create(admin.look().missing)
    return own


@pytest.fixture
def start_worker(
    settings: Settings, tmp_path: Path
) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Start workers; those that still run at the end are ended."""
    workers: list[subprocess.Popen[bytes]] = []

    def start(**settings_: str) -> subprocess.Popen[bytes]:
        command = ["worker", "--broker", settings.broker, "--topic-prefix", settings.topic_prefix]
        log = (tmp_path / f"worker-{len(workers)}.log").open("wb")
        environment = os.environ | {"GRIDCAST_CACHE_DIR": str(settings.cache_dir)}
        environment |= {f"GRIDCAST_{name.upper()}": value for name, value in settings_.items()}
        with log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "gridcast", *command],
                cwd=tmp_path,
                env=environment,
                stderr=log,
                stdout=log,
            )
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        if worker.poll() is None:
            worker.kill()
        worker.wait()


def send(settings: Settings, records: list[tuple[bytes | None, bytes | None]]) -> None:
    producer = Producer(producer_options(settings))
    for key, value in records:
        producer.produce(settings.topic_prefix + READINGS.name, key=key, value=value)
        producer.poll(0)
    assert producer.flush(60) == 0


def good_and_bad(count: int) -> tuple[list[tuple[bytes | None, bytes | None]], Counter[str]]:
    """Readings and frames of the last hour, every hundredth of them bad in one way or another."""
    start = datetime.now(UTC) - timedelta(hours=1)
    bad = {
        Reason.NOT_JSON: b"\xff{",
        Reason.EMPTY: b"",
        Reason.MISSING_FIELD: b'{"series":"m"}',
        Reason.NOT_AN_OBJECT: b"[1]",
    }
    records: list[tuple[bytes | None, bytes | None]] = []
    expected: Counter[str] = Counter()
    for number in range(count):
        if number % 100 == 99:
            reason = list(bad)[number // 100 % len(bad)]
            records.append((f"bad-{number}".encode(), bad[reason]))
            expected[reason] += 1
            continue
        time_ = start + timedelta(milliseconds=number)
        message: Reading | ReadingFrame = Reading(series=f"m-{number % 40}", time=time_, value=1.5)
        if number % 10 == 0:
            message = ReadingFrame(frame="f-1", time=time_, series=["a", "b"], value=[1, 2])
        records.append((message.key, message.to_bytes()))
    return records, expected


def wait_until_worked_off(settings: Settings) -> int:
    """Return how many messages there were, once the group has acknowledged all of them."""
    topic = settings.topic_prefix + READINGS.name
    partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    options = librdkafka_options(settings) | {"group.id": group(settings)}
    consumer = Consumer(options)
    try:
        end = time.monotonic() + WITHIN_S
        while True:
            ends = sum(consumer.get_watermark_offsets(each, 10)[1] for each in partitions)
            done = sum(max(offset, 0) for offset in committed(consumer, partitions))
            if done == ends:
                return ends
            assert time.monotonic() < end, f"{done} of {ends} worked off after {WITHIN_S} s"
            time.sleep(0.2)
    finally:
        consumer.close()


def dead_letters(settings: Settings, count: int) -> list[DeadLetter]:
    """Wait for so many, and give all: Kafka shows them a moment after it has confirmed them."""
    end = time.monotonic() + WITHIN_S
    while len(letters := _dead_letters(settings)) < count:
        assert time.monotonic() < end, f"{len(letters)} of {count} dead letters"
        time.sleep(0.2)
    return letters


def _dead_letters(settings: Settings) -> list[DeadLetter]:
    letters = []
    for message in all_of(settings, DEAD_LETTERS.name):
        letter = read(DEAD_LETTERS, message.key(), message.value())
        assert isinstance(letter, DeadLetter), letter
        letters.append(letter)
    return letters


def test_every_record_is_used_or_a_dead_letter_with_its_bytes_and_place(
    settings: Settings, start_worker: Callable[[], subprocess.Popen[bytes]]
) -> None:
    records, expected = good_and_bad(3000)
    send(settings, records)
    worker = start_worker()
    assert wait_until_worked_off(settings) == len(records)
    letters = dead_letters(settings, expected.total())
    assert Counter(letter.reason for letter in letters) == expected
    sent = dict(records)
    assert all(letter.original == sent[letter.original_key] for letter in letters)
    places = {(letter.topic, letter.partition, letter.offset) for letter in letters}
    assert len(places) == len(letters)
    assert {letter.topic for letter in letters} == {settings.topic_prefix + READINGS.name}

    worker.send_signal(signal.SIGTERM)
    assert worker.wait(WITHIN_S) == 0, "a worker that is asked to stop ends well"


def test_a_worker_that_is_started_again_goes_on_where_the_last_one_stopped(
    settings: Settings, start_worker: Callable[[], subprocess.Popen[bytes]]
) -> None:
    records, expected = good_and_bad(1000)
    send(settings, records)
    first = start_worker()
    wait_until_worked_off(settings)
    first.send_signal(signal.SIGTERM)
    assert first.wait(WITHIN_S) == 0
    send(settings, records)
    start_worker()
    assert wait_until_worked_off(settings) == 2 * len(records)
    found = Counter(letter.reason for letter in dead_letters(settings, 2 * expected.total()))
    assert found == expected + expected


def test_a_state_of_other_settings_is_refused_in_one_line_that_names_them(
    settings: Settings, start_worker: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    send(settings, good_and_bad(100)[0])
    first = start_worker()
    wait_until_worked_off(settings)
    first.send_signal(signal.SIGTERM)
    assert first.wait(WITHIN_S) == 0
    other = start_worker(step_minutes="30")
    assert other.wait(WITHIN_S) == 2
    last = (tmp_path / "worker-1.log").read_text().splitlines()[-1]
    assert last.startswith("gridcast: ")
    assert "step_minutes 15, but the setting is 30" in last


def test_every_series_is_forecast_at_every_tick_and_each_forecast_is_seen_once(
    settings: Settings, start_worker: Callable[..., subprocess.Popen[bytes]]
) -> None:
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=1)
    records: list[tuple[bytes | None, bytes | None]] = []
    for minute in range(30):
        for number in range(20):
            time_ = start + timedelta(minutes=minute)
            message = Reading(series=f"m-{number}", time=time_, value=1.5 + number)
            records.append((message.key, message.to_bytes()))
    send(settings, records)
    start_worker(clock="replay")
    wait_until_worked_off(settings)
    # The first tick closes with the first reading: what it was made from is one reading each.
    wanted = {
        (f"m-{number}", start + timedelta(minutes=minute))
        for number in range(20)
        for minute in range(1, 30)
    }
    end = time.monotonic() + WITHIN_S
    while True:  # Kafka shows them a moment after it has confirmed them
        messages = all_of(settings, FORECASTS.name)
        found = [read(FORECASTS, one.key(), one.value()) for one in messages]
        forecasts = [one for one in found if isinstance(one, Forecast)]
        assert len(forecasts) == len(found)
        places = Counter((one.series, one.tick) for one in forecasts)
        if wanted <= set(places):
            break
        assert time.monotonic() < end, sorted(wanted - set(places))
        time.sleep(0.2)
    assert set(places.values()) == {1}
    last = [one for one in forecasts if one.tick == start + timedelta(minutes=29)]
    for one in last:
        level = 1.5 + int(one.series[2:])
        assert one.quantiles[one.levels.index(0.5)][0] == pytest.approx(level, abs=0.01)
        assert (one.step_minutes, len(one.quantiles[0])) == (15, 96)


def test_a_worker_without_its_topics_says_so_in_one_line(kafka: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gridcast", "worker", "--broker", kafka, "--topic-prefix", "none."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert done.returncode == 2
    assert "gridcast topics create" in done.stderr
    assert len(done.stderr.splitlines()) == 1
