"""Three nodes, of which one may be lost."""

import resource
import time

import psutil
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, ResourceType  # type: ignore[attr-defined]

from gridcast.stream.kafka.broker import Broker
from gridcast.stream.kafka.broker.jars import fetch
from gridcast.stream.settings import load

TOPIC = "survivor"
PARTITIONS = 3
A_BATCH = 300


def produce(address: str, first: int) -> None:
    """Send a batch and have every message confirmed by at least two nodes."""
    refused: list[object] = []

    def on_delivery(error: object, _: object) -> None:
        if error is not None:
            refused.append(error)

    producer = Producer(
        {"bootstrap.servers": address, "acks": "all", "enable.idempotence": True, "log_level": 2}
    )
    for number in range(first, first + A_BATCH):
        producer.produce(TOPIC, str(number).encode(), on_delivery=on_delivery)
    assert producer.flush(120) == 0
    assert refused == []


def consume(address: str, count: int) -> list[int]:
    """Read the topic from its beginning; gives also what is too much."""
    consumer = Consumer(
        {
            "bootstrap.servers": address,
            "group.id": "reader",
            "enable.auto.commit": False,
            "log_level": 2,
        }
    )
    consumer.assign([TopicPartition(TOPIC, number, 0) for number in range(PARTITIONS)])
    found: list[int] = []
    give_up = time.monotonic() + 120
    while len(found) < count and time.monotonic() < give_up:
        found += [int(message.value() or b"") for message in consumer.consume(1000, timeout=0.2)]
    found += [int(message.value() or b"") for message in consumer.consume(1000, timeout=0.5)]
    consumer.close()
    return sorted(found)


def settled(admin: AdminClient, replicas: int) -> bool:
    """Tell whether every partition has a leader and so many copies up to date."""
    topic = admin.list_topics(TOPIC, timeout=60).topics[TOPIC]
    return len(topic.partitions) == PARTITIONS and all(
        p.leader > 0 and len(p.isrs) == replicas for p in topic.partitions.values()
    )


def wait_until_settled(admin: AdminClient, replicas: int) -> None:
    end = time.monotonic() + 120
    while not settled(admin, replicas):
        assert time.monotonic() < end, admin.list_topics(TOPIC, timeout=60).topics[TOPIC]
        time.sleep(0.1)


@pytest.fixture(scope="module")
def up_in_s(request: pytest.FixtureRequest) -> float:
    """Start the cluster that all of these tests share; gives how long that took.

    It is never longer than the processors worked for it: a machine may have other things to do.
    """
    fetch(load().settings.cache_dir, print)  # once for all
    began = time.monotonic()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    nodes = request.getfixturevalue("kafka_cluster").nodes
    took_s = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    worked = [psutil.Process(node.pid).cpu_times() for node in nodes]
    worked_s: float = sum(each.user + each.system for each in worked)
    worked_s += after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"up after {took_s:.1f} s, of which {worked_s:.1f} s of work")
    return min(took_s, worked_s)


@pytest.fixture(scope="module")
def admin(up_in_s: float, kafka_cluster: Broker) -> AdminClient:
    return AdminClient({"bootstrap.servers": kafka_cluster.address, "log_level": 2})


def test_three_nodes_are_up_in_less_than_30_s(up_in_s: float, kafka_cluster: Broker) -> None:
    assert up_in_s < 30
    assert len({node.pid for node in kafka_cluster.nodes if node.is_alive()}) == 3


def test_a_topic_of_three_copies_survives_that_a_node_is_killed(
    kafka_cluster: Broker, admin: AdminClient
) -> None:
    address = kafka_cluster.address
    admin.create_topics([NewTopic(TOPIC, PARTITIONS, 3)])[TOPIC].result()
    wait_until_settled(admin, 3)
    produce(address, 0)

    leader = admin.list_topics(TOPIC, timeout=60).topics[TOPIC].partitions[0].leader
    victim = kafka_cluster.nodes[leader - 1]
    victim.kill()
    assert not victim.is_alive()

    wait_until_settled(admin, 2)
    assert consume(address, A_BATCH) == list(range(A_BATCH))
    produce(address, A_BATCH)
    assert consume(address, 2 * A_BATCH) == list(range(2 * A_BATCH))

    victim.start()
    kafka_cluster.wait_until_ready()
    wait_until_settled(admin, 3)


def test_what_kafka_keeps_for_itself_is_kept_three_times_too(
    kafka_cluster: Broker, admin: AdminClient
) -> None:
    admin.create_topics([NewTopic("any", 1, 3)])["any"].result()
    consumer = Consumer({"bootstrap.servers": kafka_cluster.address, "group.id": "committer"})
    consumer.commit(offsets=[TopicPartition("any", 0, 0)], asynchronous=False)
    consumer.close()

    offsets = admin.list_topics(timeout=60).topics["__consumer_offsets"]
    assert {len(p.replicas) for p in offsets.partitions.values()} == {3}
    for name in ("any", "__consumer_offsets"):
        (answer,) = admin.describe_configs([ConfigResource(ResourceType.TOPIC, name)]).values()
        assert answer.result()["min.insync.replicas"].value == "2"
