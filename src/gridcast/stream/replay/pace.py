"""The speed of a replay's simulated time."""

import time
from threading import Event
from typing import Protocol

from gridcast.stream.errors import UserError
from gridcast.units import MINUTE_MS

_WAKE_S = 0.05


class Pace(Protocol):
    """Decides how far simulated time has advanced."""

    def due_ms(self, sent_ms: int) -> int:
        """Return up to which time messages may be sent now, if all before `sent_ms` are sent."""

    def wait(self) -> None:
        """Wait a little."""


class AsFastAsPossible:
    """No waiting; it advances by a minute or a step, so that weather stays beside its readings."""

    def __init__(self, step_ms: int) -> None:
        self._step_ms = max(step_ms, MINUTE_MS)

    def due_ms(self, sent_ms: int) -> int:
        """Return the end of the minute or step."""
        return (sent_ms // self._step_ms + 1) * self._step_ms

    def wait(self) -> None:
        """Return at once."""


class ByTheClock:
    """Simulated time that runs `speed` times as fast as the wall clock."""

    def __init__(self, start_ms: int, speed: float, stop: Event) -> None:
        self._start_ms = start_ms
        self._speed = speed
        self._stop = stop
        self._begun_s: float | None = None

    def due_ms(self, sent_ms: int) -> int:  # noqa: ARG002 - the clock alone decides
        """Return the simulated time; its clock starts at the first call."""
        now_s = time.monotonic()
        if self._begun_s is None:
            self._begun_s = now_s
        return self._start_ms + int((now_s - self._begun_s) * 1000 * self._speed)

    def wait(self) -> None:
        """Sleep a moment, or until the replay is stopped."""
        self._stop.wait(_WAKE_S)


def read_speed(text: str) -> float | None:
    """Return a speed relative to the clock; None is as fast as possible."""
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    if not 0 < speed <= 1e6:
        raise UserError(f"--speed: a number above 0, or max, not {text!r}")
    return speed
