"""Plays a feed at a pace, until its end or until it is stopped. It can be paused."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from gridcast.schemas.topics import READINGS
from gridcast.stream.replay.feed import ReplayFeed
from gridcast.stream.replay.pace import AsFastAsPossible, ByTheClock, Pace
from gridcast.stream.replay.sender import Sender

GRAIN_MS = 600_000
"""Event time that is sent at once if a replay is as fast as possible."""
HOLD_S = 0.1


@dataclass
class PauseControl:
    """Whether a replay is paused, and whether it is to stop."""

    stop: Event
    paused: bool = False

    def toggle(self) -> None:
        """Pause or continue."""
        self.paused = not self.paused


@dataclass(frozen=True)
class ReplayOutcome:
    """Outcome of a replay."""

    readings: int
    until_ms: int
    """Everything that arrived before this time was sent."""
    seconds: float
    stopped: bool


Tell = Callable[[int, int], None]
"""Called with the number of readings just sent, and up to which event time."""


def play(
    feed: ReplayFeed,
    sender: Sender,
    *,
    from_ms: int,
    speed: float | None,
    held: PauseControl,
    tell: Tell,
) -> ReplayOutcome:
    """Send a whole feed.

    Parameters
    ----------
    feed, sender
        What is sent, and by what.
    from_ms
        Up to here it is played as fast as possible, to fill the windows; so is what an earlier run
        has sent already.
    speed
        Speed from there on relative to real time; None: as fast as possible.
    held
        Checked between two sends.
    tell
        Called with the progress.
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
