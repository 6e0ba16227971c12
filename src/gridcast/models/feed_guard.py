"""Feed guard: raises an alarm if too many readings of a feed are refused.

Readings used and refused are counted by minute of Kafka's timestamp, never by a clock. A minute is
judged when a message of a later one arrives. The result therefore depends on the messages alone,
not on batches: reading the same messages again raises the same alarm.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from gridcast.models.alarms import Condition, Sign
from gridcast.models.records import Column, Record, RecordKind, decode, key_of
from gridcast.schemas import AlarmKind, Decoded, Priority
from gridcast.units import MINUTE_MS

SPAN = 15
"""Minutes that are judged together."""
LEAST = 3
"""Minimum number of refused readings in that span for their share to matter."""
NONE = -1
SHOWN = 5
"""Number of the most common reasons that an alarm lists."""


@dataclass(frozen=True, slots=True)
class FeedLimit:
    """Alarm thresholds for refused readings. An alarm clears at half of them."""

    share: float
    """Share of all readings, 0 to 1."""
    per_minute: float
    """Refused a minute, on average over the span."""


@dataclass(slots=True)
class _Minute:
    used: int = 0
    refused: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Judged:
    refused: Counter[str]
    share: float
    per_minute: float
    readings_per_minute: float


class FeedGuard:
    """The guard of one partition of a feed.

    Parameters
    ----------
    feed
        What to call it in alarms: topic and partition.
    limit
        Above which the feed counts as broken: either figure is enough.
    record
        What it knew when it was last kept; None: nothing.

    Examples
    --------
    >>> from gridcast.schemas import decode
    >>> guard = FeedGuard("meter.readings/3", FeedLimit(share=0.05, per_minute=1000))
    >>> rubbish = decode([b"m"] * 4, [b"rubbish"] * 4)
    >>> list(guard.take(np.full(4, 1_767_225_600_000), rubbish))
    []
    >>> ((at_ms, seen),) = guard.take(np.full(4, 1_767_225_660_000), rubbish)
    >>> at_ms, str(seen.kind), seen.sign
    (1767225660000, 'feed-broken', <Sign.ON: 2>)
    >>> seen.text
    '100 % of the readings of the last 15 minutes were refused on meter.readings/3: 4 not-json'
    """

    def __init__(self, feed: str, limit: FeedLimit, record: bytes | None = None) -> None:
        self._feed = feed
        self._limit = limit
        self._minutes: dict[int, _Minute] = {}
        if record is not None:
            self._load(decode(key_of(RecordKind.FEED), record))

    def take(
        self, sent_ms: npt.NDArray[np.int64], decoded: Decoded, first: int = 0
    ) -> Iterator[tuple[int, Condition]]:
        """Count a batch; yield the condition of the feed at the end of each completed minute.

        `sent_ms` is Kafka's timestamp of each message. Messages before `first` were counted before.
        """
        places = [place for place, _ in decoded.refused]
        begin = first
        while begin < len(sent_ms):
            number = int(sent_ms[begin]) // MINUTE_MS
            yield from self._close_before(number)
            # A stamp that goes back counts for the minute that is open.
            number = max(number, max(self._minutes, default=NONE))
            later = np.flatnonzero(sent_ms[begin:] >= (number + 1) * MINUTE_MS)
            end = begin + int(later[0]) if len(later) else len(sent_ms)
            counted = self._minutes.setdefault(number, _Minute())
            start, stop = np.searchsorted(decoded.message, (begin, end))
            counted.used += int(stop - start)
            refused = decoded.refused[bisect_left(places, begin) : bisect_left(places, end)]
            counted.refused.update(refusal.reason.value for _, refusal in refused)
            begin = end

    def record(self) -> Record:
        """Return the state as a record."""
        numbers = sorted(self._minutes)
        refused = [
            (number, reason, count)
            for number in numbers
            for reason, count in sorted(self._minutes[number].refused.items())
        ]
        columns: list[Column] = [
            np.array(numbers, np.int64),
            np.array([self._minutes[number].used for number in numbers], np.int64),
            np.array([number for number, _, _ in refused], np.int64),
            [reason for _, reason, _ in refused],
            np.array([count for _, _, count in refused], np.int64),
        ]
        return Record(RecordKind.FEED, 0, columns)

    def _load(self, record: Record) -> None:
        columns = cast("list[Any]", record.columns)
        numbers, used, in_minute, reasons, counts = columns
        for number, count in zip(numbers.tolist(), used.tolist(), strict=True):
            self._minutes[number] = _Minute(count)
        for number, reason, count in zip(in_minute.tolist(), reasons, counts.tolist(), strict=True):
            self._minutes[number].refused[reason] = count

    def _close_before(self, minute: int) -> Iterator[tuple[int, Condition]]:
        """Judge the open minute if a later one has begun.

        Minutes without messages are not judged.
        """
        over = max(self._minutes, default=NONE)
        if over == NONE or over >= minute:
            return
        for number in [number for number in self._minutes if number <= over - SPAN]:
            del self._minutes[number]
        yield (over + 1) * MINUTE_MS, self._condition(self._judge())

    def _judge(self) -> _Judged:
        refused: Counter[str] = Counter()
        for counted in self._minutes.values():
            refused += counted.refused
        count = refused.total()
        readings = count + sum(counted.used for counted in self._minutes.values())
        return _Judged(refused, count / readings if readings else 0, count / SPAN, readings / SPAN)

    def _sign(self, judged: _Judged) -> Sign:
        limit = self._limit
        is_share_high = judged.share > limit.share and judged.refused.total() >= LEAST
        if is_share_high or judged.per_minute > limit.per_minute:
            return Sign.ON
        is_calm = judged.share <= limit.share / 2 and judged.per_minute <= limit.per_minute / 2
        return Sign.OFF if is_calm else Sign.BETWEEN

    def _condition(self, judged: _Judged) -> Condition:
        # Of reasons that are as common the first by name, whatever order they came in.
        common = sorted(judged.refused.items(), key=lambda item: (-item[1], item[0]))[:SHOWN]
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in common)
        return Condition(
            AlarmKind.FEED_BROKEN,
            self._feed,
            self._sign(judged),
            Priority.HIGH,
            cause=common[0][0] if common else "",
            text=f"{100 * judged.share:.3g} % of the readings of the last {SPAN} minutes "
            f"were refused on {self._feed}" + (f": {reasons}" if reasons else ""),
            evidence={
                "refused_share": round(judged.share, 4),
                "refused_per_minute": round(judged.per_minute, 3),
                "readings_per_minute": round(judged.readings_per_minute, 3),
                **{f"{reason}_count": count for reason, count in common},
            },
        )
