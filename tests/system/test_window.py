"""`gridcast window` beside running workers: what they keep, on a real Kafka, undisturbed."""

import sys
from uuid import uuid4

import numpy as np
import pytest

from gridcast.cli.main import main
from gridcast.models.partition import Partition
from gridcast.models.windows import WindowSpec
from gridcast.schemas import GridSeries
from gridcast.schemas.columns import ReadingColumns
from gridcast.schemas.quality import Quality
from gridcast.schemas.topics import SERIES
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.settings import Settings
from gridcast.stream.state.kafka_table import PART_BYTES, KafkaTable

MINUTE = 60_000
START = 20_000 * 24 * 60 * MINUTE


@pytest.fixture
def settings(kafka: str) -> Settings:
    own = Settings(broker=kafka, topic_prefix=f"{uuid4().hex[:8]}.", partitions=3)
    admin = TopicAdmin(own)
    admin.create(admin.look().missing)
    return own


def minute(number: int, load: float, quality: int = 0, others: int = 3) -> ReadingColumns:
    names = [f"other-{i:06}" for i in range(others)] + ["m1"]
    count = len(names)
    value, mark = np.full(count, 1.0), np.zeros(count, np.uint8)
    value[-1], mark[-1] = load, quality
    time = np.full(count, START + number * MINUTE)
    return ReadingColumns(names, time, value, mark, np.zeros(count, np.int32))


def take(partition: Partition, readings: ReadingColumns, offset: int) -> None:
    offsets = np.full(len(readings), offset)
    for _ in partition.take(readings, readings.time_ms, offsets, offset + 1):
        pass


def kept(table: KafkaTable, partition: Partition) -> None:
    table.checkpoint([], partition.changes())


def run(settings: Settings, monkeypatch: pytest.MonkeyPatch, *flags: str) -> int | str | None:
    own = ["--broker", settings.broker, "--topic-prefix", settings.topic_prefix]
    monkeypatch.setattr(sys, "argv", ["gridcast", "window", *flags, *own])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code


def test_the_window_of_a_running_worker_is_drawn_and_the_worker_goes_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table, partition = KafkaTable(settings, 2), Partition(WindowSpec(hold_minutes=2), 0)
    assert table.open() == {}
    for number in range(6 * 60):
        quality = int(Quality.QUESTIONABLE) if number == 340 else 0
        readings = minute(number, number / 60 - 2, quality)
        take(partition, readings, number)
        kept(table, partition)
    assert run(settings, monkeypatch, "m1", "--days", "0.25") == 0
    out = capsys.readouterr().out
    assert out.startswith("m1, kW, step 15 min, UTC")
    assert "● means of slots, readings not kept" in out
    assert "1 reading rejected" in out
    # The worker still has its table, and what it keeps next is seen.
    readings = minute(6 * 60 + 15, 100.0)
    take(partition, readings, 400)
    kept(table, partition)
    assert run(settings, monkeypatch, "m1", "--days", "0.25") == 0
    assert capsys.readouterr().out != out


def test_a_load_that_can_be_negative_is_drawn_so_once_it_is_declared(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table, partition = KafkaTable(settings, 0), Partition(WindowSpec(), 0)
    table.open()
    for number in range(0, 300, 15):
        readings = minute(number, -5.0 if number % 2 else 5.0)
        take(partition, readings, number)
    kept(table, partition)
    flags = ("m1", "--days", "0.1", "--lam", "0.001")
    assert run(settings, monkeypatch, *flags) == 0
    bounded = capsys.readouterr().out
    declared = GridSeries(series="m1", kind="meter", can_be_negative=True)
    table.checkpoint([(settings.topic_prefix + SERIES.name, b"m1", declared.to_bytes())], {})
    assert run(settings, monkeypatch, *flags) == 0
    assert capsys.readouterr().out != bounded


def test_records_of_several_parts_are_put_together(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table, partition = KafkaTable(settings, 1), Partition(WindowSpec(), 0)
    table.open()
    rng = np.random.default_rng(0)
    for number in (0, 200, 215, 230, 245, 260):
        readings = minute(number, 1.0, others=400_000)
        readings.value[:] = rng.random(len(readings))
        take(partition, readings, number)
    changes = partition.changes()
    assert max(len(record or b"") for record in changes.values()) > PART_BYTES
    table.checkpoint([], changes)
    assert run(settings, monkeypatch, "m1", "--days", "0.06") == 0
    assert "m1, kW" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "error"),
    [
        (["m1"], "no worker has readings of 'm1' (of 0 other series)"),
        (["m1", "--until", "2024-01-01"], "--until is for a file: say which by --file"),
        (["m1", "--mapping", "m.toml"], "--mapping is for a file: say which by --file"),
    ],
)
def test_what_the_user_can_mend_is_one_line(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    flags: list[str],
    error: str,
) -> None:
    assert run(settings, monkeypatch, *flags) == 2
    assert capsys.readouterr().err == f"gridcast: {error}\n"
