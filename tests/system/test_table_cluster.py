"""The table on a Kafka of three nodes, of which one dies, then a second."""

import threading
import time
from collections.abc import Callable
from uuid import uuid4

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from gridcast.agents.state_table import TableLostError
from gridcast.schemas.topics import FORECASTS, STATE
from gridcast.stream.kafka.broker import Broker
from gridcast.stream.kafka.config import librdkafka_options
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.settings import Settings
from gridcast.stream.state.kafka_table import KafkaTable


class Writer:
    """Makes one checkpoint after the other, as a worker does."""

    def __init__(self, settings: Settings) -> None:
        self.done = 0
        self.topic = settings.topic_prefix + FORECASTS.name
        self._table = KafkaTable(settings, 0)
        self._table.open()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        self._table.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            text = b"%d" % (self.done + 1)
            try:
                self._table.checkpoint([(self.topic, b"m", text)], {"head": text, "copy": text})
            except TableLostError:
                self.done = int(self._table.open().get("head", b"0"))
            else:
                self.done += 1


def wait_for(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 180
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)


def leader_of(settings: Settings) -> int:
    topic = settings.topic_prefix + STATE.name
    known = AdminClient(librdkafka_options(settings)).list_topics(topic, timeout=30)
    return known.topics[topic].partitions[0].leader


def forecasts_of(settings: Settings, topic: str) -> list[int]:
    options = librdkafka_options(settings) | {
        "group.id": "look",
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
    }
    consumer = Consumer(options)
    consumer.assign([TopicPartition(topic, 0, 0)])
    found: list[int] = []
    while True:
        message = consumer.poll(60)
        assert message is not None
        if message.error():
            consumer.close()
            return found
        found.append(int(message.value() or b""))


def test_one_node_lost_or_two_nothing_is_lost_and_nothing_is_there_twice(
    kafka_cluster: Broker,
) -> None:
    settings = Settings(
        broker=kafka_cluster.address,
        topic_prefix=f"{uuid4().hex[:8]}.",
        partitions=1,
        replication=3,
    )
    admin = TopicAdmin(settings)
    admin.create(admin.look().missing)
    writer = Writer(settings)
    wait_for(lambda: writer.done > 5)
    leader = leader_of(settings)
    node = next(one for one in kafka_cluster.nodes if one.number == leader)
    node.kill()
    before = writer.done
    wait_for(lambda: writer.done > before + 10)
    other = KafkaTable(settings, 0)
    kept = other.open()
    other.close()
    assert kept["head"] == kept["copy"]
    assert int(kept["head"]) >= before, "what was confirmed is there, on whoever leads now"
    wait_for(lambda: leader_of(settings) != leader)  # every node hears of it, one sooner
    node.start()
    kafka_cluster.wait_until_ready()
    first, second, _ = kafka_cluster.nodes
    first.kill()
    second.kill()
    time.sleep(3)
    before = writer.done
    time.sleep(3)
    assert writer.done == before, "one copy alone is not enough to confirm anything"
    first.start()
    second.start()
    wait_for(lambda: writer.done > before + 10)
    writer.stop()
    last = b"%d" % writer.done
    assert KafkaTable(settings, 0).open() == {"head": last, "copy": last}
    assert forecasts_of(settings, writer.topic) == list(range(1, writer.done + 1))
