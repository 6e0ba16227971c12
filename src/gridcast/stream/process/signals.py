"""Stopping on Ctrl-C or SIGTERM."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event


@contextmanager
def stop_on_signals() -> Iterator[Event]:
    """Yield an event that Ctrl-C and SIGTERM set; a second Ctrl-C interrupts at once."""
    stop = Event()

    def ask(number: int, _frame: object) -> None:
        if stop.is_set():
            signal.default_int_handler(number, None)
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
