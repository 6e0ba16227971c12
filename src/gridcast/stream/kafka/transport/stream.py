"""A Faust stream, as batches."""

from collections.abc import AsyncGenerator
from typing import Any

from gridcast.agents.batch import Batch
from gridcast.stream.kafka.transport.partition_position import HoleError


async def batches(stream: Any) -> AsyncGenerator[Batch]:
    """Yield batches, those of a partition without a hole.

    It acknowledges nothing: the app does, with `BatchConsumer.acknowledge`. The caller closes the
    generator (`contextlib.aclosing`). If an agent leaves in the middle of a batch, nothing behind
    it is delivered: the next batch stops the worker, as any hole does.
    """
    consumer = stream.app.consumer
    async for event in stream.noack().events():
        message = event.message
        try:
            if consumer.deliver(message):
                yield message.chunk.batch
        except GeneratorExit:
            message.chunk.take_back()
            raise
        except HoleError as hole:
            await consumer.crash(hole)
            raise
        finally:
            consumer.release(message)
