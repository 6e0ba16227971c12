"""Plays a feed at a pace, until its end or until told to stop; it can be held on the way."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from gridcast.schemas.topics import READINGS
from gridcast.stream.replay.feed import ReplayFeed
from gridcast.stream.replay.pace import AsFastAsPossible, ByTheClock, Pace
from gridcast.stream.replay.sender import Sender

GRAIN_MS = 600_000
"""As fast as possible: so much event time is sent at once."""
HOLD_S = 0.1


@dataclass
class PauseControl:
    """Whether a replay is held, and whether it is to end."""

    stop: Event
    paused: bool = False

    def toggle(self) -> None:
        """Hold it, or let it go on."""
        self.paused = not self.paused


@dataclass(frozen=True)
class ReplayOutcome:
    """What became of a replay."""

    readings: int
    until_ms: int
    """All that came before was sent."""
    seconds: float
    stopped: bool


Tell = Callable[[int, int], None]
"""Is told how many readings more were sent, and up to which event time."""


def play(
    feed: ReplayFeed,
    sender: Sender,
    *,
    from_ms: int,
    speed: float | None,
    held: PauseControl,
    tell: Tell,
) -> ReplayOutcome:
    """Send all of a feed.

    Parameters
    ----------
    feed, sender
        What, and where to.
    from_ms
        Up to here it goes as fast as possible, for it fills the windows; so does what an earlier
        run has sent.
    speed
        How many times as fast as life from there on; None: as fast as possible.
    held
        Is looked at between two stretches.
    tell
        Is told how it goes.
    """
    began_s, readings, until_ms = time.monotonic(), 0, from_ms
    pace: Pace = AsFastAsPossible(GRAIN_MS)
    while (next_ms := feed.next_ms()) is not None and not held.stop.is_set():
        if held.paused:
            held.stop.wait(HOLD_S)
            if speed is not None:
                pace = AsFastAsPossible(GRAIN_MS)  # its clock stood still, too
            continue
        timed = speed is not None and next_ms >= from_ms and not sender.is_passing
        if speed is not None and timed and isinstance(pace, AsFastAsPossible):
            pace = ByTheClock(next_ms, speed, held.stop)
        due_ms = pace.due_ms(next_ms)
        if speed is not None and next_ms < from_ms:
            due_ms = min(due_ms, from_ms)
        if due_ms <= next_ms:
            tell(0, due_ms)
            pace.wait()
            continue
        sent = sender.send(feed.before(due_ms)).get(READINGS, 0)
        readings, until_ms = readings + sent, due_ms
        tell(sent, due_ms)
    sender.flush()
    return ReplayOutcome(readings, until_ms, time.monotonic() - began_s, held.stop.is_set())
