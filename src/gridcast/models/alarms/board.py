"""The alarms of a partition: each condition is reported to operators once.

Detectors report conditions with their time. The board turns them into alarms. Its output depends
only on conditions and commands, so after a crash the same conditions give the same messages under
the same names.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from gridcast.models.alarms.board_record import read, write
from gridcast.models.alarms.condition import Condition, Key, Sign
from gridcast.models.alarms.flood import FloodLimit, Rate, flood_of
from gridcast.models.alarms.handling import after, changed
from gridcast.models.alarms.life import TIMINGS, USUAL, Event, Life, Timing
from gridcast.models.alarms.names import FEEDS, name_of
from gridcast.models.alarms.priorities import Priorities
from gridcast.models.records import Record, RecordKind, decode, key_of
from gridcast.schemas import Alarm, AlarmChange, AlarmKind, Command, Priority, Reason, Refusal
from gridcast.units import utc_time

Due = tuple[Life, Condition, Priority]
"""An alarm that is to be reported for the first time."""

MOST = 10_000
"""Maximum number of alarms to track. Beyond that, only the flood alarm is reported."""


class AlarmBoard:
    """The alarms of one partition.

    Parameters
    ----------
    feed
        Name of the partition: topic and number. A flood is an alarm about it.
    record
        The saved state; None for a new board.
    timings
        On-delay, off-delay and other times by kind.
    limit
        Rate that counts as a flood.

    Examples
    --------
    >>> board = AlarmBoard("meter.readings/3")
    >>> minute = 60_000
    >>> seen = Condition(AlarmKind.SPIKE, "m-1", severity=2.5, text="5 kW where 2.5 were expected")
    >>> (alarm,) = board.judge(0, [seen], {AlarmKind.SPIKE})
    >>> alarm.alarm, str(alarm.change), str(alarm.priority)
    ('spike/m-1/3/1970-01-01T00:00:00Z', 'raised', 'low')
    >>> board.judge(minute, [seen], {AlarmKind.SPIKE})  # already reported
    []
    >>> board.judge(2 * minute, [], {AlarmKind.SPIKE})  # the off-delay runs
    []
    >>> str(board.judge(20 * minute, [], {AlarmKind.SPIKE})[0].change)
    'cleared'
    """

    def __init__(
        self,
        feed: str,
        record: bytes | None = None,
        timings: Mapping[AlarmKind, Timing] = TIMINGS,
        limit: FloodLimit = FloodLimit(),  # noqa: B008 - it is frozen
    ) -> None:
        self._feed = feed
        self._partition = int(feed.rpartition("/")[2])
        self._timings = timings
        self._limit = limit
        self._flood_key: Key = (AlarmKind.FLOOD, feed)
        self._lives: dict[Key, Life] = {}
        self._rate = Rate(limit.span_ms)
        self._priorities = Priorities()
        if record is not None:
            columns_record = decode(key_of(RecordKind.ALARMS), record)
            lives, self._rate, self._priorities = read(columns_record, limit.span_ms)
            self._lives = {life.key: life for life in lives}

    def record(self) -> Record:
        """Return the state as a record."""
        return write(self._lives.values(), self._rate, self._priorities)

    def rate(self, at_ms: int) -> int:
        """Return the number of alarms raised in the ten minutes before, folded ones included."""
        return self._rate.at(at_ms)

    def standing(self) -> int:
        """Return the number of alarms that operators see."""
        return sum(life.is_shown for life in self._lives.values())

    def judge(
        self, at_ms: int, conditions: Iterable[Condition], kinds: Collection[AlarmKind]
    ) -> list[Alarm]:
        """Process all conditions of some kinds. A series without a condition is normal."""
        seen = {condition.key: condition for condition in conditions}
        for key in self._lives:
            if key[0] in kinds and key not in seen:
                seen[key] = Condition(*key, sign=Sign.OFF)
        others = {key for condition in seen.values() for key in condition.under}
        by_height = sorted(seen.values(), key=lambda condition_seen: len(condition_seen.under))
        messages = []
        # Conditions that suppress others come first, so that those are not raised beside them.
        for condition in by_height:
            if condition.key in others:
                messages += self._see_all(at_ms, [condition], kinds)
        return messages + self._see_all(
            at_ms, [condition for condition in by_height if condition.key not in others], kinds
        )

    def command(self, command: Command) -> Alarm | Refusal | None:
        """Execute a command. Return the changed alarm, a refusal, or None if nothing changes."""
        for life in self._lives.values():
            if life.stands is not None and life.stands.alarm == command.alarm:
                done = after(life.stands, command)
                life.stands = done or life.stands
                return done
        return Refusal(Reason.UNKNOWN_ALARM, "alarm: there is none of this name, or it is over")

    def unshelve(self, now_ms: int) -> list[Alarm]:
        """Show alarms whose shelving has ended. `now_ms` is wall-clock time."""
        now = utc_time(now_ms)
        return [
            self._say(now_ms, life, AlarmChange.UNSHELVED, shelved_until=None)
            for life in self._lives.values()
            if life.stands is not None
            and life.stands.shelved_until is not None
            and life.stands.shelved_until <= now
        ]

    def _see_all(
        self, at_ms: int, conditions: Iterable[Condition], kinds: Collection[AlarmKind]
    ) -> list[Alarm]:
        messages: list[Alarm] = []
        due: list[Due] = []
        for condition in conditions:
            messages += self._see(at_ms, condition, due)
        for life, _, _ in due:
            life.raised_ms = at_ms
        if all(kind in FEEDS for kind in kinds):  # few, and by Kafka's clock
            return messages + [self._tell(at_ms, *new_alarm) for new_alarm in due]
        return messages + self._tell_or_fold(at_ms, due)

    def _see(self, at_ms: int, condition: Condition, due: list[Due]) -> list[Alarm]:
        above = self._above(condition)
        life = self._life(at_ms, condition, above)
        if life is None:
            return []
        event = life.see(at_ms, condition, self._timing(condition.kind))
        if event is Event.RAISE:
            priority = condition.priority or self._priorities.judge(condition.severity)
            due.append((life, condition, priority))
            return []
        if not life.is_raised:
            return []
        if life.stands is None:
            return self._see_folded(at_ms, life, condition, event)
        if condition.text:
            words = condition.words() | {"cause": life.stands.cause}
            changed_by = life.stands.changed_by
            life.stands = changed(life.stands, life.stands.change, changed_by=changed_by, **words)
        if event is Event.CLEAR:
            return [self._clear(at_ms, life, condition)]
        return self._go_on(at_ms, life, condition, event, above)

    def _life(self, at_ms: int, condition: Condition, above: str | None) -> Life | None:
        """Return the life of a condition's alarm, or None if it doesn't get one."""
        life = self._lives.get(condition.key)
        if life is not None and life.is_raised:
            return life
        if condition.sign is not Sign.ON or above is not None:
            self._lives.pop(condition.key, None)
            return None
        if life is None:
            if len(self._lives) >= MOST:
                return None
            life = self._lives[condition.key] = Life(condition.key, at_ms)
        return life

    def _see_folded(
        self, at_ms: int, life: Life, condition: Condition, event: Event | None
    ) -> list[Alarm]:
        """Drop a folded alarm, or report it after the end of the flood."""
        if event is Event.CLEAR:
            del self._lives[life.key]
        elif self._flood is None and condition.sign is Sign.ON:
            priority = condition.priority or self._priorities.judge(condition.severity)
            return [self._tell(at_ms, life, condition, priority)]
        return []

    def _go_on(
        self, at_ms: int, life: Life, condition: Condition, event: Event | None, above: str | None
    ) -> list[Alarm]:
        """Report changes of an alarm that continues."""
        alarm, flood = life.stands, self._flood
        if alarm is None:
            return []
        is_flooded = flood is not None and alarm.suppressed_by == flood.alarm
        if above != alarm.suppressed_by and not is_flooded:
            change = AlarmChange.UNSUPPRESSED if above is None else AlarmChange.SUPPRESSED
            return [self._say(at_ms, life, change, suppressed_by=above)]
        if event is Event.UPDATE:
            life.said_ms = at_ms
            news = {"cause": condition.cause, "priority": condition.priority or alarm.priority}
            return [self._say(at_ms, life, AlarmChange.UPDATED, **news)]
        if event is Event.RE_ALARM:
            life.said_ms = at_ms
            unseen = {"acknowledged_at": None, "acknowledged_by": None}
            return [self._say(at_ms, life, AlarmChange.RE_ALARMED, **unseen)]
        return []

    def _tell(self, at_ms: int, life: Life, condition: Condition, priority: Priority) -> Alarm:
        """Report an alarm for the first time."""
        life.said_ms = at_ms
        life.stands = Alarm.model_validate(
            {
                "alarm": name_of(life.key, self._partition, life.raised_ms),
                "kind": condition.kind,
                "series": condition.series,
                "priority": priority,
                "change": AlarmChange.RAISED,
                "changed_at": utc_time(at_ms),
                "active": True,
                "raised_at": utc_time(life.raised_ms),
            }
            | condition.words()
        )
        return life.stands

    def _clear(self, at_ms: int, life: Life, condition: Condition) -> Alarm:
        del self._lives[life.key]
        over: dict[str, object] = {"active": False, "cleared_at": utc_time(at_ms)}
        if condition.text:
            over["cause"] = condition.cause
        return self._say(at_ms, life, AlarmChange.CLEARED, **over)

    def _say(self, at_ms: int, life: Life, change: AlarmChange, **fields: object) -> Alarm:
        if life.stands is None:
            raise ValueError(f"nobody was told of {life.key}")
        life.stands = changed(life.stands, change, changed_at=utc_time(at_ms), **fields)
        return life.stands

    def _above(self, condition: Condition) -> str | None:
        """Return the alarm that suppresses a condition."""
        for key in condition.under:
            life = None if key == condition.key else self._lives.get(key)
            if life is not None and life.stands is not None:
                return life.stands.alarm
        return None

    def _timing(self, kind: AlarmKind) -> Timing:
        return self._timings.get(kind, USUAL)

    @property
    def _flood(self) -> Alarm | None:
        life = self._lives.get(self._flood_key)
        return None if life is None else life.stands

    def _tell_or_fold(self, at_ms: int, due: list[Due]) -> list[Alarm]:
        """Report new alarms, or fold them into a flood alarm."""
        if due:
            self._rate.add(at_ms, len(due))
        if self._flood is None and self._rate.at(at_ms) < self._limit.alarms:
            return [self._tell(at_ms, *new_alarm) for new_alarm in due]
        messages = self._begin_flood(at_ms) if self._flood is None else []
        room = self._limit.alarms - self._high(at_ms)
        important = [new_alarm for new_alarm in due if new_alarm[2] is Priority.HIGH]
        messages += [self._tell(at_ms, *new_alarm) for new_alarm in important[: max(room, 0)]]
        return messages + self._end_flood(at_ms)

    def _begin_flood(self, at_ms: int) -> list[Alarm]:
        """Raise the flood alarm. It suppresses recent alarms that are minor and not seen."""
        recent = [life for life in self._lives.values() if life.raised_ms > self._since(at_ms)]
        life = self._lives[self._flood_key] = Life(self._flood_key, at_ms, raised_ms=at_ms)
        messages = [self._tell(at_ms, life, self._flood_condition(at_ms), Priority.HIGH)]
        for life_of_recent in recent:
            if life_of_recent.may_be_hidden:
                under = {"suppressed_by": messages[0].alarm}
                messages.append(self._say(at_ms, life_of_recent, AlarmChange.SUPPRESSED, **under))
        return messages

    def _end_flood(self, at_ms: int) -> list[Alarm]:
        """Clear the flood alarm when few alarms come and few remain. Show those that remain."""
        flood, half = self._flood, self._limit.alarms // 2
        left = sum(life.is_folded for life in self._lives.values())
        if flood is None or self._rate.at(at_ms) >= half or left > half:
            return []
        messages = [self._clear(at_ms, self._lives[self._flood_key], self._flood_condition(at_ms))]
        for life in self._lives.values():
            if life.stands is not None and life.stands.suppressed_by == flood.alarm:
                shown = self._say(at_ms, life, AlarmChange.UNSUPPRESSED, suppressed_by=None)
                messages.append(shown)
        return messages

    def _flood_condition(self, at_ms: int) -> Condition:
        recent = Counter(
            life.key[0]
            for life in self._lives.values()
            if life.raised_ms > self._since(at_ms) and life.key != self._flood_key
        )
        return flood_of(self._feed, self._rate.at(at_ms), recent, self._limit.span_ms)

    def _high(self, at_ms: int) -> int:
        """Return the number of important alarms reported recently."""
        return sum(
            life.stands is not None
            and life.stands.priority is Priority.HIGH
            and life.raised_ms > self._since(at_ms)
            for life in self._lives.values()
        )

    def _since(self, at_ms: int) -> int:
        return at_ms - self._limit.span_ms
