"""How many alarms come: the budget of EEMUA 191, and when it is a flood (ISA-18.2)."""

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
    """When alarms are a flood.

    Parameters
    ----------
    alarms
        So many in the span are one. It is over below half of that.
    span_ms
        How far is looked back.
    """

    alarms: int = 10
    span_ms: int = 10 * MINUTE_MS


class Rate:
    """How many alarms came in the newest span, by minute: small however many there are.

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
        """Count alarms that come at a time."""
        minute = at_ms // MINUTE_MS
        self._minutes[minute] = self._minutes.get(minute, 0) + count
        newest = max(self._minutes)
        for old in [one for one in self._minutes if one <= newest - self._span]:
            del self._minutes[old]

    def at(self, at_ms: int) -> int:
        """Give how many came in the span that ends at a time."""
        first = at_ms // MINUTE_MS - self._span + 1
        return sum(count for minute, count in self._minutes.items() if minute >= first)

    def columns(self) -> list[Column]:
        """Give it as columns of a record."""
        numbers = np.array(sorted(self._minutes), np.int64)
        return [numbers, np.array([self._minutes[number] for number in numbers], np.int64)]

    @classmethod
    def from_columns(cls, span_ms: int, numbers: Column, counts: Column) -> Self:
        """Read it from columns of a record."""
        rate = cls(span_ms)
        rate._minutes = {int(n): int(count) for n, count in zip(numbers, counts, strict=True)}
        return rate


def flood_of(
    feed: str, rate: int, counts: Mapping[AlarmKind, int], span_ms: int, sign: Sign = Sign.ON
) -> Condition:
    """Say what a flood is made of: how many alarms of which kinds came in the newest span.

    >>> flood_of("meter.readings/3", 40, {AlarmKind.GAP: 37, AlarmKind.SPIKE: 3}, 600_000).text
    '40 alarms in 10 minutes on meter.readings/3: 37 gap, 3 spike'
    """
    common = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    told = ", ".join(f"{count:,} {kind}" for kind, count in common[:5])
    return Condition(
        AlarmKind.FLOOD,
        feed,
        sign,
        Priority.HIGH,
        cause=common[0][0].value if common else "",
        text=f"{rate:,} alarms in {span_ms // MINUTE_MS} minutes on {feed}"
        + (f": {told}" if told else ""),
        evidence={
            "alarms_count": rate,
            **{f"{kind}_count": count for kind, count in counts.items()},
        },
    )
