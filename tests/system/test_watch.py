"""What the demo shows, from a real Kafka."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from confluent_kafka import Producer

from gridcast.cli.demo.topic_monitor import Picture, TopicMonitor
from gridcast.schemas import GridSeries, Reading, SeriesKind
from gridcast.schemas.topics import READINGS, SERIES
from gridcast.stream.kafka.config import producer_options
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.settings import Settings


def look(watch: TopicMonitor, has_all: Callable[[Picture], bool]) -> Picture:
    """Look until it is all there."""
    end = time.monotonic() + 60
    while not has_all(watch.look(0.5)):
        assert time.monotonic() < end, watch.picture
    return watch.picture


def test_a_clock_far_ahead_is_not_taken_for_event_time(kafka: str) -> None:
    settings = Settings(broker=kafka, topic_prefix=f"{uuid4().hex[:8]}.", partitions=2)
    admin = TopicAdmin(settings)
    admin.create(admin.look().missing)
    now = datetime.now(UTC).replace(microsecond=0)
    producer = Producer(producer_options(settings))
    zone = GridSeries(series="a", kind=SeriesKind.ZONE, name="Aland")
    producer.produce(settings.topic_prefix + SERIES.name, zone.to_bytes(), zone.key)
    assert producer.flush(60) == 0
    watch = TopicMonitor(settings, partitions=2)
    assert look(watch, lambda picture: bool(picture.zones)).zones == {"a": "Aland"}
    for series, at in (("a", now), ("b", now + timedelta(days=9)), ("c", now)):
        reading = Reading(series=series, time=at, value=1.0)
        producer.produce(settings.topic_prefix + READINGS.name, reading.to_bytes(), series.encode())
    assert producer.flush(60) == 0
    look(watch, lambda picture: picture.series >= 2 and picture.sent >= 3)
    picture = watch.look(1)  # for one too many
    watch.close()
    assert (picture.sent, picture.series, picture.load_kw) == (3, 2, {"a": 1.0})
    assert picture.newest_ms == now.timestamp() * 1000
