"""A Faust transport for Kafka that delivers batches and loses nothing.

Everything that touches the internals of Faust and aiokafka is in this package.
`docs/decisions/batch-transport.md` says why each part exists, and `tests/system/transport/` has a
test for each reason.
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
