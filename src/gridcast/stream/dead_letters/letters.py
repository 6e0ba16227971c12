"""Dead letters as they lie on their topic: which are meant, what there is of them, how they look.

Two letters about the same record are the same bytes, so the second says nothing new.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gridcast.schemas import DeadLetter, Reason, ReplayedLetters
from gridcast.stream.errors import UserError

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class Stored:
    """A dead letter, and where it lies."""

    partition: int
    offset: int
    written_at: datetime
    """When Kafka got it."""
    letter: DeadLetter

    @property
    def record(self) -> tuple[str, int, int]:
        """What it is about: a frame with three bad readings is one record with three letters."""
        return self.letter.topic, self.letter.partition, self.letter.offset


@dataclass(frozen=True, slots=True)
class Which:
    """Which letters are meant; by default all."""

    reasons: frozenset[Reason] = frozenset()
    topic: str | None = None
    since: datetime | None = None

    def means(self, stored: Stored) -> bool:
        """Tell whether a letter is one of them."""
        return (
            (not self.reasons or stored.letter.reason in self.reasons)
            and self.topic in {None, stored.letter.topic}
            and (self.since is None or stored.written_at >= self.since)
        )


def was_replayed(stored: Stored, replays: Iterable[ReplayedLetters]) -> bool:
    """Tell whether one of the replays sent this letter again."""
    return any(
        stored.partition < len(replay.below)
        and stored.offset < replay.below[stored.partition]
        and Which(frozenset(replay.reasons), replay.topic, replay.since).means(stored)
        for replay in replays
    )


def each_once(letters: Iterable[Stored]) -> Iterator[Stored]:
    """Leave out letters that say again what another said."""
    seen = set()
    for stored in letters:
        about = (*stored.record, stored.letter.entry)
        if about not in seen:
            seen.add(about)
            yield stored


def each_record_once(letters: Iterable[Stored]) -> Iterator[Stored]:
    """Take one letter of each record: all of them hold the whole of it."""
    seen = set()
    for stored in letters:
        if stored.record not in seen:
            seen.add(stored.record)
            yield stored


@dataclass(slots=True)
class Line:
    """The letters of one reason."""

    reason: Reason
    oldest: datetime
    newest: datetime
    letters: int = 0
    replayed: int = 0


class DeadLetterSummary:
    """How many letters there are of each reason."""

    def __init__(self, replays: Sequence[ReplayedLetters]) -> None:
        self._replays = replays
        self._lines: dict[Reason, Line] = {}

    def add(self, stored: Stored) -> None:
        """Count one letter."""
        at, reason = stored.written_at, stored.letter.reason
        line = self._lines.setdefault(reason, Line(reason, at, at))
        line.letters += 1
        line.replayed += was_replayed(stored, self._replays)
        line.oldest = min(line.oldest, at)
        line.newest = max(line.newest, at)

    def lines(self) -> list[Line]:
        """Give the reasons, that with the most letters first."""
        return sorted(self._lines.values(), key=lambda line: (-line.letters, line.reason))


def read_since(text: str, now: datetime) -> datetime:
    """Read a time (RFC 3339, UTC if it names no zone) or a while before now.

    >>> read_since("2h", datetime(2026, 1, 1, 12, tzinfo=UTC)).isoformat()
    '2026-01-01T10:00:00+00:00'
    """
    if ago := re.fullmatch(r"(\d{1,6})([smhd])", text, re.ASCII):
        return now - timedelta(**{UNITS[ago[2]]: int(ago[1])})
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(f"--since: a time (RFC 3339) or a while such as 2h, not {text!r}") from None
    return time.replace(tzinfo=time.tzinfo or UTC)


def safely(data: bytes | None, most: int = 400) -> str:
    r"""Show bytes that may be anything in a terminal: nothing in them can steer it.

    >>> print(safely(b'{"a": 1}\x1b[2J\xff'))
    {"a": 1}\x1b[2J\xff
    """
    if data is None:
        return "(none)"
    text = data[: most + 4].decode("utf-8", "backslashreplace")
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    if len(shown) <= most and len(data) <= most + 4:
        return shown
    return f"{shown[:most]}… ({len(data):,} bytes)"
