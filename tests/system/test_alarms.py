"""Alarms and what operators do about them, on a real Kafka: `gridcast alarms`, workers, kill -9."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from support.consuming import all_of
from support.feeds import break_feed, make_topics

from gridcast.schemas import Action, Alarm, AlarmChange, Command, DeadLetter, Reason
from gridcast.schemas.topics import ALARMS, COMMANDS, DEAD_LETTERS, STATE
from gridcast.stream.alarm_client import AlarmClient
from gridcast.stream.settings import Settings

WITHIN_S = 120.0


@pytest.fixture
def settings(kafka: str, tmp_path: Path) -> Settings:
    """A deployment of the test's own, where readings bear the stamps that they are sent with.

    Feeds are judged by the minutes of Kafka's stamps, and a test has none to wait for.
    """
    own = Settings(
        broker=kafka,
        topic_prefix=f"{uuid4().hex[:8]}.",
        partitions=2,
        cache_dir=tmp_path / "cache",
    )
    make_topics(own)
    return own


@pytest.fixture
def start_worker(
    settings: Settings, tmp_path: Path
) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Start workers; those that still run at the end are ended."""
    workers: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        with (tmp_path / f"worker-{len(workers)}.log").open("wb") as log:
            workers.append(
                subprocess.Popen(command(settings, "worker"), cwd=tmp_path, stdout=log, stderr=log)
            )
        return workers[-1]

    yield start
    for worker in workers:
        if worker.poll() is None:
            worker.kill()
        worker.wait()


def command(settings: Settings, *words: str) -> list[str]:
    return [
        *(sys.executable, "-m", "gridcast", *words),
        *("--broker", settings.broker, "--topic-prefix", settings.topic_prefix),
    ]


def gridcast(settings: Settings, *words: str, code: int = 0) -> str:
    """Run a command; gives what it says."""
    done = subprocess.run(
        command(settings, *words),
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
        env=os.environ | {"GRIDCAST_CACHE_DIR": str(settings.cache_dir)},
    )
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def wait_for(happened: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + WITHIN_S
    while not happened():
        assert time.monotonic() < end, f"not within {WITHIN_S} s: {what}"
        time.sleep(0.3)


def changes(settings: Settings) -> list[AlarmChange]:
    """Give all that happened to alarms, as consumers see it that read committed."""
    return [Alarm.from_bytes(each.value()).change for each in all_of(settings, ALARMS.name)]


def unknown_alarms(settings: Settings) -> list[DeadLetter]:
    letters = [DeadLetter.from_bytes(each.value()) for each in all_of(settings, DEAD_LETTERS.name)]
    return [letter for letter in letters if letter.reason is Reason.UNKNOWN_ALARM]


def test_an_alarm_is_listed_acknowledged_and_shelved_and_none_of_it_happens_twice(
    settings: Settings, start_worker: Callable[[], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    assert gridcast(settings, "alarms", "list") == "no active alarms\n"
    assert gridcast(settings, "alarms", "list", "--json") == ""
    break_feed(settings, 1)
    worker = start_worker()
    wait_for(lambda: changes(settings) == [AlarmChange.RAISED], "the alarm")
    wait_for(lambda: len({each.partition() for each in all_of(settings, STATE.name)}) == 2, "state")
    (listed,) = gridcast(settings, "alarms", "list", "--json").splitlines()
    alarm = Alarm.from_bytes(listed.encode())
    assert json.loads(listed)["alarm"] == alarm.alarm
    assert alarm.alarm.startswith("feed-broken/meter.readings/1/")
    assert alarm.alarm in gridcast(settings, "alarms", "list")

    said = gridcast(settings, "alarms", "acknowledge", alarm.alarm, "--by", "anna")
    assert said == f"{alarm.alarm} is acknowledged by anna\n"
    said = gridcast(settings, "alarms", "acknowledge", alarm.alarm, "--by", "ben")
    assert said == f"{alarm.alarm} is acknowledged by anna already\n"

    worker.kill()
    worker.wait()
    now = datetime.now(UTC)
    wishes = [
        (alarm.alarm, Action.SHELVE, now + timedelta(hours=2)),
        ("feed-broken/meter.readings/0/2026-01-01T00:00:00Z", Action.ACKNOWLEDGE, None),
        ("feed-broken/meter.readings/7/2026-01-01T00:00:00Z", Action.ACKNOWLEDGE, None),
    ]
    desk = AlarmClient(settings)
    for number, (name, action, until) in enumerate(wishes):
        desk.send(
            Command(command=f"c-{number}", alarm=name, action=action, by="ben", at=now, until=until)
        )
    worker = start_worker()
    done = [AlarmChange.RAISED, AlarmChange.ACKNOWLEDGED, AlarmChange.SHELVED]
    wait_for(lambda: len(changes(settings)) >= len(done), "what was wanted while none ran")
    wait_for(lambda: len(unknown_alarms(settings)) >= 2, "the letters")
    worker.kill()
    worker.wait()
    start_worker()
    log = tmp_path / "worker-2.log"  # the command waits for a worker, not for its start
    wait_for(lambda: "partition 1: taken over" in log.read_text(), "a worker at work")
    said = gridcast(settings, "alarms", "unshelve", alarm.alarm, "--by", "cleo")
    assert said == f"{alarm.alarm} is acknowledged by anna\n"
    assert changes(settings) == [*done, AlarmChange.UNSHELVED]
    letters = unknown_alarms(settings)
    assert sorted(letter.offset for letter in letters) == [2, 3]
    assert {letter.topic for letter in letters} == {settings.topic_prefix + COMMANDS.name}


def test_what_cannot_be_done_is_one_clear_line(settings: Settings) -> None:
    said = gridcast(settings, "alarms", "acknowledge", "feed-broken/nowhere", code=2)
    assert said == (
        "gridcast: there is no alarm feed-broken/nowhere (`gridcast alarms list` names them)\n"
    )
    said = gridcast(settings, "alarms", "shelve", "a", "--for", "25h", code=2)
    assert "24 hours at most (setting shelve_hours)" in said
    said = gridcast(settings, "alarms", "shelve", "a", "--for", "soon", code=2)
    assert said == "gridcast: --for soon: a time is a number and m, h or d, such as 2h\n"
    assert len(said.splitlines()) == 1
