"""Which detections match a labelled fault, and which are false alarms."""

from gridcast.models.evaluation.detection.scoring import (
    AFTER_MS,
    LabelledFault,
    false_alarms,
    score_by_kind,
)
from gridcast.schemas import AlarmKind
from gridcast.units import MINUTE_MS

HOUR = 60 * MINUTE_MS
ABOVE = {"m-1": ("f-1", "z-1"), "m-2": ("f-1", "z-1"), "f-1": ("z-1",)}
SPIKE = LabelledFault("spike", "m-1", HOUR, HOUR + MINUTE_MS)


def recall(fault: LabelledFault, kind: AlarmKind, series: str, at_ms: int) -> float | None:
    (verdict,) = score_by_kind([fault], [((kind, series), at_ms)], ABOVE)
    return verdict.recall


def test_it_is_found_by_an_alarm_that_says_it_within_a_quarter_of_an_hour() -> None:
    assert recall(SPIKE, AlarmKind.SPIKE, "m-1", HOUR) == 1
    assert recall(SPIKE, AlarmKind.OUT_OF_LIMITS, "m-1", HOUR + 15 * MINUTE_MS) == 1
    assert recall(SPIKE, AlarmKind.SPIKE, "m-1", HOUR + 16 * MINUTE_MS) == 0
    assert recall(SPIKE, AlarmKind.SPIKE, "m-1", HOUR - 1) == 0, "before it began, by chance"
    assert recall(SPIKE, AlarmKind.GAP, "m-1", HOUR) == 0, "which says something else"
    assert recall(SPIKE, AlarmKind.SPIKE, "m-2", HOUR) == 0, "which is another meter"


def test_the_alarm_of_a_dead_feeder_counts_for_its_meters() -> None:
    dead = LabelledFault("dead-feeder", "m-2", HOUR, 2 * HOUR)
    assert recall(dead, AlarmKind.GAP, "f-1", HOUR + 2 * MINUTE_MS) == 1


def test_an_alarm_with_nothing_labelled_at_its_series_or_under_it_is_false() -> None:
    raised = [
        ((AlarmKind.SPIKE, "m-1"), HOUR),
        ((AlarmKind.DISAGREEMENT, "f-1"), HOUR),
        ((AlarmKind.SPIKE, "m-2"), HOUR),
        ((AlarmKind.SPIKE, "m-1"), SPIKE.to_ms + AFTER_MS + 1),
        ((AlarmKind.SPIKE, "m-1"), HOUR - 1),
    ]
    assert false_alarms([SPIKE], raised, ABOVE) == raised[2:]


def test_what_no_operator_is_to_be_told_is_not_asked_for() -> None:
    assert score_by_kind([LabelledFault("late", "m-1", 0, 1)], [], ABOVE) == []
