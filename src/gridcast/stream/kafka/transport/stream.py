"""A Faust stream, as batches."""

from collections.abc import AsyncGenerator
from typing import Any

from gridcast.agents.batch import Batch
from gridcast.stream.kafka.transport.partition_position import HoleError


async def batches(stream: Any) -> AsyncGenerator[Batch]:
    """Hand over batches; a partition's follow on each other.

    Nothing is acknowledged by it: that is for the app to do, with `BatchConsumer.acknowledge`. The
    caller closes it (`contextlib.aclosing`). Where an agent leaves in the middle of a batch,
    nothing after it is handed over: the next one stops the worker, as any hole does.
    """
    consumer = stream.app.consumer
    async for event in stream.noack().events():
        message = event.message
        try:
            if consumer.hand_over(message):
                yield message.chunk.batch
        except GeneratorExit:
            message.chunk.take_back()
            raise
        except HoleError as hole:
            await consumer.crash(hole)
            raise
        finally:
            consumer.release(message)
