"""What a worker follows as a standby, without Kafka."""

import pytest

from gridcast.agents.spans import NO_SPANS
from gridcast.stream.kafka import end_offsets
from gridcast.stream.settings import Settings
from gridcast.stream.state.standby import Standby
from gridcast.stream.worker.worker import Worker


@pytest.fixture
def worker() -> Worker:
    return Worker(Settings(broker="127.0.0.1:1", warm_standby=True), "run", NO_SPANS)


@pytest.fixture
def standby(worker: Worker) -> Standby:
    assert worker._standby is not None
    worker._standby.follow([0, 2])
    return worker._standby


async def test_what_is_followed_stays_warm_while_kafka_is_away(
    worker: Worker, standby: Standby, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How many partitions there are is not known then: that is no reason to drop them."""
    monkeypatch.setattr(end_offsets, "WITHIN_S", 0.1)
    await worker._stand_by(standby)
    assert set(standby.followed()) == {0, 2}


async def test_what_was_just_assigned_stays_warm_until_it_is_taken_over(
    worker: Worker, standby: Standby, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Partitions that others have by now are let go first, which may take long."""

    async def count() -> int:
        return 3

    monkeypatch.setattr(worker._end_offsets, "count", count)
    worker._numbers = [2]
    await worker._stand_by(standby)
    assert set(standby.followed()) == {0, 1, 2}
    assert standby.take(2) is not None


async def test_a_takeover_that_begins_while_kafka_is_asked_finds_what_was_followed(
    worker: Worker, standby: Standby, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def count() -> int:
        monkeypatch.setattr(worker.assigned_partitions, "not_open", lambda: [2])
        worker._numbers = [2]
        return 3

    monkeypatch.setattr(worker._end_offsets, "count", count)
    await worker._stand_by(standby)
    assert set(standby.followed()) == {0, 2}
