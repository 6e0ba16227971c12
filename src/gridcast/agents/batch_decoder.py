"""Decodes the batches of one partition, refuses what cannot be used, and judges the feed."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gridcast.agents.batch import Batch
from gridcast.agents.dead_letter import Refused
from gridcast.models.alarms import Condition
from gridcast.models.feed_guard import FeedGuard, FeedLimit
from gridcast.models.records import Record, RecordKind, key_of
from gridcast.schemas import Decoded, TimeBounds, decode, within


@dataclass(frozen=True, slots=True)
class DecodedBatch:
    """The readings of a batch, and what is to be reported about it."""

    decoded: Decoded
    conditions: list[tuple[int, Condition]]
    """State of the feed at the end of each minute, with the time, ms since 1970."""
    refused: Refused
    """Messages to report as dead letters: those not reported before."""


class BatchDecoder:
    """Decodes batches, and keeps the feed guard that counts the refusals.

    Parameters
    ----------
    feed
        Name of the partition in alarms.
    limit
        When so many refusals mean that the feed is broken.
    bounds
        Which times a reading may have.
    message_bytes
        Larger messages are refused.
    """

    def __init__(self, feed: str, limit: FeedLimit, bounds: TimeBounds, message_bytes: int) -> None:
        self._feed, self._limit = feed, limit
        self._bounds, self._message_bytes = bounds, message_bytes
        self._guard = FeedGuard(feed, limit)

    def load(self, records: Mapping[str, bytes]) -> None:
        """Start from the records of a table."""
        self._guard = FeedGuard(self._feed, self._limit, records.get(key_of(RecordKind.FEED)))

    def record(self) -> Record:
        """Return the feed guard's state as a record."""
        return self._guard.record()

    def decode(self, batch: Batch, newest_ms: int, reported_offset: int) -> DecodedBatch:
        """Decode a batch; messages before `reported_offset` were counted and reported before.

        `newest_ms` is the newest time that a reading of the partition had before this batch.
        """
        decoded = decode(batch.keys, batch.values, limit=self._message_bytes)
        decoded, _ = within(decoded, batch.sent_ms, newest_ms, self._bounds)
        first = int(np.searchsorted(np.asarray(batch.offsets), reported_offset))
        conditions = list(self._guard.take(batch.sent_ms, decoded, first))
        refused = [
            (place, refusal)
            for place, refusal in decoded.refused
            if batch.offsets[place] >= reported_offset
        ]
        return DecodedBatch(decoded, conditions, refused)
