"""Which readings come at a time that can be used: not far ahead, and not older than the window."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from gridcast.schemas.decode import WHOLE, Decoded
from gridcast.schemas.reasons import Reason, Refusal

NEVER = -(2**62)
"""Stands for the newest reading where there was none yet."""


@dataclass(frozen=True, slots=True)
class TimeBounds:
    """How far from where time stands a reading may be, in milliseconds."""

    ahead_ms: int
    """Past the moment at which Kafka got the message. Not past the clock on the wall: a batch that
    is read again tomorrow, or in a replay, must be judged the same."""
    behind_ms: int
    """Behind the newest time that a reading before it in the partition has told of: the length of
    the window."""


def within(
    decoded: Decoded, sent_ms: npt.NDArray[np.int64], newest_ms: int, bounds: TimeBounds
) -> tuple[Decoded, int]:
    """Leave out the readings outside the bounds.

    `sent_ms` is Kafka's time stamp of each message, `newest_ms` the newest time told before the
    batch. Gives what is left, and the newest time now. A reading tells of no time after Kafka got
    it: one meter's clock that is ahead must not carry all others along. Where the batches are cut
    changes nothing: each reading is judged by those before it, in its own batch too.
    """
    times = decoded.readings.time_ms
    latest = sent_ms[decoded.message] + bounds.ahead_ms
    ahead = times > latest
    told = np.where(ahead, NEVER, np.minimum(times, sent_ms[decoded.message]))
    newest = np.maximum.accumulate(np.append(newest_ms, told))
    earliest = newest[:-1] - bounds.behind_ms
    behind = times < earliest
    outside = ahead | behind
    if not outside.any():
        return decoded, int(newest[-1])
    refused = list(decoded.refused)
    for row in np.flatnonzero(outside):
        entry = int(decoded.entry[row])
        refusal = (
            _refusal(Reason.FAR_FUTURE, times[row], "after", latest[row], entry)
            if ahead[row]
            else _refusal(Reason.TOO_OLD, times[row], "before", earliest[row], entry)
        )
        refused.append((int(decoded.message[row]), refusal))
    refused.sort(key=lambda one: (one[0], one[1].entry or 0))
    kept = np.flatnonzero(~outside)
    rest = Decoded(decoded.readings.take(kept), decoded.message[kept], decoded.entry[kept], refused)
    return rest, int(newest[-1])


def ahead_of_stamp(name: str, time: datetime, sent_ms: int, ahead: timedelta) -> Refusal | None:
    """Refuse a time further past the moment at which Kafka got its message than it may be."""
    latest = datetime.fromtimestamp(sent_ms / 1000, UTC) + ahead
    if time <= latest:
        return None
    return Refusal(Reason.FAR_FUTURE, f"{name}: {time:%FT%TZ} is after {latest:%FT%TZ}")


def _refusal(reason: Reason, time: int, where: str, limit: int, entry: int) -> Refusal:
    shown = f"time: {np.datetime64(int(time), 'ms')}Z is {where} {np.datetime64(int(limit), 'ms')}Z"
    return Refusal(reason, shown, None if entry == WHOLE else entry)
