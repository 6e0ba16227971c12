"""Readings that are watched, on a real Kafka: faults become alarms with their causes, each once."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from confluent_kafka import Producer
from support.consuming import all_of

from gridcast.schemas import (
    Action,
    Alarm,
    AlarmChange,
    AlarmKind,
    Command,
    GridSeries,
    Message,
    ReadingFrame,
    Topic,
)
from gridcast.schemas.topics import ALARMS, READINGS, SERIES
from gridcast.stream.alarm_desk import AlarmDesk
from gridcast.stream.kafka import producer_options
from gridcast.stream.settings import Settings
from gridcast.stream.topics import TopicAdmin

START = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
METERS = 24
FEEDERS = {f"f-{f}": [f"m-{f}-{number}" for number in range(METERS)] for f in range(3)}
SETTLED = 24 * 60 + 15
"""Minutes by which it is known what is usual."""
WITHIN_S = 180.0

Spoil = Callable[[int, str, np.ndarray], np.ndarray | None]
"""Spoils a feeder's readings of a minute; None: none come."""


class Site:
    """A deployment of its own, its worker, and what is sent to it."""

    def __init__(self, kafka: str, folder: Path) -> None:
        self.folder = folder
        self.settings = Settings(
            broker=kafka,
            topic_prefix=f"{uuid4().hex[:8]}.",
            partitions=1,
            cache_dir=folder / "cache",
        )
        admin = TopicAdmin(self.settings)
        admin.create(admin.look().missing)
        self.workers: list[subprocess.Popen[bytes]] = []
        self.send(
            SERIES,
            [
                GridSeries(series=meter, parent=feeder, capacity_kw=20)
                for feeder, meters in FEEDERS.items()
                for meter in meters
            ],
        )

    def start_worker(self) -> subprocess.Popen[bytes]:
        settings = self.settings
        words = ["worker", "--broker", settings.broker, "--topic-prefix", settings.topic_prefix]
        chosen = {
            "GRIDCAST_CLOCK": "replay",
            "GRIDCAST_MODEL": "none",
            "GRIDCAST_HORIZON_HOURS": "2",
            "GRIDCAST_CACHE_DIR": str(settings.cache_dir),
        }
        with (self.folder / f"worker-{len(self.workers)}.log").open("wb") as log:
            self.workers.append(
                subprocess.Popen(
                    [sys.executable, "-m", "gridcast", *words],
                    cwd=self.folder,
                    env=os.environ | chosen,
                    stdout=log,
                    stderr=log,
                )
            )
        return self.workers[-1]

    def send(self, topic: Topic, messages: list[Message]) -> None:
        producer = Producer(producer_options(self.settings))
        name = self.settings.topic_prefix + topic.name
        for one in messages:
            producer.produce(name, one.to_bytes(), one.key)
        assert producer.flush(60) == 0

    def minutes(self, first: int, last: int, spoil: Spoil = lambda _, __, value: value) -> None:
        """Send a frame of each feeder and minute."""
        frames: list[Message] = []
        for minute in range(first, last):
            for place, (feeder, meters) in enumerate(FEEDERS.items()):
                usual = np.random.default_rng((minute, place)).normal(2, 0.2, METERS).round(3)
                value = spoil(minute, feeder, usual)
                if value is not None:
                    at = START + minute * MINUTE
                    frames.append(
                        ReadingFrame(frame=feeder, time=at, series=meters, value=value.tolist())
                    )
        self.send(READINGS, frames)

    def alarms(self) -> list[Alarm]:
        """Give all that happened to alarms, as consumers see it that read committed."""
        return [Alarm.from_bytes(each.value()) for each in all_of(self.settings, ALARMS.name)]

    def wait_for(self, happened: Callable[[list[Alarm]], bool], what: str) -> list[Alarm]:
        end = time.monotonic() + WITHIN_S
        while not happened(found := self.alarms()):
            shown = [(one.alarm, one.change.value) for one in found]
            assert time.monotonic() < end, f"not within {WITHIN_S} s: {what}: {shown}"
            time.sleep(0.3)
        return found


@pytest.fixture
def new_site(kafka: str, tmp_path: Path) -> Iterator[Callable[[], Site]]:
    sites: list[Site] = []

    def new() -> Site:
        folder = tmp_path / f"site-{len(sites)}"
        folder.mkdir()
        sites.append(Site(kafka, folder))
        return sites[-1]

    yield new
    for site in sites:
        for worker in site.workers:
            if worker.poll() is None:
                worker.kill()
            worker.wait()


