"""Recall, delay and false alarms of detectors against labelled faults."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from gridcast.models.alarms import Key
from gridcast.schemas import AlarmKind
from gridcast.units import MINUTE_MS

WITHIN_MS = 15 * MINUTE_MS
"""Longest delay of a detection that counts."""
AFTER_MS = 60 * MINUTE_MS
"""An alarm this soon after a fault still belongs to it."""

MOVES = frozenset({AlarmKind.DRIFT, AlarmKind.DATA_DRIFT, AlarmKind.DISAGREEMENT})
ALARMS_OF_FAULT: dict[str, frozenset[AlarmKind]] = {
    "spike": frozenset({AlarmKind.SPIKE, AlarmKind.OUT_OF_LIMITS, AlarmKind.UNIT}),
    "drop": frozenset({AlarmKind.DROP, AlarmKind.OUT_OF_LIMITS, AlarmKind.UNIT}),
    "flatline": frozenset({AlarmKind.FLATLINE}),
    "gap": frozenset({AlarmKind.GAP}),
    "unit": frozenset({AlarmKind.UNIT, AlarmKind.OUT_OF_LIMITS, AlarmKind.SPIKE}),
    "dead-feeder": frozenset({AlarmKind.GAP}),
    "backlog": frozenset({AlarmKind.GAP}),
    "clock": frozenset({AlarmKind.CLOCK, AlarmKind.GAP}),
    "level": frozenset({AlarmKind.SPIKE, AlarmKind.DROP, *MOVES}),
    "drift": MOVES,
}
"""Alarm kinds that detect a labelled fault. Other labels (one reading late, duplicated, corrected)
need no alarm."""

SCORED_FAULTS = ("spike", "drop", "flatline", "gap", "unit")
"""Faults that the recall counts; others are reported separately."""


@dataclass(frozen=True, slots=True)
class LabelledFault:
    """One labelled fault."""

    kind: str
    series: str
    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class KindScore:
    """The detector's score for the faults of one kind."""

    kind: str
    faults: int
    found: int
    delay_minutes: float | None
    """Median over the faults found."""

    @property
    def recall(self) -> float | None:
        """Share of the faults found in time."""
        return self.found / self.faults if self.faults else None


def score_by_kind(
    faults: Iterable[LabelledFault],
    seen: Sequence[tuple[Key, int]],
    above: dict[str, tuple[str, ...]],
) -> list[KindScore]:
    """Return the scores by kind. An alarm of a series in `above` counts for the series below it."""
    when: dict[Key, list[int]] = {}
    for key, at_ms in seen:
        when.setdefault(key, []).append(at_ms)
    counts: dict[str, int] = {}
    delays: dict[str, list[float]] = {}
    for fault in faults:
        if fault.kind not in ALARMS_OF_FAULT:
            continue
        counts[fault.kind] = counts.get(fault.kind, 0) + 1
        places = (fault.series, *above.get(fault.series, ()))
        times = [
            at_ms - fault.from_ms
            for kind in ALARMS_OF_FAULT[fault.kind]
            for place in places
            for at_ms in when.get((kind, place), ())
            if 0 <= at_ms - fault.from_ms <= WITHIN_MS
        ]
        if times:
            delays.setdefault(fault.kind, []).append(min(times) / MINUTE_MS)
    return [
        KindScore(
            kind, count, len(delays_of_kind), median(delays_of_kind) if delays_of_kind else None
        )
        for kind, count in sorted(counts.items())
        for delays_of_kind in [delays.get(kind, [])]
    ]


def false_alarms(
    faults: Iterable[LabelledFault],
    raised: Sequence[tuple[Key, int]],
    above: dict[str, tuple[str, ...]],
) -> list[tuple[Key, int]]:
    """Return the alarms without a labelled fault at their series or below it."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for fault in faults:
        for place in (fault.series, *above.get(fault.series, ())):
            spans.setdefault(place, []).append((fault.from_ms, fault.to_ms + AFTER_MS))

    def is_about(key: Key, at_ms: int) -> bool:
        return any(begin <= at_ms <= end for begin, end in spans.get(key[1], ()))

    return [(key, at_ms) for key, at_ms in raised if not is_about(key, at_ms)]
