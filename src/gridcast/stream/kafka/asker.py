"""A connection to Kafka that only asks: up to where there are messages.

Kafka answers one request of a connection after the other: a question beside a reader that waits for
messages would wait with it.
"""

from typing import Any

from aiokafka import AIOKafkaConsumer

from gridcast.stream.kafka.config import aiokafka_options
from gridcast.stream.settings import Settings


async def connect_asker(settings: Settings, answer_within_ms: int) -> Any:
    """Connect one; an answer is waited for so long."""
    asker = AIOKafkaConsumer(
        **aiokafka_options(settings),
        isolation_level="read_committed",
        request_timeout_ms=answer_within_ms,
    )
    try:
        await asker.start()
    except BaseException:
        await asker.stop()
        raise
    return asker
