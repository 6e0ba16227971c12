"""The life of one alarm, after OPC UA Part 9 §5.8 and ISA-18.2.

             on-delay                       off-delay
(nothing) ──► pending ──► raised, told ─────► cleared (forgotten)
                 │          │  ▲ acknowledged, shelved, updated, re-alarmed: still raised
                 └────────► folded: a flood stands for it; told when that is over
"""

from dataclasses import dataclass
from enum import Enum

from gridcast.models.alarms.condition import Condition, Key, Sign
from gridcast.schemas import Alarm, AlarmKind, Priority
from gridcast.schemas.bounds import NEVER
from gridcast.units import HOUR_MS, MINUTE_MS


@dataclass(frozen=True, slots=True)
class Timing:
    """How patient an alarm is."""

    on_delay_ms: int = 0
    """What is seen lasts so long before an operator is told."""
    off_delay_ms: int = 15 * MINUTE_MS
    """It has been well for so long before it is over: what comes and goes is one alarm."""
    re_alarm_ms: int | None = None
    """One of high priority that goes on for so long is told anew, as if nobody had seen it."""
    update_ms: int = 10 * MINUTE_MS
    """A change of cause or priority is told at most so often."""


TIMINGS = {
    AlarmKind.FEED_BROKEN: Timing(off_delay_ms=5 * MINUTE_MS, re_alarm_ms=24 * HOUR_MS),
    AlarmKind.FLOOD: Timing(off_delay_ms=0, re_alarm_ms=24 * HOUR_MS),
    AlarmKind.COVERAGE_LOST: Timing(6 * HOUR_MS, 6 * HOUR_MS, 24 * HOUR_MS),
    AlarmKind.MODEL_DEGRADED: Timing(6 * HOUR_MS, 6 * HOUR_MS, 24 * HOUR_MS),
    AlarmKind.DRIFT: Timing(off_delay_ms=6 * HOUR_MS, re_alarm_ms=24 * HOUR_MS),
    AlarmKind.DATA_DRIFT: Timing(off_delay_ms=6 * HOUR_MS),
}
USUAL = Timing(re_alarm_ms=24 * HOUR_MS)


class Event(Enum):
    """What follows for an alarm from what was seen."""

    RAISE = "raise"
    UPDATE = "update"
    RE_ALARM = "re-alarm"
    CLEAR = "clear"
    FORGET = "forget"


@dataclass(slots=True)
class Life:
    """One alarm, from the first sign of it."""

    key: Key
    since_ms: int
    """When it was first seen."""
    calm_ms: int = NEVER
    """Since when it has been well; `NEVER`: it has not."""
    raised_ms: int = NEVER
    """When it was raised; `NEVER`: its on-delay still runs."""
    said_ms: int = NEVER
    """When something new was last said of it."""
    stands: Alarm | None = None
    """Its newest message, with the words of now; None: operators were not told of it."""

    @property
    def is_raised(self) -> bool:
        """Whether it is more than a first sign."""
        return self.raised_ms != NEVER

    @property
    def is_folded(self) -> bool:
        """Whether a flood stands for it, and it was never told."""
        return self.is_raised and self.stands is None

    @property
    def is_shown(self) -> bool:
        """Whether operators have it before them: neither suppressed nor shelved."""
        alarm = self.stands
        return alarm is not None and alarm.suppressed_by is None and alarm.shelved_until is None

    @property
    def may_be_hidden(self) -> bool:
        """Whether a flood's alarm may stand for it: not if it is important, or seen."""
        alarm = self.stands
        return (
            alarm is not None
            and alarm.suppressed_by is None
            and alarm.acknowledged_at is None
            and alarm.priority is not Priority.HIGH
        )

    def see(self, at_ms: int, condition: Condition, timing: Timing) -> Event | None:
        """Take what is seen now; give what follows."""
        if condition.sign is Sign.ON:
            self.calm_ms = NEVER
            if not self.is_raised:
                return Event.RAISE if at_ms - self.since_ms >= timing.on_delay_ms else None
            return self._news(at_ms, condition, timing)
        if not self.is_raised:
            return Event.FORGET
        if condition.sign is Sign.BETWEEN:
            self.calm_ms = NEVER
            return None
        if self.calm_ms == NEVER:
            self.calm_ms = at_ms
        return Event.CLEAR if at_ms - self.calm_ms >= timing.off_delay_ms else None

    def _news(self, at_ms: int, condition: Condition, timing: Timing) -> Event | None:
        alarm = self.stands
        if alarm is None or alarm.suppressed_by is not None:
            return None
        is_due = timing.re_alarm_ms is not None and at_ms - self.said_ms >= timing.re_alarm_ms
        if is_due and alarm.priority is Priority.HIGH and alarm.shelved_until is None:
            return Event.RE_ALARM
        raised = condition.priority is not None and _rank(condition.priority) < _rank(
            alarm.priority
        )
        if (raised or condition.cause != alarm.cause) and (
            at_ms - self.said_ms >= timing.update_ms
        ):
            return Event.UPDATE
        return None


def _rank(priority: Priority) -> int:
    return list(Priority).index(priority)
