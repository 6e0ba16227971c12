"""The states of one alarm, after OPC UA Part 9 §5.8 and ISA-18.2.

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
    """The delays of one kind of alarm."""

    on_delay_ms: int = 0
    """A condition must last this long before it is reported."""
    off_delay_ms: int = 15 * MINUTE_MS
    """It must be absent this long before the alarm clears, so that flapping is one alarm."""
    re_alarm_ms: int | None = None
    """A high-priority alarm that lasts this long is raised again as if nobody had seen it."""
    update_ms: int = 10 * MINUTE_MS
    """Least time between two updates of cause or priority."""


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
    """The consequence of a condition for an alarm."""

    RAISE = "raise"
    UPDATE = "update"
    RE_ALARM = "re-alarm"
    CLEAR = "clear"
    FORGET = "forget"


@dataclass(slots=True)
class Life:
    """One alarm, from its first sign."""

    key: Key
    since_ms: int
    """Time of the first sign."""
    calm_ms: int = NEVER
    """Time since when the condition is absent; `NEVER` if it is present."""
    raised_ms: int = NEVER
    """Time when it was raised; `NEVER` during the on-delay."""
    said_ms: int = NEVER
    """Time of the last message about it."""
    stands: Alarm | None = None
    """Its newest message with the present words; None if it was never reported."""

    @property
    def is_raised(self) -> bool:
        """True after the on-delay."""
        return self.raised_ms != NEVER

    @property
    def is_folded(self) -> bool:
        """True if a flood alarm replaces it and it was never reported."""
        return self.is_raised and self.stands is None

    @property
    def is_shown(self) -> bool:
        """True if operators see it: neither suppressed nor shelved."""
        alarm = self.stands
        return alarm is not None and alarm.suppressed_by is None and alarm.shelved_until is None

    @property
    def may_be_hidden(self) -> bool:
        """True if a flood alarm may suppress it: neither important nor acknowledged."""
        alarm = self.stands
        return (
            alarm is not None
            and alarm.suppressed_by is None
            and alarm.acknowledged_at is None
            and alarm.priority is not Priority.HIGH
        )

    def see(self, at_ms: int, condition: Condition, timing: Timing) -> Event | None:
        """Process the present condition. Return its consequence."""
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
