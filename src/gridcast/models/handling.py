"""What operators did about an alarm: seen, and hidden for a time."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import numpy as np

from gridcast.models.records import Column
from gridcast.schemas import Action, AlarmChange, Command

NEVER = -1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Handling:
    """What was done about one alarm, in the words of :class:`gridcast.schemas.Alarm`.

    Examples
    --------
    >>> at = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> seen = Command(command="1", alarm="a", action=Action.ACKNOWLEDGE, by="anna", at=at)
    >>> handling, change = Handling().after(seen)
    >>> handling.acknowledged_by, str(change)
    ('anna', 'acknowledged')
    >>> handling.after(seen) is None  # seen is seen
    True
    """

    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    shelved_until: datetime | None = None

    def after(self, command: Command) -> tuple[Self, AlarmChange] | None:
        """Do what a command says; None if that is so already."""
        if command.action is Action.ACKNOWLEDGE:
            if self.acknowledged_at is not None:
                return None
            seen = replace(self, acknowledged_at=command.at, acknowledged_by=command.by)
            return seen, AlarmChange.ACKNOWLEDGED
        if command.until == self.shelved_until:
            return None
        hidden = replace(self, shelved_until=command.until)
        return hidden, AlarmChange.UNSHELVED if command.until is None else AlarmChange.SHELVED

    def columns(self) -> list[Column]:
        """Give it as columns of a record."""
        times = (self.acknowledged_at, self.shelved_until)
        by = [] if self.acknowledged_by is None else [self.acknowledged_by]
        return [np.array([_milliseconds(time) for time in times]), by]

    @classmethod
    def from_columns(cls, times: Any, by: list[str]) -> Self:
        """Read it from columns of a record."""
        acknowledged_at, shelved_until = map(_time, times.tolist())
        return cls(acknowledged_at, by[0] if by else None, shelved_until)


def _milliseconds(time: datetime | None) -> int:
    return NEVER if time is None else (time - EPOCH) // timedelta(milliseconds=1)


def _time(milliseconds: int) -> datetime | None:
    return None if milliseconds == NEVER else EPOCH + timedelta(milliseconds=milliseconds)
