"""Waiting for Kafka: longer and longer between attempts, said once, and once when it is over."""

import logging
import time
from collections.abc import Callable
from threading import Event

log = logging.getLogger("gridcast.kafka")

FIRST_S, LONGEST_S = 0.05, 2.0
SAID_AFTER_S = 5.0
"""A broker that restarts is away for less, and nobody need read of it."""


class Patience:
    """Waits between attempts at one thing.

    Parameters
    ----------
    what
        What waits, for the log.
    ended
        Set when there is no use in waiting any longer.
    check
        Raises where waiting does not help; it is asked once the wait is long.
    """

    def __init__(self, what: str, ended: Event, check: Callable[[], None] = lambda: None) -> None:
        self._what = what
        self._ended = ended
        self._check = check
        self._began: float | None = None
        self._pause = FIRST_S
        self._said = False

    def wait(self, why: object) -> bool:
        """Wait before the next attempt; False if there is to be none."""
        now = time.monotonic()
        if self._began is None:
            self._began = now
        elif now - self._began > SAID_AFTER_S:
            self._check()
            if not self._said:
                self._said = True
                log.warning("%s waits for Kafka: %s", self._what, why)
        ended = self._ended.wait(self._pause)
        self._pause = min(2 * self._pause, LONGEST_S)
        return not ended

    def over(self) -> None:
        """Take note that it was done."""
        if self._said and self._began is not None:
            log.warning("%s goes on, after %.0f s", self._what, time.monotonic() - self._began)
        self._began, self._pause, self._said = None, FIRST_S, False
