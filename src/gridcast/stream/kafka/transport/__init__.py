"""Faust's Kafka transport, delivering batches and losing nothing.

All that touches Faust's and aiokafka's insides is in this package; `docs/decisions/batch-transport`
says why each part exists, and `tests/system/transport/` has a test for each reason.
"""

from gridcast.stream.kafka.transport.channel import BatchChannel, channel_batches
from gridcast.stream.kafka.transport.consumer import BatchConsumer, BatchTransport, PartitionOffsets
from gridcast.stream.kafka.transport.partition_position import HoleError
from gridcast.stream.kafka.transport.stream import batches

__all__ = [
    "BatchChannel",
    "BatchConsumer",
    "BatchTransport",
    "HoleError",
    "PartitionOffsets",
    "batches",
    "channel_batches",
]
