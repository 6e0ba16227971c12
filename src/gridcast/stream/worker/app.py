"""The Faust app of a worker: consumer group, rebalance timing and topics."""

from typing import Any

import faust

from gridcast.schemas import Topic
from gridcast.stream.kafka.config import faust_credentials, group
from gridcast.stream.kafka.transport import BatchTransport
from gridcast.stream.settings import Settings

BATCH_MESSAGES = 10_000
"""Most messages of a batch. An agent gets what there is: no message waits for more."""
SESSION_S = 6.0
"""After so long without a heartbeat Kafka assigns a worker's partitions to others. It is the
shortest time that Kafka allows by default: a killed worker's are to be taken over within 15 s."""
HEARTBEAT_S = 1.0
"""Other workers learn of a rebalance with their next heartbeat."""
REBALANCE_S = 30.0
"""How long a rebalance waits for a worker to finish its batch."""
COMMIT_EVERY_S = 1.0
TOPICS_KNOWN_S = 10
"""Maximum age of topic metadata. A broker that has just started may report no topics; a leader that
assigns by that assigns no partitions until it asks again."""


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
        # `gridcast topics create` creates topics, with our settings and not Faust's.
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
    )
    transport = BatchTransport(brokers, app)
    transport.with_headers = with_headers
    app.transport = transport
    return app


def topic_of(app: faust.App, settings: Settings, topic: Topic) -> Any:
    """Return the Faust topic, with keys and values as bytes."""
    return app.topic(
        settings.topic_prefix + topic.name,
        key_serializer="raw",
        value_serializer="raw",
        key_type=bytes,
        value_type=bytes,
    )
