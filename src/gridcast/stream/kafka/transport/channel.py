"""A Faust channel for a topic that every worker reads whole, outside the consumer group."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import faust
from faust.types.tuples import Message
from mode.utils.queues import FlowControlEvent, ThrowableQueue

from gridcast.agents.batch import Batch
from gridcast.stream.kafka.transport.message_fields import message_fields


class BatchMessage(Message):
    """A batch as Faust's sensors see it: one message, at the batch's first offset."""

    __slots__ = ("done",)

    def __init__(self, batch: Batch) -> None:
        super().__init__(**message_fields(batch))
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Set when the agent asks for the next batch."""


class BatchChannel(faust.Channel[Batch]):
    """A channel with one batch at a time, for one agent.

    Faust's own channels (`app.channel()`) belong to the app's flow control: a rebalance stops them,
    and then clears them. That suits partitions that move to another worker. This topic stays with
    every worker, so a cleared batch would be lost. And before a partition is given up, its last
    tick may wait for this topic.
    """

    def __init__(self, app: Any, topic_name: str, **kwargs: Any) -> None:
        super().__init__(app, **kwargs)
        self._topic_name = topic_name
        self._failure: Exception | None = None
        self._current: BatchMessage | None = None

    @property
    def queue(self) -> Any:
        """The queue that this channel shares with its clones, of which Faust makes several."""
        if self._queue is None:
            never_suspended = FlowControlEvent(initially_suspended=False)
            self._queue = ThrowableQueue(maxsize=1, flow_control=never_suspended)
        return self._queue

    def _clone_args(self) -> dict[str, Any]:
        own = {"topic_name": self._topic_name, "queue": self.queue}
        return {**super()._clone_args(), **own}

    def get_topic_name(self) -> str:
        """Return the name of the Kafka topic whose batches are delivered here."""
        return self._topic_name

    async def deliver_batch(self, batch: Batch) -> None:
        """Hand a batch to the agent; return when the agent is done with it.

        If the agent has failed, its error is raised.
        """
        if self._failure is not None:
            raise self._failure
        self._current = BatchMessage(batch)
        event = self.app.create_event(None, batch, None, self._current)
        await self.queue.put(event)
        await self._current.done

    def fail(self, error: Exception) -> None:
        """Pass the agent's error on to whoever delivers batches."""
        self._failure = error
        if self._current is not None and not self._current.done.done():
            self._current.done.set_exception(error)


async def channel_batches(stream: Any) -> AsyncGenerator[Batch]:
    """Yield the batches that an agent's channel receives; the app's sensors see each of them.

    Unlike `faust.Stream` it does not skip what comes while partitions are reassigned.
    """
    sensors = stream.app.sensors
    async for event in stream.channel:
        message = event.message
        sensors.on_message_in(message.tp, message.offset, message)
        state = sensors.on_stream_event_in(message.tp, message.offset, stream, event)
        yield event.value
        sensors.on_stream_event_out(message.tp, message.offset, stream, event, state)
        sensors.on_message_out(message.tp, message.offset, message)
        if not message.done.done():
            message.done.set_result(None)
