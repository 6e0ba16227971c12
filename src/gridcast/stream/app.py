"""The Faust app: the agents, each registered on its topic and handed batches."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import faust
import numpy as np

from gridcast.agents.batch import Batch
from gridcast.agents.readings import Tally, readings
from gridcast.schemas import Message, TimeBounds, Topic
from gridcast.schemas.topics import DEAD_LETTERS, READINGS
from gridcast.stream.kafka import faust_credentials, group
from gridcast.stream.settings import Settings
from gridcast.stream.topics import largest_message

BATCH = 2_000
"""Messages an agent is handed at once, at most."""
BATCH_WITHIN_S = 0.1
"""How long it waits for so many."""


def make_app(settings: Settings, tally: Tally) -> faust.App:
    """Make the app of one worker."""
    folder = settings.cache_dir / "faust" / group(settings)
    folder.mkdir(parents=True, exist_ok=True)
    app = faust.App(
        group(settings),
        broker=[f"kafka://{address}" for address in settings.broker.split(",")],
        broker_credentials=faust_credentials(settings),
        datadir=folder,
        producer_acks=-1,
        producer_compression_type="lz4",
        producer_max_request_size=largest_message(settings, DEAD_LETTERS),
        consumer_auto_offset_reset="earliest",
        # Topics are made by `gridcast topics create`, with our settings, not Faust's.
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
    )
    bounds = TimeBounds(
        ahead_ms=round(settings.future_bound_s * 1000),
        behind_ms=timedelta(days=settings.window_days) // timedelta(milliseconds=1),
    )

    async def on_readings(stream: Any) -> None:
        await readings(
            _batches(stream),
            _sender(app, settings),
            tally,
            bounds=bounds,
            message_bytes=settings.message_bytes,
        )

    app.agent(_topic(app, settings, READINGS), name="readings")(on_readings)
    return app


def _topic(app: faust.App, settings: Settings, topic: Topic) -> Any:
    return app.topic(
        settings.topic_prefix + topic.name,
        key_serializer="raw",
        value_serializer="raw",
        key_type=bytes,
        value_type=bytes,
    )


def _sender(app: faust.App, settings: Settings) -> Any:
    async def send(topic: Topic, messages: Sequence[Message]) -> None:
        to = _topic(app, settings, topic)
        sent = [await to.send(key=message.key, value=message.to_bytes()) for message in messages]
        await asyncio.gather(*sent)

    return send


async def _batches(stream: Any) -> AsyncIterator[Batch]:
    """Cut a Faust stream into batches of one partition each.

    Faust acknowledges what it handed over when it is asked for more: when the agent is done.
    """
    async for events in stream.take_events(BATCH, within=BATCH_WITHIN_S):
        by_partition = defaultdict(list)
        for event in events:
            by_partition[event.message.tp].append(event.message)
        for (topic, partition), messages in by_partition.items():
            yield Batch(
                topic,
                partition,
                [message.offset for message in messages],
                [message.key for message in messages],
                [message.value for message in messages],
                np.array([round(message.timestamp * 1000) for message in messages]),
            )
