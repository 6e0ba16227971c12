"""Detects partitions that stand still though messages wait."""

from collections.abc import Mapping
from dataclasses import dataclass

from gridcast.stream.kafka.transport import PartitionOffsets


@dataclass(slots=True)
class _Standstill:
    delivered: int
    since_s: float


class Watchdog:
    """Compares the offsets of all partitions from check to check.

    Parameters
    ----------
    stuck_after_s
        A partition is stuck if it has not moved for so long though messages wait.

    Examples
    --------
    >>> watchdog = Watchdog(stuck_after_s=60)
    >>> watchdog.check({3: PartitionOffsets(delivered=10, acked=10, end=10)}, now_s=0)
    {}
    >>> watchdog.check({3: PartitionOffsets(delivered=10, acked=10, end=25)}, now_s=1)
    {}
    >>> watchdog.check({3: PartitionOffsets(delivered=10, acked=10, end=99)}, now_s=61)
    {3: 61.0}
    >>> watchdog.check({3: PartitionOffsets(delivered=11, acked=10, end=99)}, now_s=62)
    {}
    """

    def __init__(self, stuck_after_s: float) -> None:
        self._stuck_after_s = stuck_after_s
        self._standstills: dict[int, _Standstill] = {}

    def check(self, partitions: Mapping[int, PartitionOffsets], now_s: float) -> dict[int, float]:
        """Return for how many seconds each stuck partition has not moved."""
        former, self._standstills = self._standstills, {}
        for number, offsets in partitions.items():
            before = former.get(number)
            waits = offsets.end is not None and offsets.end > offsets.delivered
            moved = before is None or before.delivered != offsets.delivered or not waits
            since_s = now_s if moved or before is None else before.since_s
            self._standstills[number] = _Standstill(offsets.delivered, since_s)
        still_s = {
            number: float(now_s - standstill.since_s)
            for number, standstill in self._standstills.items()
        }
        return {
            number: seconds for number, seconds in still_s.items() if seconds >= self._stuck_after_s
        }
