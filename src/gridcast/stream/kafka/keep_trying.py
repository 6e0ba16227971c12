"""What needs Kafka is tried until Kafka is there."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError

from gridcast.stream.kafka.access import plainly

LOG = logging.getLogger("gridcast.kafka")
FIRST_S, LONGEST_S = 0.1, 2.0
SAID_AFTER_S = 5.0
"""A broker that restarts is away for less, and nobody need read of it."""
AWAY = (KafkaConnectionError, KafkaTimeoutError, ConnectionError)

Result = TypeVar("Result")


async def keep_trying(what: str, attempt: Callable[[], Awaitable[Result]]) -> Result:
    """Do something that needs Kafka; while Kafka is away, wait longer and longer, saying so once.

    What waiting does not mend is raised; what Kafka does not allow us as a :class:`UserError`.
    """
    began, pause, said = time.monotonic(), FIRST_S, False
    while True:
        try:
            result = await attempt()
        except (KafkaError, ConnectionError) as error:
            if not (isinstance(error, AWAY) or getattr(error, "retriable", False)):
                raise plainly(error) from None
            if not said and time.monotonic() - began > SAID_AFTER_S:
                said = True
                LOG.warning("%s waits for Kafka: %s", what, error)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_S)
        else:
            if said:
                LOG.warning("%s goes on, after %.0f s", what, time.monotonic() - began)
            return result