def faults(minute: int, feeder: str, value: np.ndarray) -> np.ndarray | None:
    """Spoil what is usual: a spike, a value that stays, a wrong unit; then a feeder dies."""
    since = minute - SETTLED
    if feeder == "f-0" and since == 5:
        value[3] = 15.0
    if feeder == "f-0" and 20 <= since < 50:
        value[4] = 2.034
    if feeder == "f-1" and 40 <= since < 43:
        value[5] *= 1000
    if feeder == "f-2" and 60 <= since < 90:
        return None
    return value


def test_faults_become_alarms_with_their_causes_and_a_dead_feeder_is_one(
    new_site: Callable[[], Site],
):
    site = new_site()
    site.minutes(0, SETTLED + 150, faults)
    site.start_worker()
    found = site.wait_for(
        lambda alarms: any(one.series == "f-2" and not one.active for one in alarms),
        "the feeder lives again",
    )
    raised = [one for one in found if one.change is AlarmChange.RAISED]
    told = {(one.kind, one.series): one for one in raised}
    assert set(told) == {
        (AlarmKind.SPIKE, "m-0-3"),
        (AlarmKind.FLATLINE, "m-0-4"),
        (AlarmKind.UNIT, "m-1-5"),
        (AlarmKind.GAP, "f-2"),
    }
    assert len(raised) == len(told), "none is told twice"
    spike = told[AlarmKind.SPIKE, "m-0-3"]
    assert spike.cause == "meter fault, or an event at this place alone"
    assert spike.measured == 15.0
    assert spike.expected == pytest.approx(2, abs=0.2)
    assert told[AlarmKind.FLATLINE, "m-0-4"].cause == "meter fault"
    assert told[AlarmKind.UNIT, "m-1-5"].cause == "wrong unit at the meter or the head-end"
    dead = told[AlarmKind.GAP, "f-2"]
    assert dead.cause == "communication gap, or the feeder is dead"
    assert dead.text == f"{METERS} of the {METERS} series of f-2 are silent"
    begun = START + (SETTLED + 60) * MINUTE
    assert timedelta() < dead.raised_at - begun <= 5 * MINUTE
    assert {one.alarm for one in found if not one.active} == {one.alarm for one in raised}


def storm(minute: int, feeder: str, value: np.ndarray) -> np.ndarray | None:
    """Meter after meter goes wrong: nine of each feeder within half an hour."""
    since = minute - SETTLED
    number = since // 3
    if since >= 0 and since % 3 == 0 and number < 9:
        value[number] = 15.0
    return value


def test_killed_in_the_middle_of_a_storm_none_is_lost_none_raised_twice_and_seen_stays_seen(
    new_site: Callable[[], Site],
):
    calm, killed = new_site(), new_site()
    middle, end = SETTLED + 10, SETTLED + 90
    for site in (calm, killed):
        site.minutes(0, middle, storm)
    worker = killed.start_worker()
    first = killed.wait_for(bool, "the first of the storm")[0]
    assert first.kind is AlarmKind.SPIKE
    AlarmDesk(killed.settings).send(
        Command(command="c-1", alarm=first.alarm, action=Action.ACKNOWLEDGE, by="anna", at=START)
    )
    killed.wait_for(lambda found: any(one.acknowledged_by for one in found), "anna has seen it")
    before = len(killed.alarms())
    for minute in range(middle, end, 5):
        killed.minutes(minute, minute + 5, storm)
        if minute == middle + 5:
            killed.wait_for(lambda found: len(found) > before, "the storm goes on")
            worker.kill()
            worker.wait()
    killed.start_worker()
    calm.minutes(middle, end, storm)
    calm.start_worker()

    def is_over(found: list[Alarm]) -> bool:
        newest = {one.alarm: one for one in found}
        return len(newest) > 1 and not any(one.active for one in newest.values())

    wanted = calm.wait_for(is_over, "the end of the storm")
    found = killed.wait_for(is_over, "the end of the storm, after the kill")
    assert any(one.kind is AlarmKind.FLOOD for one in wanted), "it is a storm"
    acknowledged = [one for one in found if one.change is AlarmChange.ACKNOWLEDGED]
    assert [one.alarm for one in acknowledged] == [first.alarm]
    assert happened(found) == happened(wanted)
    later = [one for one in found[found.index(acknowledged[0]) :] if one.alarm == first.alarm]
    assert later[-1].change is AlarmChange.CLEARED
    assert {one.acknowledged_by for one in later} == {"anna"}


def happened(found: list[Alarm]) -> list[tuple[str, AlarmChange, datetime, str]]:
    return [
        (one.alarm, one.change, one.changed_at, one.text)
        for one in found
        if one.change is not AlarmChange.ACKNOWLEDGED
    ]
