"""Names of alarms, made of kind, series, partition and time, so that a replay gives the same.

>>> name_of((AlarmKind.SPIKE, "m-17"), 3, 1_767_225_660_000)
'spike/m-17/3/2026-01-01T00:01:00Z'
>>> name_of((AlarmKind.FEED_BROKEN, "meter.readings/3"), 3, 1_767_225_660_000)
'feed-broken/meter.readings/3/2026-01-01T00:01:00Z'
>>> partition_of("spike/m-17/3/2026-01-01T00:01:00Z")
3
>>> partition_of("spike/m-17/2026-01-01T00:01:00Z") is None
True
"""

import re
from hashlib import blake2s

from gridcast.models.alarms.condition import Key
from gridcast.schemas import AlarmKind
from gridcast.units import utc_time

FEEDS = (AlarmKind.FEED_BROKEN, AlarmKind.FEED_STALE, AlarmKind.FLOOD)
"""Kinds whose series is a feed. A feed's name contains its partition."""

LONGEST = 120

_KINDS = "|".join(AlarmKind)
_NAME = re.compile(rf"(?:{_KINDS})/.+/(\d{{1,6}})/[^/]+", re.ASCII | re.DOTALL)


def name_of(key: Key, partition: int, raised_ms: int) -> str:
    """Return the name of a partition's alarm."""
    kind, series = key
    if len(series) > LONGEST:  # names are limited in length, and stay unique
        series = f"{series[:LONGEST]}~{blake2s(series.encode(), digest_size=8).hexdigest()}"
    place = series if kind in FEEDS else f"{series}/{partition}"
    return f"{kind}/{place}/{utc_time(raised_ms):%Y-%m-%dT%H:%M:%SZ}"


def partition_of(alarm: str) -> int | None:
    """Return the partition that raises an alarm of this name, or None."""
    match = _NAME.fullmatch(alarm)
    return None if match is None else int(match[1])
