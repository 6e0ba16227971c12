"""Names of alarms, made of what was seen, where and when: a replay gives the same.

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
from datetime import UTC, datetime
from hashlib import blake2s

from gridcast.models.alarms.condition import Key
from gridcast.schemas import AlarmKind

FEEDS = (AlarmKind.FEED_BROKEN, AlarmKind.FEED_STALE, AlarmKind.FLOOD)
"""Their series is a feed, which has its partition in its name."""

LONGEST = 120

_KINDS = "|".join(AlarmKind)
_NAME = re.compile(rf"(?:{_KINDS})/.+/(\d{{1,6}})/[^/]+", re.ASCII | re.DOTALL)


def name_of(key: Key, partition: int, raised_ms: int) -> str:
    """Name an alarm of a partition."""
    kind, series = key
    if len(series) > LONGEST:  # a name has an end, and stays one of a kind
        series = f"{series[:LONGEST]}~{blake2s(series.encode(), digest_size=8).hexdigest()}"
    place = series if kind in FEEDS else f"{series}/{partition}"
    return f"{kind}/{place}/{utc(raised_ms):%Y-%m-%dT%H:%M:%SZ}"


def partition_of(alarm: str) -> int | None:
    """Tell from an alarm's name which partition raises it; None: none does."""
    found = _NAME.fullmatch(alarm)
    return None if found is None else int(found[1])


def utc(ms: int) -> datetime:
    """Give a time as messages have it."""
    return datetime.fromtimestamp(ms / 1000, UTC)
