"""All alarms of a partition: who is told what, once.

Sources say what they see, with the time of it; the board says what operators are told. It depends
on what was seen and on commands alone, so what is seen again after a crash is told in the same
words under the same names.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from gridcast.models.alarms.board_record import read, write
from gridcast.models.alarms.condition import Condition, Key, Sign
from gridcast.models.alarms.flood import FloodLimit, Rate, flood_of
from gridcast.models.alarms.handling import after, changed
from gridcast.models.alarms.life import TIMINGS, USUAL, Event, Life, Timing
from gridcast.models.alarms.names import FEEDS, name_of, utc
from gridcast.models.alarms.priorities import Priorities
from gridcast.models.records import Record, RecordKind, decode, key_of
from gridcast.schemas import Alarm, AlarmChange, AlarmKind, Command, Priority, Reason, Refusal

Due = tuple[Life, Condition, Priority]
"""What is to be told for the first time."""

MOST = 10_000
"""So many alarms are followed one by one; of more, the flood's alarm tells alone."""


class AlarmBoard:
    """The alarms of one partition.

    Parameters
    ----------
    feed
        What the partition is called: topic and number. A flood is an alarm of it.
    record
        What was known when it was last kept; None: nothing.
    timings
        How patient alarms of each kind are.
    limit
        When alarms are a flood.

    Examples
    --------
    >>> board = AlarmBoard("meter.readings/3")
    >>> minute = 60_000
    >>> seen = Condition(AlarmKind.SPIKE, "m-1", severity=2.5, text="5 kW where 2.5 were expected")
    >>> (alarm,) = board.judge(0, [seen], {AlarmKind.SPIKE})
    >>> alarm.alarm, str(alarm.change), str(alarm.priority)
    ('spike/m-1/3/1970-01-01T00:00:00Z', 'raised', 'low')
    >>> board.judge(minute, [seen], {AlarmKind.SPIKE})  # it was said
    []
    >>> board.judge(2 * minute, [], {AlarmKind.SPIKE})  # it may come back
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
            found = decode(key_of(RecordKind.ALARMS), record)
            lives, self._rate, self._priorities = read(found, limit.span_ms)
            self._lives = {life.key: life for life in lives}

    def record(self) -> Record:
        """Give what it knows."""
        return write(self._lives.values(), self._rate, self._priorities)

    def rate(self, at_ms: int) -> int:
        """Give how many alarms were raised in the ten minutes before a time, told or folded."""
        return self._rate.at(at_ms)

    def standing(self) -> int:
        """Give how many alarms are shown to operators."""
        return sum(life.is_shown for life in self._lives.values())

    def judge(
        self, at_ms: int, conditions: Iterable[Condition], kinds: Collection[AlarmKind]
    ) -> list[Alarm]:
        """Take all that is seen of some kinds; what is not among the conditions is well."""
        seen = {condition.key: condition for condition in conditions}
        for key in self._lives:
            if key[0] in kinds and key not in seen:
                seen[key] = Condition(*key, sign=Sign.OFF)
        others = {key for condition in seen.values() for key in condition.under}
        by_height = sorted(seen.values(), key=lambda one: len(one.under))
        told = []
        # Who stands for others goes first: what is under it is then not raised beside it.
        for condition in by_height:
            if condition.key in others:
                told += self._see_all(at_ms, [condition], kinds)
        return told + self._see_all(
            at_ms, [condition for condition in by_height if condition.key not in others], kinds
        )

    def command(self, command: Command) -> Alarm | Refusal | None:
        """Do what an operator wants; give the alarm as it then stands, or None if it does so."""
        for life in self._lives.values():
            if life.stands is not None and life.stands.alarm == command.alarm:
                done = after(life.stands, command)
                life.stands = done or life.stands
                return done
        return Refusal(Reason.UNKNOWN_ALARM, "alarm: there is none of this name, or it is over")

    def unshelve(self, now_ms: int) -> list[Alarm]:
        """Show again what was shelved until now. The time is the operators', not the readings'."""
        now = utc(now_ms)
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
        told: list[Alarm] = []
        due: list[Due] = []
        for condition in conditions:
            told += self._see(at_ms, condition, due)
        for life, _, _ in due:
            life.raised_ms = at_ms
        if all(kind in FEEDS for kind in kinds):  # few, and by Kafka's clock
            return told + [self._tell(at_ms, *one) for one in due]
        return told + self._tell_or_fold(at_ms, due)

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
        """Give the life of what is seen, if it has or gets one."""
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
        """Forget what a flood stood for, or tell of it now that the flood is over."""
        if event is Event.CLEAR:
            del self._lives[life.key]
        elif self._flood is None and condition.sign is Sign.ON:
            priority = condition.priority or self._priorities.judge(condition.severity)
            return [self._tell(at_ms, life, condition, priority)]
        return []

    def _go_on(
        self, at_ms: int, life: Life, condition: Condition, event: Event | None, above: str | None
    ) -> list[Alarm]:
        """Say what is new of an alarm that goes on."""
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
        """Tell operators of an alarm for the first time."""
        life.said_ms = at_ms
        life.stands = Alarm.model_validate(
            {
                "alarm": name_of(life.key, self._partition, life.raised_ms),
                "kind": condition.kind,
                "series": condition.series,
                "priority": priority,
                "change": AlarmChange.RAISED,
                "changed_at": utc(at_ms),
                "active": True,
                "raised_at": utc(life.raised_ms),
            }
            | condition.words()
        )
        return life.stands

    def _clear(self, at_ms: int, life: Life, condition: Condition) -> Alarm:
        del self._lives[life.key]
        over: dict[str, object] = {"active": False, "cleared_at": utc(at_ms)}
        if condition.text:
            over["cause"] = condition.cause
        return self._say(at_ms, life, AlarmChange.CLEARED, **over)

    def _say(self, at_ms: int, life: Life, change: AlarmChange, **fields: object) -> Alarm:
        if life.stands is None:
            raise ValueError(f"nobody was told of {life.key}")
        life.stands = changed(life.stands, change, changed_at=utc(at_ms), **fields)
        return life.stands

    def _above(self, condition: Condition) -> str | None:
        """Name the alarm that stands for what is seen."""
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
        """Tell of what is new, or let a flood's alarm stand for it."""
        if due:
            self._rate.add(at_ms, len(due))
        if self._flood is None and self._rate.at(at_ms) < self._limit.alarms:
            return [self._tell(at_ms, *one) for one in due]
        told = self._begin_flood(at_ms) if self._flood is None else []
        room = self._limit.alarms - self._high(at_ms)
        important = [one for one in due if one[2] is Priority.HIGH]
        told += [self._tell(at_ms, *one) for one in important[: max(room, 0)]]
        return told + self._end_flood(at_ms)

    def _begin_flood(self, at_ms: int) -> list[Alarm]:
        """Raise its alarm, above what led up to it but for what is important or seen."""
        recent = [life for life in self._lives.values() if life.raised_ms > self._since(at_ms)]
        life = self._lives[self._flood_key] = Life(self._flood_key, at_ms, raised_ms=at_ms)
        told = [self._tell(at_ms, life, self._flood_condition(at_ms), Priority.HIGH)]
        for one in recent:
            if one.may_be_hidden:
                under = {"suppressed_by": told[0].alarm}
                told.append(self._say(at_ms, one, AlarmChange.SUPPRESSED, **under))
        return told

    def _end_flood(self, at_ms: int) -> list[Alarm]:
        """Say that a flood is over once little comes and little is left; show what is."""
        flood, half = self._flood, self._limit.alarms // 2
        left = sum(life.is_folded for life in self._lives.values())
        if flood is None or self._rate.at(at_ms) >= half or left > half:
            return []
        told = [self._clear(at_ms, self._lives[self._flood_key], self._flood_condition(at_ms))]
        for life in self._lives.values():
            if life.stands is not None and life.stands.suppressed_by == flood.alarm:
                shown = self._say(at_ms, life, AlarmChange.UNSUPPRESSED, suppressed_by=None)
                told.append(shown)
        return told

    def _flood_condition(self, at_ms: int) -> Condition:
        recent = Counter(
            life.key[0]
            for life in self._lives.values()
            if life.raised_ms > self._since(at_ms) and life.key != self._flood_key
        )
        return flood_of(self._feed, self._rate.at(at_ms), recent, self._limit.span_ms)

    def _high(self, at_ms: int) -> int:
        """Count the important alarms that were told of late."""
        return sum(
            life.stands is not None
            and life.stands.priority is Priority.HIGH
            and life.raised_ms > self._since(at_ms)
            for life in self._lives.values()
        )

    def _since(self, at_ms: int) -> int:
        return at_ms - self._limit.span_ms
