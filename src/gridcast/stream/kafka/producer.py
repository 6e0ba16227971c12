"""aiokafka producers: connecting one, and sending a few messages with a short-lived one."""

import asyncio
from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaProducer

from gridcast.schemas import Topic
from gridcast.stream.kafka.config import aiokafka_options
from gridcast.stream.kafka.topic_admin import largest_message
from gridcast.stream.settings import Settings


async def connect_producer(settings: Settings, **options: Any) -> Any:
    """Connect an idempotent producer; `options` are aiokafka's."""
    producer = AIOKafkaProducer(**aiokafka_options(settings), enable_idempotence=True, **options)
    try:
        await producer.start()
    except BaseException:
        await producer.stop()
        raise
    return producer


async def send_once(
    settings: Settings, topic: Topic, messages: Iterable[tuple[bytes | None, bytes | None]]
) -> None:
    """Send keys and values with a producer of their own; return when Kafka has confirmed them.

    This is for messages so rare that a permanent producer would be idle for weeks.
    """
    producer = await connect_producer(
        settings, compression_type="lz4", max_request_size=largest_message(settings, topic)
    )
    name = settings.topic_prefix + topic.name
    try:
        sent = [await producer.send(name, value, key) for key, value in messages]
        await asyncio.gather(*sent)
    finally:
        await producer.stop()
