"""Waiting for Kafka, without one."""

import logging
from threading import Event

import pytest

from gridcast.stream.kafka import patience as module
from gridcast.stream.kafka.patience import Patience


class Ended(Event):
    """Takes no time to wait, and remembers how long it should have been."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout or 0)
        return self.is_set()


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.WARNING, logger="gridcast")
    return caplog


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_the_pauses_grow_up_to_a_limit_and_begin_anew_when_it_was_done(clock: list[float]):
    ended = Ended()
    patience = Patience("it", ended)
    for _ in range(8):
        assert patience.wait("away")
    assert ended.waited == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    patience.over()
    patience.wait("away")
    assert ended.waited[-1] == 0.05


def test_a_long_wait_is_said_once_and_once_that_it_is_over(
    clock: list[float], said: pytest.LogCaptureFixture
):
    patience = Patience("the table", Ended())
    for second in range(60):
        clock[0] = 1000.0 + second
        patience.wait("nobody answers")
    assert said.messages == ["the table waits for Kafka: nobody answers"]
    clock[0] = 1061.0
    patience.over()
    patience.over()
    assert said.messages[1:] == ["the table goes on, after 61 s"]


def test_of_a_short_wait_nothing_is_said(clock: list[float], said: pytest.LogCaptureFixture):
    patience = Patience("the table", Ended())
    for _ in range(3):
        for _ in range(4):
            clock[0] += 1
            patience.wait("busy")
        clock[0] += 1000
        patience.over()
    assert said.messages == []


def test_there_is_no_next_attempt_when_it_has_ended(clock: list[float]):
    ended = Ended()
    ended.set()
    assert not Patience("it", ended).wait("away")
