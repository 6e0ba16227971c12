"""Publishes on `model.releases` which releases a worker could not use, and why."""

import asyncio
import logging
from functools import partial

from aiokafka.errors import KafkaError

from gridcast.schemas import ReleaseRefused
from gridcast.schemas.topics import RELEASES
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.access import as_user_error
from gridcast.stream.kafka.producer import send_once
from gridcast.stream.kafka.retry import retry_async
from gridcast.stream.settings import Settings

LOG = logging.getLogger("gridcast.releases")


class Refusals:
    """A queue of refusals that are published one by one, retrying while Kafka is away."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topic = settings.topic_prefix + RELEASES.name
        self._waiting: asyncio.Queue[tuple[bytes, bytes | None]] = asyncio.Queue()

    def tell(self, refused: ReleaseRefused) -> None:
        """Publish that a release was refused."""
        self._waiting.put_nowait((refused.key or b"", refused.to_bytes()))

    def take_back(self, refused: ReleaseRefused) -> None:
        """Withdraw a refusal: the release became fit."""
        self._waiting.put_nowait((refused.key or b"", None))

    async def run(self) -> None:
        """Publish refusals, forever."""
        while True:
            message = await self._waiting.get()
            send = partial(send_once, self._settings, RELEASES, [message])
            try:
                await retry_async("a refused release", send)
            except (KafkaError, UserError) as error:
                LOG.warning(
                    "could not publish the refusal to %s: %s", self._topic, as_user_error(error)
                )
