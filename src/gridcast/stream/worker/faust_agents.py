"""Registering agents on a worker's Faust app.

An agent is a plain async function over batches (`gridcast.agents`). Faust starts it, lists it in
`app.agents`, and shows its events to the app's sensors.
"""

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import faust

from gridcast.agents.batch import Batch
from gridcast.stream.kafka.transport import BatchChannel, channel_batches

Agent = Callable[[AsyncIterable[Batch]], Awaitable[None]]
StreamAgent = Callable[[Any], Awaitable[None]]
Fail = Callable[[Exception], Awaitable[None]]
"""Ends the worker because of an error."""


def register_agent(app: faust.App, name: str, channel: Any, run: StreamAgent, fail: Fail) -> None:
    """Register a function of a Faust stream as an agent whose failure ends the worker.

    Faust would start a failed agent again, behind the batch that it failed on, and log no more than
    that.
    """

    async def agent(stream: Any) -> None:
        try:
            await run(stream)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # It was not the agent that was cancelled, but what it awaits: the worker is ending.
            await asyncio.Event().wait()
        except Exception as error:  # noqa: BLE001 - raised when the worker has ended
            await fail(error)
            await asyncio.Event().wait()  # an agent that returned would be started again as well

    agent.__doc__ = run.__doc__
    app.agent(channel, name=name)(agent)


def register_broadcast_agent(
    app: faust.App, name: str, topic_name: str, agent: Agent, fail: Fail
) -> BatchChannel:
    """Register an agent of a topic that every worker reads whole; return the channel it reads."""
    channel = BatchChannel(app, topic_name)

    async def run(stream: Any) -> None:
        try:
            async with aclosing(channel_batches(stream)) as batches:
                await agent(batches)
        except Exception as error:
            channel.fail(error)
            raise

    register_agent(app, name, channel, run, fail)
    return channel
