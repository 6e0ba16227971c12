"""`gridcast dead-letters` on a real Kafka: looked at, sent again once, remembered."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from gridcast.schemas import DeadLetter, Reason
from gridcast.schemas.topics import DEAD_LETTERS, READINGS
from gridcast.stream.kafka.config import librdkafka_options, producer_options
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.settings import Settings

BAD = b'{"series":\x1b[2J\xff'
FRAME = b'{"frame": "f-1"}'


@pytest.fixture
def settings(kafka: str, tmp_path: Path) -> Settings:
    """A deployment of the test's own on the common Kafka."""
    own = Settings(broker=kafka, topic_prefix=f"{uuid4().hex[:8]}.", partitions=2)
    admin = TopicAdmin(own)
    admin.create(admin.look().missing)
    return own


@pytest.fixture
def gridcast(settings: Settings, tmp_path: Path) -> Callable[..., str]:
    """Run a command of `gridcast dead-letters`."""

    def run(*arguments: str, code: int = 0) -> str:
        where = ["--broker", settings.broker, "--topic-prefix", settings.topic_prefix]
        done = subprocess.run(
            [sys.executable, "-m", "gridcast", "dead-letters", *arguments, *where],
            cwd=tmp_path,
            env=os.environ | {"COLUMNS": "200"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr

    return run


def write_letters(settings: Settings) -> None:
    """Four letters about three records: one record twice, a frame with two bad readings."""
    topic = settings.topic_prefix + READINGS.name
    bad = DeadLetter(
        topic=topic, partition=0, offset=7, reason=Reason.NOT_JSON, original_key=b"m", original=BAD
    )
    of_frame = [
        DeadLetter(
            topic=topic,
            partition=1,
            offset=3,
            entry=entry,
            reason=Reason.NOT_FINITE,
            original_key=b"f-1",
            original=FRAME,
        )
        for entry in (0, 4)
    ]
    empty = DeadLetter(topic=topic, partition=0, offset=9, reason=Reason.EMPTY)
    producer = Producer(producer_options(settings))
    for letter in (bad, *of_frame, bad, empty):
        producer.produce(settings.topic_prefix + DEAD_LETTERS.name, letter.to_bytes(), letter.key)
    producer.produce(settings.topic_prefix + DEAD_LETTERS.name, b"no letter at all", b"x")
    assert producer.flush(60) == 0


def on_the_readings(settings: Settings) -> list[tuple[bytes | None, bytes | None]]:
    """Everything that lies on the topic of the readings now."""
    topic = settings.topic_prefix + READINGS.name
    consumer = Consumer(librdkafka_options(settings) | {"group.id": "look"})
    both = [TopicPartition(topic, number, 0) for number in range(2)]
    count = sum(consumer.get_watermark_offsets(one, 10)[1] for one in both)
    consumer.assign(both)
    found: list[tuple[bytes | None, bytes | None]] = []
    while len(found) < count:
        messages = consumer.consume(count, timeout=60)
        assert messages, f"{len(found)} of {count} came"
        found += [(message.key(), message.value()) for message in messages]
    consumer.close()
    return sorted(found, key=repr)


def test_an_empty_topic_says_so_and_nothing_is_sent(gridcast: Callable[..., str]) -> None:
    assert gridcast("list") == "no dead letters\n"
    assert gridcast("list", "--json") == ""
    assert gridcast("replay", "--yes").startswith("nothing to send again")


def test_letters_are_counted_shown_and_filtered(
    settings: Settings, gridcast: Callable[..., str]
) -> None:
    write_letters(settings)
    shown = gridcast("list", "--show")
    rows = [line.split()[:3] for line in shown.splitlines()[1:4]]
    assert rows == [["not-finite", "2", "0"], ["empty", "1", "0"], ["not-json", "1", "0"]]
    assert r"\x1b[2J\xff" in shown
    assert "\x1b" not in shown
    lines = [json.loads(line) for line in gridcast("list", "--json").splitlines()]
    assert [line["offset"] for line in lines] == [7, 3, 3, 9]
    assert not any(line["replayed"] for line in lines)
    written = datetime.fromisoformat(lines[-1]["written_at"])
    assert abs((datetime.now(UTC) - written).total_seconds()) < 600
    newest = gridcast("list", "--json", "--limit", "1", "--reason", "not-finite").splitlines()
    assert [json.loads(line)["entry"] for line in newest] == [4]
    assert gridcast("list", "--since", "2100-01-01") == "no dead letters that match\n"


def test_each_record_is_sent_again_once_as_it_came_and_that_is_remembered(
    settings: Settings, gridcast: Callable[..., str]
) -> None:
    write_letters(settings)
    told = gridcast("replay", "--dry-run")
    assert f"3 to {settings.topic_prefix}meter.readings" in told
    assert "nothing was sent" in gridcast("replay", code=2), "nobody is there to say yes"
    assert on_the_readings(settings) == []

    assert "1 sent and confirmed" in gridcast("replay", "--yes", "--reason", "not-finite")
    assert on_the_readings(settings) == [(b"f-1", FRAME)]
    assert "2 sent and confirmed" in gridcast("replay", "--yes", "--topic", "meter.readings")
    all_three = sorted([(b"f-1", FRAME), (b"m", BAD), (None, None)], key=repr)
    assert on_the_readings(settings) == all_three
    assert gridcast("replay", "--yes").startswith("nothing to send again")
    assert on_the_readings(settings) == all_three

    rows = [line.split()[:3] for line in gridcast("list").splitlines()[1:]]
    assert rows == [["not-finite", "2", "2"], ["empty", "1", "1"], ["not-json", "1", "1"]]

    write_letters(settings)  # the same again: another letter about a record that was replayed
    assert "3 sent and confirmed" in gridcast("replay", "--yes", "--again")
    assert len(on_the_readings(settings)) == 6


def test_a_topic_that_is_gone_is_named_and_nothing_is_sent(
    settings: Settings, gridcast: Callable[..., str]
) -> None:
    letter = DeadLetter(topic="gone", partition=0, offset=0, reason=Reason.EMPTY)
    producer = Producer(producer_options(settings))
    producer.produce(settings.topic_prefix + DEAD_LETTERS.name, letter.to_bytes(), letter.key)
    assert producer.flush(60) == 0
    assert "not there any more: gone" in gridcast("replay", "--yes", code=2)
    assert "1 to gone" in gridcast("replay", "--dry-run"), "it is not remembered as replayed"


def test_what_a_worker_has_not_yet_confirmed_is_no_letter_and_not_remembered_as_replayed(
    settings: Settings, gridcast: Callable[..., str]
) -> None:
    """Workers write letters in the transactions of their checkpoints."""
    write_letters(settings)
    to = settings.topic_prefix + DEAD_LETTERS.name
    worker = Producer(producer_options(settings) | {"transactional.id": settings.topic_prefix})
    worker.init_transactions(60)
    worker.begin_transaction()
    late = DeadLetter(
        topic=settings.topic_prefix + READINGS.name, partition=1, offset=5, reason=Reason.EMPTY
    )
    worker.produce(to, late.to_bytes(), late.key)
    assert worker.flush(60) == 0
    assert "3 sent and confirmed" in gridcast("replay", "--yes")
    worker.commit_transaction(60)
    assert "1 sent and confirmed" in gridcast("replay", "--yes")
    assert gridcast("replay", "--yes").startswith("nothing to send again")
