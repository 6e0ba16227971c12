"""Both of our clients, against a real Kafka: what one writes the other reads, in the same place."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from gridcast.stream.kafka.config import aiokafka_options, librdkafka_options, producer_options
from gridcast.stream.settings import Settings

PARTITIONS = 7
KEYS = [f"feeder-{number}/meter-{number * 37 % 101}".encode() for number in range(500)] + [
    "Umspannwerk Süd".encode(),
    b"",
    bytes(range(256)),
]


@pytest.fixture
def settings(kafka: str) -> Settings:
    return Settings(broker=kafka)


@pytest.fixture
def topic(settings: Settings) -> str:
    name = f"clients-{uuid4().hex[:8]}"
    admin = AdminClient(librdkafka_options(settings))
    admin.create_topics([NewTopic(name, PARTITIONS, 1)])[name].result()
    return name


@pytest.fixture
async def consumer(settings: Settings, topic: str) -> AsyncIterator[AIOKafkaConsumer]:
    client = AIOKafkaConsumer(topic, auto_offset_reset="earliest", **aiokafka_options(settings))
    await client.start()
    yield client
    await client.stop()


def places_by_aiokafka() -> dict[bytes, int]:
    partitions = list(range(PARTITIONS))
    return {key: DefaultPartitioner()(key, partitions, partitions) for key in KEYS}


async def test_librdkafka_and_aiokafka_put_a_key_into_the_same_partition(
    settings: Settings, topic: str, consumer: AIOKafkaConsumer
) -> None:
    producer = Producer(producer_options(settings))
    for key in KEYS:
        producer.produce(topic, value=b"x" * 100, key=key)
    assert producer.flush(60) == 0
    found: dict[bytes, int] = {}
    while len(found) < len(KEYS):
        for messages in (await consumer.getmany(timeout_ms=1000)).values():
            found |= {message.key: message.partition for message in messages}
    assert found == places_by_aiokafka()


async def test_what_aiokafka_sends_with_lz4_is_read_by_both(
    settings: Settings, topic: str, consumer: AIOKafkaConsumer
) -> None:
    sent = {key: b"1.25 kW " * 50 + key for key in KEYS}
    options = aiokafka_options(settings)
    async with AIOKafkaProducer(compression_type="lz4", acks="all", **options) as producer:
        for key, value in sent.items():
            await producer.send(topic, value, key)
        await producer.flush()

    by_aiokafka: dict[bytes, bytes] = {}
    while len(by_aiokafka) < len(sent):
        for messages in (await consumer.getmany(timeout_ms=1000)).values():
            by_aiokafka |= {message.key: message.value for message in messages}
    assert by_aiokafka == sent

    reader = Consumer(
        librdkafka_options(settings) | {"group.id": topic, "auto.offset.reset": "earliest"}
    )
    reader.subscribe([topic])
    by_librdkafka: dict[bytes | None, bytes | None] = {}
    while len(by_librdkafka) < len(sent):
        messages = reader.consume(1000, timeout=0.5)
        by_librdkafka |= {message.key(): message.value() for message in messages}
    reader.close()
    assert by_librdkafka == sent
