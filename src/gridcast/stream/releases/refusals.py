"""What workers tell on `model.releases`: which releases they could not take into use, and why."""

import asyncio
import logging
from functools import partial
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from gridcast.schemas import ReleaseRefused
from gridcast.schemas.topics import RELEASES
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.access import plainly
from gridcast.stream.kafka.config import aiokafka_options
from gridcast.stream.kafka.keep_trying import keep_trying
from gridcast.stream.settings import Settings

LOG = logging.getLogger("gridcast.releases")


class Refusals:
    """Tells them one after the other; while Kafka is away, when it is back."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topic = settings.topic_prefix + RELEASES.name
        self._waiting: asyncio.Queue[tuple[bytes, bytes | None]] = asyncio.Queue()

    def tell(self, refused: ReleaseRefused) -> None:
        """Say that a release was refused."""
        self._waiting.put_nowait((refused.key or b"", refused.to_bytes()))

    def take_back(self, refused: ReleaseRefused) -> None:
        """Say that it came right after all."""
        self._waiting.put_nowait((refused.key or b"", None))

    async def run(self) -> None:
        """Tell, for ever."""
        while True:
            one = await self._waiting.get()
            try:
                await keep_trying("a refused release", partial(self._send, *one))
            except (KafkaError, UserError) as error:
                LOG.warning("not told on %s: %s", self._topic, plainly(error))

    async def _send(self, key: bytes, value: bytes | None) -> None:
        # They are rare: a producer for each spares the worker one that idles for weeks.
        producer: Any = AIOKafkaProducer(
            **aiokafka_options(self._settings), enable_idempotence=True, compression_type="lz4"
        )
        try:
            await producer.start()
            await producer.send_and_wait(self._topic, value, key)
        finally:
            await producer.stop()
