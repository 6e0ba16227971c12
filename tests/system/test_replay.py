"""Replay on a real Kafka: the bytes of live and of the backtest; resumable; from live topics."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

import parity
import pytest
from confluent_kafka import Producer
from support.consuming import all_of
from support.parity.material import make_recording as make_history
from support.parity.published import backtested, compare, on_topic, told_of
from support.parity.settings import settings_of
from support.parity.ways import play_again
from support.recordings import DAY, HOUR, MINUTE, START, make_recording
from support.replays import sent

from gridcast.schemas.topics import (
    ALARMS,
    FORECASTS,
    READINGS,
    SCORES,
    SERIES,
    WEATHER_FORECASTS,
    WEATHER_OBSERVATIONS,
)
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.config import producer_options
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.recording import Recording, partition_of
from gridcast.stream.recording.topics import read_topics
from gridcast.stream.replay.feed import RecordedFeed
from gridcast.stream.replay.player import PauseControl, ReplayOutcome, play
from gridcast.stream.replay.sender import Sender, make_topics
from gridcast.stream.replay.tapped import TappedFeed
from gridcast.stream.settings import Settings

PARTITIONS = 3


def deployment(kafka: str, tmp_path: Path) -> Settings:
    prefix = f"{uuid4().hex[:8]}."
    return Settings(broker=kafka, topic_prefix=prefix, partitions=PARTITIONS, cache_dir=tmp_path)


def played(
    settings: Settings, recording: Recording, stop_after: int | None = None
) -> ReplayOutcome:
    """Play at full speed; stop when so many readings were sent."""
    make_topics(settings)
    held, count = PauseControl(Event()), [0]

    def tell(readings: int, until_ms: int) -> None:
        count[0] += readings
        if stop_after is not None and count[0] >= stop_after:
            held.stop.set()

    feed = RecordedFeed(recording, settings.partitions)
    return play(feed, Sender(settings), from_ms=START, speed=None, held=held, tell=tell)


@pytest.fixture
def small() -> Recording:
    return make_recording(series=5, days=2, step=10 * MINUTE)


def test_keys_fall_into_the_partitions_that_kafkas_own_client_chooses(
    kafka: str, tmp_path: Path
) -> None:
    settings = deployment(kafka, tmp_path)
    admin = TopicAdmin(settings)
    admin.create(admin.look().missing)
    producer = Producer(producer_options(settings))
    keys = [f"{'x' * (number % 9)}{number}".encode() for number in range(300)]
    for key in keys:
        producer.produce(settings.topic_prefix + READINGS.name, b"{}", key)
    assert producer.flush(60) == 0
    found = {one.key(): one.partition() for one in all_of(settings, READINGS.name)}
    assert found == {key: partition_of(key, PARTITIONS) for key in keys}


def test_live_replay_and_backtest_tell_the_same_bytes(kafka: str, tmp_path: Path) -> None:
    found: dict[str, Any] = parity.measure(
        kafka, tmp_path, series=6, minutes=60, horizon=1, model="box"
    )
    assert found["forecasts"] > 200
    assert (found["lost"], found["differing"]) == (0, 0)
    live = settings_of(kafka, tmp_path, "live", 1, "box")
    recording, _ = read_topics(live, None, START + 365 * DAY)
    again = compare(on_topic(live), backtested(recording, live))
    assert (again.lost, again.differing) == (0, 0), again.examples


def in_order(settings: Settings, topic: str) -> dict[int, list[tuple[bytes, bytes]]]:
    """Give all that is on a topic, by partition."""
    found: dict[int, list[tuple[bytes, bytes]]] = {}
    for one in all_of(settings, topic):
        found.setdefault(one.partition(), []).append((one.key(), one.value()))
    return found


def test_with_fewer_forecasts_those_the_scores_and_the_alarms_are_the_same_bytes(
    kafka: str, tmp_path: Path
) -> None:
    """Every ten minutes, in slots of 15: what is learned comes from ticks that are not due."""
    make_history(tmp_path / "history", 12, 9 * 60, seed=7)
    whole, few = (settings_of(kafka, tmp_path, name, 1, "box") for name in ("whole", "few"))
    few = few.model_copy(update={"every_minutes": 10})
    for one in (whole, few):
        play_again(tmp_path / "history", one, tmp_path / one.topic_prefix)
    due = {
        number: [
            (key, value)
            for key, value in messages
            if datetime.fromisoformat(told_of(value)[0]).minute % 10 == 0
        ]
        for number, messages in in_order(whole, FORECASTS.name).items()
    }
    assert sum(map(len, due.values())) > 400
    assert in_order(few, FORECASTS.name) == due
    for topic in (SCORES, ALARMS):
        told = in_order(whole, topic.name)
        assert told
        assert in_order(few, topic.name) == told


def test_a_replay_that_was_stopped_goes_on_and_doubles_nothing(
    kafka: str, tmp_path: Path, small: Recording
) -> None:
    whole, broken = deployment(kafka, tmp_path), deployment(kafka, tmp_path)
    played(whole, small)
    first = played(broken, small, stop_after=len(small.arrivals) // 3)
    assert first.stopped
    assert first.readings < len(small.arrivals)
    assert played(broken, small, stop_after=2 * len(small.arrivals) // 3).stopped
    assert not played(broken, small).stopped
    assert sent(broken) == sent(whole)
    assert sum(map(len, sent(whole).values())) == 5 + len(small.weather) + len(small.arrivals)


def test_another_history_is_not_played_behind_the_first(
    kafka: str, tmp_path: Path, small: Recording
) -> None:
    settings = deployment(kafka, tmp_path)
    played(settings, small, stop_after=50)
    other = replace(small, arrivals=replace(small.arrivals, value=small.arrivals.value + 1))
    with pytest.raises(UserError, match="hold another replay"):
        played(settings, other)


def test_nothing_is_played_into_live_topics(kafka: str, tmp_path: Path, small: Recording) -> None:
    settings = deployment(kafka, tmp_path)
    admin = TopicAdmin(settings)
    admin.create(admin.look().missing)
    with pytest.raises(UserError, match="is a live topic"):
        played(settings, small)


def test_a_stretch_of_the_topics_is_read_again_as_it_came(
    kafka: str, tmp_path: Path, small: Recording
) -> None:
    live = deployment(kafka, tmp_path)
    played(live, small)
    from_ms, to_ms = START + 12 * HOUR, START + DAY
    again = deployment(kafka, tmp_path)
    make_topics(again)
    feed = TappedFeed(live, from_ms, from_ms, to_ms)
    assert feed.partitions == PARTITIONS
    held = PauseControl(Event())
    play(feed, Sender(again), from_ms=from_ms, speed=None, held=held, tell=lambda *_: None)
    feed.close()
    before, now = sent(live), sent(again)
    for place, messages in before.items():
        is_reading = place[0] == READINGS.name
        wanted = [
            one
            for one in messages
            if place[0] == SERIES.name or (one[2] < to_ms and (one[2] >= from_ms or not is_reading))
        ]
        assert now.get(place, []) == wanted
    assert {place[0] for place in now} == {
        *(READINGS.name, SERIES.name),
        *(WEATHER_OBSERVATIONS.name, WEATHER_FORECASTS.name),
    }


def test_at_a_speed_event_time_goes_so_many_times_as_fast_and_can_be_held(
    kafka: str, tmp_path: Path, small: Recording
) -> None:
    settings = deployment(kafka, tmp_path)
    make_topics(settings)
    held, moments = PauseControl(Event()), []

    def tell(_: int, until_ms: int) -> None:
        moments.append(until_ms)
        if until_ms >= START + 4 * HOUR:
            held.stop.set()

    feed = RecordedFeed(small, settings.partitions)
    outcome = play(feed, Sender(settings), from_ms=START, speed=3600, held=held, tell=tell)
    # Four hours at an hour a second; the first reading came ten minutes after the start.
    assert 3 <= outcome.seconds <= 60
    assert moments == sorted(moments)
    held.stop.clear()
    held.toggle()
    held.stop.set()
    assert (
        play(feed, Sender(settings), from_ms=START, speed=3600, held=held, tell=tell).readings == 0
    )
