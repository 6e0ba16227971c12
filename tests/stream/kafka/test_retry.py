"""What needs Kafka is retried until Kafka answers."""

import gc
import logging
import time
import weakref
from functools import partial
from threading import Event

import pytest
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaTimeoutError,
    NotLeaderForPartitionError,
    TopicAuthorizationFailedError,
)

from gridcast.stream.errors import UserError
from gridcast.stream.kafka import retry
from gridcast.stream.kafka.retry import (
    BlockingRetry,
    RetryStoppedError,
    backoff_s,
    retry_async,
)


class Kafka:
    """Is away for as many attempts as there are errors."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    async def answer(self) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "here"


class Ended(Event):
    """Takes no time to wait, and remembers how long it should have been."""

    def __init__(self, clock: list[float] | None = None, step_s: float = 0) -> None:
        super().__init__()
        self.waited: list[float] = []
        self._clock, self._step_s = clock, step_s

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout or 0)
        if self._clock is not None:
            self._clock[0] += self._step_s
        return self.is_set()


class Away:
    """Fails so often before it succeeds."""

    def __init__(self, times: int, why: str = "nobody answers") -> None:
        self.times, self.why = times, why

    def __call__(self) -> str:
        if self.times:
            self.times -= 1
            raise ConnectionError(self.why)
        return "here"


def is_away(error: BaseException) -> bool:
    return isinstance(error, ConnectionError)


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.WARNING, logger="gridcast")
    return caplog


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


async def test_it_is_tried_until_it_is_done(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "FIRST_S", 0.001)
    away = (KafkaConnectionError(), KafkaTimeoutError(), NotLeaderForPartitionError())
    kafka = Kafka(*away, ConnectionRefusedError())
    assert await retry_async("a test", kafka.answer) == "here"
    assert caplog.records == [], "a broker that restarts is nobody's news"


async def test_a_long_wait_is_said_once_and_so_is_its_end(
    said: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "FIRST_S", 0.001)
    monkeypatch.setattr(retry, "REPORT_AFTER_S", 0.0)
    await retry_async("a test", Kafka(*[KafkaConnectionError("no route")] * 4).answer)
    waits, over = said.messages
    assert waits == "a test waits for Kafka: KafkaConnectionError: no route"
    assert over.startswith("a test goes on, after ")


async def test_what_waiting_does_not_mend_is_raised() -> None:
    with pytest.raises(UserError, match="Kafka does not allow it"):
        await retry_async("a test", Kafka(TopicAuthorizationFailedError("load")).answer)
    with pytest.raises(ValueError, match="ours"):
        await retry_async("a test", Kafka(ValueError("ours")).answer)


def test_the_pauses_grow_up_to_a_limit_and_begin_anew_when_it_was_done() -> None:
    ended = Ended()
    retrying = BlockingRetry("it", ended)
    assert retrying(Away(8), is_away) == "here"
    without_jitter = [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    assert len(ended.waited) == len(without_jitter)
    for waited, pause in zip(ended.waited, without_jitter, strict=True):
        assert (1 - retry.JITTER) * pause <= waited <= pause
    retrying(Away(1), is_away)
    assert ended.waited[-1] <= 0.05


def test_pauses_are_drawn_at_random_below_the_longest() -> None:
    pauses = {backoff_s(2_000, 1.0, 60.0) for _ in range(10)}
    assert len(pauses) > 1
    assert all(54 <= pause <= 60 for pause in pauses)


def test_a_long_blocking_wait_is_said_once_and_once_that_it_is_over(
    clock: list[float], said: pytest.LogCaptureFixture
) -> None:
    retrying = BlockingRetry("the table", Ended(clock, 1))
    retrying(Away(61), is_away)
    assert said.messages == [
        "the table waits for Kafka: nobody answers",
        "the table goes on, after 61 s",
    ]
    retrying(Away(0), is_away)
    assert len(said.messages) == 2


def test_of_a_short_wait_nothing_is_said(
    clock: list[float], said: pytest.LogCaptureFixture
) -> None:
    retrying = BlockingRetry("the table", Ended(clock, 1))
    for _ in range(3):
        retrying(Away(4), is_away)
        clock[0] += 1000
    assert said.messages == []


def test_the_outermost_of_nested_calls_ends_the_wait(
    clock: list[float], said: pytest.LogCaptureFixture
) -> None:
    """A transaction is aborted, which may wait as well, and then sent again: one wait."""
    retrying = BlockingRetry("the table", Ended(clock, 4))
    transactions = Away(3, "aborted")

    def send() -> str:
        retrying(Away(1), is_away)
        return transactions()

    assert retrying(send, is_away) == "here"
    assert [line.partition(":")[0] for line in said.messages] == [
        "the table waits for Kafka",
        "the table goes on, after 28 s",
    ]


def test_there_is_no_next_attempt_when_it_has_ended() -> None:
    ended = Ended()
    ended.set()
    away = Away(2)
    with pytest.raises(RetryStoppedError):
        BlockingRetry("it", ended)(away, is_away)
    assert away.times == 1


def test_access_is_checked_once_the_wait_is_long(clock: list[float]) -> None:
    def check() -> None:
        raise UserError("the login is refused")

    away = Away(100)
    with pytest.raises(UserError, match="the login is refused"):
        BlockingRetry("it", Ended(clock, 1), check)(away, is_away)
    assert away.times == 93


def test_a_failure_holds_on_to_nothing_that_was_called() -> None:
    """A producer lives, with its threads, for as long as something refers to it."""

    class Producer:
        def send(self) -> None:
            raise ValueError("fatal")

    producer = Producer()
    alive = weakref.ref(producer)
    gc.disable()
    try:
        with pytest.raises(ValueError, match="fatal") as raised:
            BlockingRetry("it", Ended())(producer.send, is_away)
        del raised, producer
        assert alive() is None
    finally:
        gc.enable()


def test_nor_does_one_that_was_raised_while_another_was_handled_in_nested_calls() -> None:
    class Producer:
        def send(self) -> None:
            try:
                raise ConnectionError("away")  # noqa: TRY301
            except ConnectionError:
                raise ValueError("closed") from None

    producer = Producer()
    alive = weakref.ref(producer)
    retrying = BlockingRetry("it", Ended())
    gc.disable()
    try:
        with pytest.raises(ValueError, match="closed") as raised:
            retrying(partial(retrying, producer.send, is_away), is_away)
        del raised, producer
        assert alive() is None
    finally:
        gc.enable()
