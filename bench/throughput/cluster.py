"""The topics of the measure: readings put in once, outputs of each run apart, ours as at first."""

import time
from collections.abc import Callable
from pathlib import Path

from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from gridcast.schemas.topics import FORECASTS, READINGS
from gridcast.stream.kafka.config import group, librdkafka_options, producer_options
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.settings import Settings
from throughput.engines import Engine
from throughput.feed import PARTITIONS, Feed
from throughput.measure import Measured, Verdict, Watch, run

WITHIN_S = 15.0


class Cluster:
    """A Kafka with readings in it."""

    def __init__(self, address: str, minutes: int, scratch: Path) -> None:
        self._address = address
        self._minutes = minutes
        self._scratch = scratch
        self._watch = Watch(address)
        self._admin = AdminClient(librdkafka_options(Settings(broker=address)))
        self._now_s = int(time.time())
        self._filled: set[str] = set()
        self._runs = 0

    def feed(self, engine: Engine) -> Feed:
        """Give the readings that an engine is to take; all are of the past."""
        minutes = max(2, round(self._minutes * engine.share))
        return Feed(minutes, (self._now_s // 60 - minutes - 10) * 60)

    def fill(self, engine: Engine) -> int:
        """Put an engine's readings into its topic, if they are not there yet; says how many."""
        settings, feed = self._settings(engine), self.feed(engine)
        topic = settings.topic_prefix + READINGS.name
        if topic in self._filled:
            return len(feed)
        feed.check_bytes()
        admin = TopicAdmin(settings)
        admin.create(admin.look().missing)
        producer = Producer(
            producer_options(settings) | {"queue.buffering.max.messages": 1_000_000}
        )
        for key, value in feed.frames() if engine.frames else feed.readings():
            while True:
                try:
                    producer.produce(topic, value, key)
                    break
                except BufferError:
                    producer.poll(0.1)
        if left := producer.flush(60):
            raise RuntimeError(f"{left:,} readings could not be sent")
        self._filled.add(topic)
        return len(feed)

    def run(
        self, engine: Engine, command: list[str], shape: str, within_s: float
    ) -> tuple[Measured, Verdict]:
        """Run an engine once: what was measured, and what its outputs were worth."""
        self._runs += 1
        folder = self._scratch / f"run-{self._runs}"
        folder.mkdir()
        settings = self._settings(engine)
        topic = settings.topic_prefix + READINGS.name
        if engine.is_ours:
            self._forget(settings)
            outputs, name = settings.topic_prefix + FORECASTS.name, group(settings)
            command = [*command, self._address, settings.topic_prefix, shape, str(folder)]
        else:
            outputs = name = f"run-{self._runs}"
            self._create(outputs)
            command = [*command, self._address, topic, outputs, name, shape, str(folder)]
        feed = self.feed(engine)
        expected = feed.outputs(shape, frames=engine.frames)
        whole, done = len(expected), self._watch.count(outputs)
        if engine.is_ours:
            # Among its outputs lie the markers of transactions: they cannot be counted by offsets.
            whole, done = sum(self._watch.ends(topic)), self._watch.committed(name, topic)
        has_begun = (
            self._watch.has_joined(name) if engine.is_in_group else self._watch.has_connected
        )
        measured = run(
            command, folder, has_begun, lambda: min(1.0, done() / whole), len(feed), within_s
        )
        return measured, self._watch.check(outputs, expected)

    def _settings(self, engine: Engine) -> Settings:
        kind = "frames" if engine.frames else "readings"
        prefix = f"{kind}-{len(self.feed(engine))}."
        return Settings(broker=self._address, topic_prefix=prefix, partitions=PARTITIONS)

    def _create(self, topic: str) -> None:
        for made in self._admin.create_topics([NewTopic(topic, PARTITIONS, 1)]).values():
            made.result(WITHIN_S)
        self._until(lambda: len(self._led(topic)) == PARTITIONS)

    def _led(self, topic: str) -> list[int]:
        there = self._admin.list_topics(topic, timeout=WITHIN_S).topics[topic].partitions
        return [number for number, partition in there.items() if partition.leader >= 0]

    def _forget(self, settings: Settings) -> None:
        """Remove what a worker of ours has left: its group's offsets, and all but the readings."""
        readings = settings.topic_prefix + READINGS.name
        groups = [one.group_id for one in self._admin.list_consumer_groups().result().valid]
        if group(settings) in groups:
            for gone in self._admin.delete_consumer_groups([group(settings)]).values():
                gone.result(WITHIN_S)
        old = [
            name
            for name in self._admin.list_topics(timeout=WITHIN_S).topics
            if name.startswith(settings.topic_prefix) and name != readings
        ]
        if old:
            for gone in self._admin.delete_topics(old).values():
                gone.result(WITHIN_S)
            self._until(
                lambda: not set(old) & set(self._admin.list_topics(timeout=WITHIN_S).topics)
            )
        admin = TopicAdmin(settings)
        admin.create(admin.look().missing)

    @staticmethod
    def _until(is_so: Callable[[], bool]) -> None:
        end = time.monotonic() + WITHIN_S
        while not _answers(is_so):
            if time.monotonic() > end:
                raise RuntimeError("the topics were not ready in time")
            time.sleep(0.05)


def _answers(is_so: Callable[[], bool]) -> bool:
    try:
        return is_so()
    except KafkaException:
        return False
