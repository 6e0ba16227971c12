"""Filter, summarise and format dead letters.

Two letters about the same record are the same bytes, so the second adds nothing.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gridcast.schemas import DeadLetter, Reason, ReplayedLetters
from gridcast.stream.errors import UserError

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class StoredLetter:
    """A dead letter with its position in the topic."""

    partition: int
    offset: int
    written_at: datetime
    """Kafka's timestamp."""
    letter: DeadLetter

    @property
    def record(self) -> tuple[str, int, int]:
        """Position of the record: a frame with three bad readings has one, with three letters."""
        return self.letter.topic, self.letter.partition, self.letter.offset


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """A filter of letters; by default it passes all."""

    reasons: frozenset[Reason] = frozenset()
    topic: str | None = None
    since: datetime | None = None

    def means(self, stored: StoredLetter) -> bool:
        """Return whether a letter passes."""
        return (
            (not self.reasons or stored.letter.reason in self.reasons)
            and self.topic in {None, stored.letter.topic}
            and (self.since is None or stored.written_at >= self.since)
        )


def was_replayed(stored: StoredLetter, replays: Iterable[ReplayedLetters]) -> bool:
    """Return whether one of the replays sent this letter's record again."""
    return any(
        stored.partition < len(replay.below)
        and stored.offset < replay.below[stored.partition]
        and LetterFilter(frozenset(replay.reasons), replay.topic, replay.since).means(stored)
        for replay in replays
    )


def each_once(letters: Iterable[StoredLetter]) -> Iterator[StoredLetter]:
    """Yield letters without duplicates."""
    seen = set()
    for stored in letters:
        about = (*stored.record, stored.letter.entry)
        if about not in seen:
            seen.add(about)
            yield stored


def each_record_once(letters: Iterable[StoredLetter]) -> Iterator[StoredLetter]:
    """Yield one letter per record: each contains the whole record."""
    seen = set()
    for stored in letters:
        if stored.record not in seen:
            seen.add(stored.record)
            yield stored


@dataclass(slots=True)
class ReasonSummary:
    """Counts of the letters with one reason."""

    reason: Reason
    oldest: datetime
    newest: datetime
    letters: int = 0
    replayed: int = 0


class DeadLetterSummary:
    """Counts of letters by reason."""

    def __init__(self, replays: Sequence[ReplayedLetters]) -> None:
        self._replays = replays
        self._lines: dict[Reason, ReasonSummary] = {}

    def add(self, stored: StoredLetter) -> None:
        """Count one letter."""
        at, reason = stored.written_at, stored.letter.reason
        line = self._lines.setdefault(reason, ReasonSummary(reason, at, at))
        line.letters += 1
        line.replayed += was_replayed(stored, self._replays)
        line.oldest = min(line.oldest, at)
        line.newest = max(line.newest, at)

    def lines(self) -> list[ReasonSummary]:
        """Return a line per reason, the most frequent first."""
        return sorted(self._lines.values(), key=lambda line: (-line.letters, line.reason))


def read_since(text: str, now: datetime) -> datetime:
    """Return a time of an RFC 3339 text (UTC without a zone), or so long before now.

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
    r"""Return arbitrary bytes as text for a terminal, without control characters.

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
