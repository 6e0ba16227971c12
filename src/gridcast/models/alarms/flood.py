"""The rate of alarms: the budget of EEMUA 191, and floods as in ISA-18.2."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from gridcast.models.alarms.condition import Condition, Sign
from gridcast.models.records import Column
from gridcast.schemas import AlarmKind, Priority
from gridcast.units import MINUTE_MS


@dataclass(frozen=True, slots=True)
class FloodLimit:
    """The rate of alarms that counts as a flood.

    Parameters
    ----------
    alarms
        Number of alarms in the span that begins a flood. It ends below half of that.
    span_ms
        Length of the span.
    """

    alarms: int = 10
    span_ms: int = 10 * MINUTE_MS


class Rate:
    """The number of alarms in the newest span, counted by minute to bound its size.

    >>> rate = Rate(10 * MINUTE_MS)
    >>> rate.add(0, 3)
    >>> rate.add(5 * MINUTE_MS, 1)
    >>> rate.at(9 * MINUTE_MS), rate.at(10 * MINUTE_MS)
    (4, 1)
    """

    def __init__(self, span_ms: int) -> None:
        self._span = span_ms // MINUTE_MS
        self._minutes: dict[int, int] = {}

    def add(self, at_ms: int, count: int) -> None:
        """Count alarms at a time."""
        minute = at_ms // MINUTE_MS
        self._minutes[minute] = self._minutes.get(minute, 0) + count
        newest = max(self._minutes)
        for old in [minute for minute in self._minutes if minute <= newest - self._span]:
            del self._minutes[old]

    def at(self, at_ms: int) -> int:
        """Return the number of alarms in the span that ends at a time."""
        first = at_ms // MINUTE_MS - self._span + 1
        return sum(count for minute, count in self._minutes.items() if minute >= first)

    def columns(self) -> list[Column]:
        """Return it as columns of a record."""
        numbers = np.array(sorted(self._minutes), np.int64)
        return [numbers, np.array([self._minutes[number] for number in numbers], np.int64)]

    @classmethod
    def from_columns(cls, span_ms: int, numbers: Column, counts: Column) -> Self:
        """Load it from columns of a record."""
        rate = cls(span_ms)
        rate._minutes = {int(n): int(count) for n, count in zip(numbers, counts, strict=True)}
        return rate


def flood_of(
    feed: str, rate: int, counts: Mapping[AlarmKind, int], span_ms: int, sign: Sign = Sign.ON
) -> Condition:
    """Return the condition of a flood, with the number of alarms of each kind in the span.

    >>> flood_of("meter.readings/3", 40, {AlarmKind.GAP: 37, AlarmKind.SPIKE: 3}, 600_000).text
    '40 alarms in 10 minutes on meter.readings/3: 37 gap, 3 spike'
    """
    common = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in common[:5])
    return Condition(
        AlarmKind.FLOOD,
        feed,
        sign,
        Priority.HIGH,
        cause=common[0][0].value if common else "",
        text=f"{rate:,} alarms in {span_ms // MINUTE_MS} minutes on {feed}"
        + (f": {kinds}" if kinds else ""),
        evidence={
            "alarms_count": rate,
            **{f"{kind}_count": count for kind, count in counts.items()},
        },
    )
