"""Time bounds: a reading is refused if it is far in the future or older than the window."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from gridcast.schemas.decode import WHOLE, Decoded
from gridcast.schemas.reasons import Reason, Refusal

NEVER = -(2**62)
"""The newest reading's time if there is no reading yet."""


@dataclass(frozen=True, slots=True)
class TimeBounds:
    """The accepted distance of a reading's time from the present, in milliseconds."""

    ahead_ms: int
    """Bound after Kafka's timestamp of the message. The wall clock is not used: a batch that is
    read again tomorrow, or in a replay, must be judged the same way."""
    behind_ms: int
    """Bound before the newest reading so far in the partition: the length of the window."""


def within(
    decoded: Decoded, sent_ms: npt.NDArray[np.int64], newest_ms: int, bounds: TimeBounds
) -> tuple[Decoded, int]:
    """Return the readings inside the bounds, and the newest reading time so far.

    `sent_ms` is Kafka's timestamp of each message. `newest_ms` is the newest reading time before
    the batch. A reading never moves time past Kafka's timestamp: one meter's clock that is ahead
    must not carry all others along. The result doesn't depend on where batches are cut, because
    each reading is judged by those before it, in its own batch too.
    """
    times = decoded.readings.time_ms
    latest = sent_ms[decoded.message] + bounds.ahead_ms
    ahead = times > latest
    event_ms = np.where(ahead, NEVER, np.minimum(times, sent_ms[decoded.message]))
    newest = np.maximum.accumulate(np.append(newest_ms, event_ms))
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
    refused.sort(key=lambda pair: (pair[0], pair[1].entry or 0))
    kept = np.flatnonzero(~outside)
    rest = Decoded(decoded.readings.take(kept), decoded.message[kept], decoded.entry[kept], refused)
    return rest, int(newest[-1])


def ahead_of_stamp(name: str, time: datetime, sent_ms: int, ahead: timedelta) -> Refusal | None:
    """Return a refusal if `time` is later than Kafka's timestamp by more than `ahead`."""
    latest = datetime.fromtimestamp(sent_ms / 1000, UTC) + ahead
    if time <= latest:
        return None
    return Refusal(Reason.FAR_FUTURE, f"{name}: {time:%FT%TZ} is after {latest:%FT%TZ}")


def _refusal(reason: Reason, time: int, where: str, limit: int, entry: int) -> Refusal:
    shown = f"time: {np.datetime64(int(time), 'ms')}Z is {where} {np.datetime64(int(limit), 'ms')}Z"
    return Refusal(reason, shown, None if entry == WHOLE else entry)
