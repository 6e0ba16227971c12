"""confluent-kafka: `consume` in batches, then produce, then commit what was produced."""

import sys
import time

from confluent_kafka import Consumer, Producer
from ring import Partition

COMMIT_EVERY_S = 1.0


def main() -> None:
    broker, readings, outputs, group, shape, _ = sys.argv[1:]
    consumer = Consumer(
        {
            "bootstrap.servers": broker,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    producer = Producer(
        {
            "bootstrap.servers": broker,
            "acks": "all",
            "compression.type": "lz4",
            "linger.ms": 20,
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    consumer.subscribe([readings])
    partitions: dict[int, Partition] = {}
    committed = time.monotonic()
    while True:
        for message in consumer.consume(5_000, timeout=0.1):
            if message.error():
                raise SystemExit(str(message.error()))
            number = message.partition()
            partition = partitions.setdefault(number, Partition(number, shape))
            for key, value in partition.fold(message.value()):
                producer.produce(outputs, value, key)
        producer.poll(0)
        if partitions and time.monotonic() - committed > COMMIT_EVERY_S:
            producer.flush()
            consumer.commit(asynchronous=False)
            committed = time.monotonic()


main()
