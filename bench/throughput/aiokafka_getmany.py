"""aiokafka as its documentation shows it: `getmany`, then send, then commit what was sent."""

import asyncio
import sys
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from ring import Partition

COMMIT_EVERY_S = 1.0


async def main() -> None:
    broker, readings, outputs, group, shape, _ = sys.argv[1:]
    consumer = AIOKafkaConsumer(
        readings,
        bootstrap_servers=broker,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=broker, acks="all", compression_type="lz4", linger_ms=20
    )
    await consumer.start()
    await producer.start()
    partitions: dict[int, Partition] = {}
    committed = time.monotonic()
    while True:
        fetched = await consumer.getmany(timeout_ms=200)
        for place, records in fetched.items():
            partition = partitions.setdefault(place.partition, Partition(place.partition, shape))
            for record in records:
                for key, value in partition.fold(record.value):
                    await producer.send(outputs, value, key)
        if time.monotonic() - committed > COMMIT_EVERY_S:
            await producer.flush()
            await consumer.commit()
            committed = time.monotonic()


asyncio.run(main())
