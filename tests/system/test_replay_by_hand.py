"""A replay under way: keys on a terminal, signals without one, and a crash."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from support.backtests import write_history
from support.recordings import make_recording
from support.replays import Counter, sent
from support.terminal import terminal

from gridcast.stream.settings import Settings

PARTITIONS = 2
GRIDCAST = [sys.executable, "-m", "gridcast"]
AT_REST_S = 3.0
"""At an hour a second, a replay that is not held sends something in that time."""


@pytest.fixture
def settings(kafka: str, tmp_path: Path) -> Settings:
    write_history(make_recording(series=2, days=12), tmp_path)
    (tmp_path / "gridcast.toml").write_text(f"partitions = {PARTITIONS}\n", "utf-8")
    prefix = f"{uuid4().hex[:8]}."
    return Settings(broker=kafka, topic_prefix=prefix, partitions=PARTITIONS, cache_dir=tmp_path)


@pytest.fixture
def counter(settings: Settings) -> Iterator[Counter]:
    found = Counter(settings)
    yield found
    found.close()


def command(settings: Settings, speed: str = "3600") -> list[str]:
    """An hour a second, and nobody who works it off."""
    words = ["replay", "load.csv", "--mapping", "load.toml", "--into", settings.topic_prefix]
    more = ["--broker", settings.broker, "--speed", speed, "--workers", "0"]
    return [*GRIDCAST, "--config", "gridcast.toml", *words, *more, "--from", "2026-01-01"]


@contextmanager
def running(settings: Settings, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run it without a terminal; what still runs at the end is killed."""
    with subprocess.Popen(
        command(settings),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def comes_to_rest(counter: Counter, within_s: float = 120) -> int:
    """Wait until nothing more is sent; gives how much was."""
    until, before, since = time.monotonic() + within_s, counter.count(), time.monotonic()
    while time.monotonic() - since < AT_REST_S:
        time.sleep(0.1)
        if (now := counter.count()) != before:
            before, since = now, time.monotonic()
        assert time.monotonic() < until, f"it goes on: {now} readings"
    return before


def wait_for(state: Callable[[], bool], within_s: float = 120) -> None:
    until = time.monotonic() + within_s
    while not state():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_space_holds_it_and_lets_it_go_on_and_q_stops_it(
    settings: Settings, counter: Counter, tmp_path: Path
) -> None:
    with terminal(command(settings), tmp_path) as shown:
        shown.wait_for(lambda: counter.count() > 4)
        shown.type(" ")
        shown.wait_for(lambda: "held: space goes on" in shown.shown)
        held = comes_to_rest(counter)
        shown.type(" ")
        shown.wait_for(lambda: counter.count() > held + 2)
        shown.type("x")  # means nothing
        shown.type("q")
        assert shown.end() == 0
        assert shown.modes == shown.before
    assert "times real time" in shown.shown
    assert "stopped: " in shown.shown
    assert "run the same command again to continue" in shown.shown
    assert counter.count() < 2 * 12 * 24


def test_keys_typed_in_one_go_all_count(
    settings: Settings, counter: Counter, tmp_path: Path
) -> None:
    with terminal(command(settings), tmp_path) as shown:
        shown.wait_for(lambda: counter.count() > 4)
        shown.type("   q")
        assert shown.end() == 0
    assert "stopped: " in shown.shown


def test_without_a_terminal_signals_hold_and_stop_it(
    settings: Settings, counter: Counter, tmp_path: Path
) -> None:
    with running(settings, tmp_path) as process:
        wait_for(lambda: counter.count() > 4)
        os.kill(process.pid, signal.SIGUSR1)
        held = comes_to_rest(counter)
        os.kill(process.pid, signal.SIGUSR1)
        wait_for(lambda: counter.count() > held + 2)
        os.kill(process.pid, signal.SIGTERM)
        said, wrong = process.communicate(timeout=120)
    assert process.returncode == 0, wrong
    assert said.startswith("stopped: ")


def test_after_a_crash_the_same_command_sends_the_rest_and_nothing_twice(
    settings: Settings, counter: Counter, tmp_path: Path
) -> None:
    with running(settings, tmp_path):
        wait_for(lambda: counter.count() > 20)
    left = comes_to_rest(counter)
    assert 20 < left < 2 * 12 * 24
    done = subprocess.run(
        command(settings, "max"), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "continuing after" in done.stderr
    whole = settings.model_copy(update={"topic_prefix": f"whole-{settings.topic_prefix}"})
    once = subprocess.run(
        command(whole, "max"), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert once.returncode == 0, once.stderr
    assert sent(settings) == sent(whole)
    assert counter.count() == 2 * 12 * 24
