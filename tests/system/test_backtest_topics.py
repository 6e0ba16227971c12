"""The live topics of a real Kafka as the source of a backtest."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from support.backtests import gridcast
from support.recordings import DAY, HOUR, MINUTE, START, instant, make_recording

from gridcast.schemas import GridSeries, Reading, ReadingFrame
from gridcast.schemas.topics import READINGS, SERIES
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.config import librdkafka_options, looking_options, producer_options
from gridcast.stream.recording import Recording, partition_of
from gridcast.stream.recording.recording import available_ms
from gridcast.stream.recording.topics import read_topics
from gridcast.stream.replay.feed import RecordedFeed
from gridcast.stream.replay.sender import Sender, make_topics
from gridcast.stream.settings import Settings

PARTITIONS = 3


@pytest.fixture
def live(kafka: str, tmp_path: Path) -> Settings:
    """A deployment; its topics take any stamp, so that history can be put into them."""
    prefix = f"{uuid4().hex[:8]}."
    chosen = Settings(broker=kafka, topic_prefix=prefix, partitions=PARTITIONS, cache_dir=tmp_path)
    make_topics(chosen)
    return chosen


@pytest.fixture(scope="module")
def small() -> Recording:
    return make_recording(series=5, days=3, step=10 * MINUTE)


def put(settings: Settings, recording: Recording) -> None:
    sender = Sender(settings)
    sender.send(RecordedFeed(recording, settings.partitions).before(recording.end_ms))
    sender.flush()


def delete_before(settings: Settings, from_ms: int) -> None:
    """Let Kafka delete readings as it does when they are too old."""
    name = settings.topic_prefix + READINGS.name
    admin = AdminClient(librdkafka_options(settings))
    wanted = [TopicPartition(name, number, from_ms) for number in range(PARTITIONS)]
    places = Consumer(looking_options(settings)).offsets_for_times(wanted, 30)
    for told in admin.delete_records(places, request_timeout=30).values():
        told.result()


def test_the_topics_hold_the_very_recording_that_was_sent(live: Settings, small: Recording) -> None:
    put(live, small)
    found, whole_ms = read_topics(live, None, small.end_ms)
    assert whole_ms == 0
    assert set(found.series) == set(small.series)
    assert found.weather == small.weather

    def rows(one: Recording) -> list[tuple[Any, ...]]:
        columns = [getattr(one.arrivals, name).tolist() for name in one.arrivals.__slots__[1:]]
        names = [one.names[row] for row in one.arrivals.series.tolist()]
        return sorted(zip(names, *columns, strict=True))

    assert rows(found) == rows(small)
    assert found.partitions(1).tolist() == [
        partition_of(found.names[row].encode(), PARTITIONS) for row in found.arrivals.series
    ]


def test_a_stretch_begins_a_window_before_and_ends_where_asked(live: Settings) -> None:
    recording = make_recording(series=2, days=12)
    put(live, recording)
    from_ms, to_ms = START + 10 * DAY, START + 11 * DAY
    found, _ = read_topics(live, from_ms, to_ms)
    assert found.first_ms == from_ms - live.window_days * DAY
    assert to_ms - HOUR <= found.end_ms - 1 < to_ms
    assert max(map(available_ms, found.weather)) < to_ms


def test_frames_series_nobody_declared_and_what_cannot_be_read(live: Settings) -> None:
    producer = Producer(producer_options(live))
    name, at = live.topic_prefix + READINGS.name, instant(START)
    frame = ReadingFrame(frame="feeder", time=at, series=["a", "b"], value=[1.0, 2.0])
    one = Reading(series="c", time=at, value=3.0)
    stamp = START + MINUTE
    producer.produce(name, frame.to_bytes(), b"feeder", timestamp=stamp)
    producer.produce(name, b"{", b"broken", timestamp=stamp)
    producer.produce(name, one.to_bytes(), b"c", timestamp=stamp)
    declared = GridSeries(series="c", time_zone="Europe/Berlin")
    for value in (GridSeries(series="d").to_bytes(), None):
        producer.produce(live.topic_prefix + SERIES.name, value, b"d", timestamp=stamp)
    producer.produce(live.topic_prefix + SERIES.name, declared.to_bytes(), b"c", timestamp=stamp)
    assert producer.flush(60) == 0
    found, _ = read_topics(live, None, START + DAY)
    assert {one.series: one for one in found.series} == {
        "a": GridSeries(series="a"),
        "b": GridSeries(series="b"),
        "c": declared,
    }
    assert found.places is not None
    by_name = {
        found.names[row]: (value, partition, offset)
        for row, value, partition, offset in zip(
            found.arrivals.series.tolist(),
            found.arrivals.value.tolist(),
            found.places.partition.tolist(),
            found.places.offset.tolist(),
            strict=True,
        )
    }
    number = partition_of(b"feeder", PARTITIONS)
    assert by_name["a"] == (1.0, number, 0)
    assert by_name["b"] == (2.0, number, 0)
    assert by_name["c"][:2] == (3.0, partition_of(b"c", PARTITIONS))


def test_what_is_not_kept_any_more_is_one_clear_line(live: Settings, small: Recording) -> None:
    with pytest.raises(UserError, match="holds no readings from --from to --to"):
        read_topics(live, START, START + DAY)
    put(live, small)
    with pytest.raises(UserError, match=r"holds no readings .* the next came at 2026-01-01T00:10"):
        read_topics(live, START - 2 * DAY, START - DAY)
    delete_before(live, START + DAY)
    with pytest.raises(UserError, match="deleted what came before 2026-01-02T00:00:00Z") as told:
        read_topics(live, START + HOUR, START + 2 * DAY)
    assert len(str(told.value).splitlines()) == 1
    found, whole_ms = read_topics(live, START + DAY, START + 2 * DAY)
    assert found.first_ms == whole_ms == START + DAY


def test_the_command_takes_a_stretch_of_the_live_topics(
    live: Settings, small: Recording, tmp_path: Path
) -> None:
    put(live, small)
    delete_before(live, START + HOUR)
    (tmp_path / "gridcast.toml").write_text(f'topic_prefix = "{live.topic_prefix}"\n', "utf-8")
    done = gridcast(
        tmp_path,
        *("--config", "gridcast.toml", "backtest", "topics", "--broker", live.broker),
        *("--from", "2026-01-02", "--to", "2026-01-02T06:00", "--model", "none"),
        *("--step-minutes", "60", "--baselines", "none", "--json", "--processes", "1"),
    )
    assert done.returncode == 0, done.stderr
    assert "forecasts know nothing from before 2026-01-01T01:00:00Z" in done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["source"] == "topics"
    assert told["forecasts"] == told["judged"] == 5 * 6
    # What came behind the last tick is there, too: a day ahead of each is judged.
    assert told["scores"]["none"]["count"] == 5 * 6 * 24
    assert (tmp_path / "backtest" / "report.html").is_file()
