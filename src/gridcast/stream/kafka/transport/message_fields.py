"""A batch in the terms of Faust, whose streams and sensors know only single messages."""

from typing import Any

from gridcast.agents.batch import Batch


def message_fields(batch: Batch) -> dict[str, Any]:
    """Return the fields of the Faust message that stands for a batch, at its first offset."""
    return {
        "topic": batch.topic,
        "partition": batch.partition,
        "offset": batch.begin,
        "timestamp": float(batch.sent_ms[-1]) / 1000 if len(batch) else 0.0,
        "timestamp_type": 1,
        "headers": None,
        "key": None,
        "value": None,
        "checksum": None,
    }
