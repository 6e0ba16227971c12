"""Notices a partition that stands still while messages wait: a worker must not die silently."""

from collections.abc import Mapping
from dataclasses import dataclass

from gridcast.stream.kafka.transport import PartitionOffsets


@dataclass(slots=True)
class _Seen:
    handed: int
    since_s: float


class Watchdog:
    """Looks at all partitions now and then.

    Parameters
    ----------
    patience_s
        For so long a partition may stand still though messages wait.

    Examples
    --------
    >>> watchdog = Watchdog(patience_s=60)
    >>> watchdog.look({3: PartitionOffsets(handed=10, done=10, end=10)}, now_s=0)
    {}
    >>> watchdog.look({3: PartitionOffsets(handed=10, done=10, end=25)}, now_s=1)
    {}
    >>> watchdog.look({3: PartitionOffsets(handed=10, done=10, end=99)}, now_s=61)
    {3: 61.0}
    >>> watchdog.look({3: PartitionOffsets(handed=11, done=10, end=99)}, now_s=62)
    {}
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._seen: dict[int, _Seen] = {}

    def look(self, standing: Mapping[int, PartitionOffsets], now_s: float) -> dict[int, float]:
        """Give the partitions that are stuck, and for how many seconds each."""
        seen, self._seen = self._seen, {}
        for number, place in standing.items():
            before = seen.get(number)
            waits = place.end is not None and place.end > place.handed
            moved = before is None or before.handed != place.handed or not waits
            since = now_s if moved or before is None else before.since_s
            self._seen[number] = _Seen(place.handed, since)
        return {
            number: float(now_s - one.since_s)
            for number, one in self._seen.items()
            if now_s - one.since_s >= self._patience_s
        }
