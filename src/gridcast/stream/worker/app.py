"""The Faust app of a worker: the group, its rebalances and its agents' life, as we want them."""

from typing import Any

import faust

from gridcast.schemas import Topic
from gridcast.stream.kafka.config import faust_credentials, group
from gridcast.stream.kafka.transport import BatchTransport
from gridcast.stream.settings import Settings

BATCH_MESSAGES = 10_000
"""Messages an agent is handed at once, at most. It is handed what there is: none waits for more."""
SESSION_S = 6.0
"""After so long without a heartbeat Kafka gives a worker's partitions to the others. The shortest
that Kafka allows by default: a killed worker's are to be taken over within 15 s."""
HEARTBEAT_S = 1.0
"""The others hear of it with their next heartbeat."""
REBALANCE_S = 30.0
"""How long the group waits for a worker to finish the batch it has."""
COMMIT_EVERY_S = 1.0
TOPICS_KNOWN_S = 10
"""How old what is known of topics may be. A broker that has just started can say that there are
none; who divides the partitions by that gives nobody any, until it asks again."""


def make_app(settings: Settings, *, with_headers: bool) -> faust.App:
    """Return the Faust app of one worker. Outputs bypass it: see `stream/state/kafka_table.py`."""
    folder = settings.cache_dir / "faust" / group(settings)
    folder.mkdir(parents=True, exist_ok=True)
    brokers = settings.broker.split(",")
    app = faust.App(
        group(settings),
        broker=[f"kafka://{address}" for address in brokers],
        broker_credentials=faust_credentials(settings),
        broker_max_poll_records=BATCH_MESSAGES,
        broker_session_timeout=SESSION_S,
        broker_heartbeat_interval=HEARTBEAT_S,
        broker_rebalance_timeout=REBALANCE_S,
        broker_commit_interval=COMMIT_EVERY_S,
        consumer_metadata_max_age_ms=TOPICS_KNOWN_S * 1000,
        datadir=folder,
        consumer_auto_offset_reset="earliest",
        # Topics are made by `gridcast topics create`, with our settings, not Faust's.
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
    )
    transport = BatchTransport(brokers, app)
    transport.with_headers = with_headers
    app.transport = transport
    return app


def topic_of(app: faust.App, settings: Settings, topic: Topic) -> Any:
    """Give Faust's idea of a topic: bytes in, bytes out."""
    return app.topic(
        settings.topic_prefix + topic.name,
        key_serializer="raw",
        value_serializer="raw",
        key_type=bytes,
        value_type=bytes,
    )
