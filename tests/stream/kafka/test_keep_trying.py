"""What needs Kafka is tried until Kafka is there."""

import logging

import pytest
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaTimeoutError,
    NotLeaderForPartitionError,
    TopicAuthorizationFailedError,
)

from gridcast.stream.errors import UserError
from gridcast.stream.kafka import keep_trying as module
from gridcast.stream.kafka.keep_trying import keep_trying


class Kafka:
    """Is away for as many attempts as there are errors."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    async def answer(self) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "here"


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_S", 0.001)


async def test_it_is_tried_until_it_is_done(caplog: pytest.LogCaptureFixture):
    away = (KafkaConnectionError(), KafkaTimeoutError(), NotLeaderForPartitionError())
    kafka = Kafka(*away, ConnectionRefusedError())
    assert await keep_trying("a test", kafka.answer) == "here"
    assert caplog.records == [], "a broker that restarts is nobody's news"


async def test_a_long_wait_is_said_once_and_so_is_its_end(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "SAID_AFTER_S", 0.0)
    with caplog.at_level(logging.WARNING, "gridcast.kafka"):
        await keep_trying("a test", Kafka(*[KafkaConnectionError("no route")] * 3).answer)
    said, over = (record.getMessage() for record in caplog.records)
    assert said == "a test waits for Kafka: KafkaConnectionError: no route"
    assert over.startswith("a test goes on, after ")


async def test_what_waiting_does_not_mend_is_raised():
    with pytest.raises(UserError, match="Kafka does not allow it"):
        await keep_trying("a test", Kafka(TopicAuthorizationFailedError("load")).answer)
    with pytest.raises(ValueError, match="ours"):
        await keep_trying("a test", Kafka(ValueError("ours")).answer)
