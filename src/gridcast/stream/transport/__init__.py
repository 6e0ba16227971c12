"""Faust's Kafka transport, delivering batches and losing nothing.

All that touches Faust's and aiokafka's insides is in this package; `docs/decisions/batch-transport`
says why each part exists, and `tests/system/transport/` has a test for each reason.
"""

from gridcast.stream.transport.consumer import BatchConsumer, BatchTransport, Standing
from gridcast.stream.transport.place import HoleError
from gridcast.stream.transport.stream import batches

__all__ = ["BatchConsumer", "BatchTransport", "HoleError", "Standing", "batches"]
