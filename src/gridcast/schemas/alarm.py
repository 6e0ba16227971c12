"""Alarms: a condition that an operator should know about, and its changes of state."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from gridcast.schemas.fields import Id, Kilowatts, PlusZero, Time, Unit
from gridcast.schemas.message import Message


class AlarmKind(StrEnum):
    """The condition that was detected."""

    SPIKE = "spike"
    DROP = "drop"
    FLATLINE = "flatline"
    GAP = "gap"
    OUT_OF_LIMITS = "out-of-limits"
    UNIT = "unit"
    CLOCK = "clock"
    DISAGREEMENT = "disagreement"
    UNUSUAL = "unusual"
    FEED_STALE = "feed-stale"
    FEED_BROKEN = "feed-broken"
    DRIFT = "drift"
    DATA_DRIFT = "data-drift"
    COVERAGE_LOST = "coverage-lost"
    MODEL_DEGRADED = "model-degraded"
    FLOOD = "flood"


class AlarmChange(StrEnum):
    """The alarm's last change of state (after OPC UA Part 9 and ISA-18.2)."""

    RAISED = "raised"
    UPDATED = "updated"
    RE_ALARMED = "re-alarmed"
    ACKNOWLEDGED = "acknowledged"
    SHELVED = "shelved"
    UNSHELVED = "unshelved"
    SUPPRESSED = "suppressed"
    UNSUPPRESSED = "unsuppressed"
    CLEARED = "cleared"


class Priority(StrEnum):
    """The urgency of an alarm (EEMUA 191: about 5, 15 and 80 of 100 alarms)."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


def _sorted_by_name(evidence: dict[str, float]) -> dict[str, float]:
    """Sort evidence by name, so that equal evidence has equal bytes."""
    return dict(sorted(evidence.items()))


Evidence = Annotated[
    dict[str, Annotated[float, PlusZero, Unit("as named")]], AfterValidator(_sorted_by_name)
]


class Alarm(Message):
    """One alarm after one change of its state."""

    alarm: Id = Field(description="its name, the same after a restart or a replay; the Kafka key")
    kind: AlarmKind = Field(description="what was seen")
    series: Id = Field(description="where it was seen")
    priority: Priority = Field(description="how soon someone must act")
    change: AlarmChange = Field(description="what happened to it last")
    changed_at: Time = Field(description="when that happened (event time)")
    changed_by: str | None = Field(
        None, max_length=200, description="who did it; null: the system itself"
    )
    active: bool = Field(description="whether what was seen still goes on")
    raised_at: Time = Field(description="when it was raised (event time)")
    cleared_at: Time | None = Field(None, description="when it was over; null: it goes on")
    acknowledged_at: Time | None = Field(None, description="when someone saw it; null: nobody yet")
    acknowledged_by: str | None = Field(None, max_length=200, description="who saw it")
    shelved_until: Time | None = Field(None, description="hidden until then; null: not shelved")
    suppressed_by: Id | None = Field(None, description="the alarm that stands for it; null: none")
    cause: str = Field("", max_length=200, description="the likeliest cause, in a few words")
    text: str = Field("", max_length=500, description="what to tell the operator, in one line")
    measured: Kilowatts | None = Field(None, description="the reading that it is about")
    expected: Kilowatts | None = Field(None, description="what had been forecast for it (median)")
    expected_low: Kilowatts | None = Field(None, description="lower end of the 90 % interval")
    expected_high: Kilowatts | None = Field(None, description="upper end of the 90 % interval")
    evidence: Evidence = Field({}, description="further figures by name, the unit in the name")

    @property
    def key(self) -> bytes | None:
        """The alarm."""
        return self.alarm.encode()
