"""How fast simulated time goes."""

import time
from threading import Event
from typing import Protocol

from gridcast.stream.errors import UserError
from gridcast.units import MINUTE_MS

_WAKE_S = 0.05


class Pace(Protocol):
    """Says how far simulated time has come."""

    def due_ms(self, sent_ms: int) -> int:
        """Return up to when all may be sent now, all before `sent_ms` being sent."""

    def wait(self) -> None:
        """Let some time pass."""


class AsFastAsPossible:
    """A minute or a step at a time, so that weather stays beside its readings, and no waiting."""

    def __init__(self, step_ms: int) -> None:
        self._step_ms = max(step_ms, MINUTE_MS)

    def due_ms(self, sent_ms: int) -> int:
        """Return the end of the minute or step."""
        return (sent_ms // self._step_ms + 1) * self._step_ms

    def wait(self) -> None:
        """Go on at once."""


class ByTheClock:
    """Simulated time goes `speed` times as fast as the clock on the wall."""

    def __init__(self, start_ms: int, speed: float, stop: Event) -> None:
        self._start_ms = start_ms
        self._speed = speed
        self._stop = stop
        self._begun_s: float | None = None

    def due_ms(self, sent_ms: int) -> int:  # noqa: ARG002 - the clock alone decides
        """Return what the simulated clock shows; it starts when first asked."""
        now_s = time.monotonic()
        if self._begun_s is None:
            self._begun_s = now_s
        return self._start_ms + int((now_s - self._begun_s) * 1000 * self._speed)

    def wait(self) -> None:
        """Sleep a moment, or until told to stop."""
        self._stop.wait(_WAKE_S)


def read_speed(text: str) -> float | None:
    """Return how many times as fast as the clock; None is as fast as possible."""
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    if not 0 < speed <= 1e6:
        raise UserError(f"--speed: a number above 0, or max, not {text!r}")
    return speed
