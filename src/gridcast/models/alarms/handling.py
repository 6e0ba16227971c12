"""Operators' actions on an alarm: acknowledge, shelve, unshelve."""

from gridcast.schemas import Action, Alarm, AlarmChange, Command


def changed(alarm: Alarm, change: AlarmChange, **fields: object) -> Alarm:
    """Return an alarm after a change."""
    current = {name: getattr(alarm, name) for name in Alarm.model_fields}
    return Alarm.model_validate(current | {"change": change, "changed_by": None} | fields)


def after(alarm: Alarm, command: Command) -> Alarm | None:
    """Return the alarm after a command, or None if nothing changes.

    >>> from datetime import UTC, datetime
    >>> from gridcast.schemas import AlarmKind, Priority
    >>> at = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> alarm = Alarm(
    ...     alarm="a",
    ...     kind=AlarmKind.SPIKE,
    ...     series="m-1",
    ...     priority=Priority.LOW,
    ...     change=AlarmChange.RAISED,
    ...     changed_at=at,
    ...     active=True,
    ...     raised_at=at,
    ... )
    >>> seen = Command(command="1", alarm="a", action=Action.ACKNOWLEDGE, by="anna", at=at)
    >>> alarm = after(alarm, seen)
    >>> alarm.acknowledged_by, str(alarm.change)
    ('anna', 'acknowledged')
    >>> after(alarm, seen) is None  # already acknowledged
    True
    """
    done = {"changed_at": command.at, "changed_by": command.by}
    if command.action is Action.ACKNOWLEDGE:
        if alarm.acknowledged_at is not None:
            return None
        seen = {"acknowledged_at": command.at, "acknowledged_by": command.by}
        return changed(alarm, AlarmChange.ACKNOWLEDGED, **seen, **done)
    if command.until == alarm.shelved_until:
        return None
    change = AlarmChange.UNSHELVED if command.until is None else AlarmChange.SHELVED
    return changed(alarm, change, shelved_until=command.until, **done)
