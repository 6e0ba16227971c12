"""Pausing, continuing and stopping a replay: by keys on a terminal, and by signals."""

import os
import signal
import sys
import termios
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from select import select

from gridcast.stream.process.signals import stop_on_signals
from gridcast.stream.replay.player import PauseControl

LOOK_S = 0.2


@contextmanager
def held_by_hand() -> Iterator[PauseControl]:
    """Yield a control: space or SIGUSR1 pauses and continues; q, Ctrl-C or SIGTERM stops."""
    with stop_on_signals() as stop:
        held = PauseControl(stop)
        before = signal.signal(signal.SIGUSR1, lambda *_: held.toggle())
        try:
            if sys.stdin.isatty():
                with _keys(held):
                    yield held
            else:
                yield held
        finally:
            signal.signal(signal.SIGUSR1, before)


@contextmanager
def _keys(held: PauseControl) -> Iterator[None]:
    """Read single keys, and restore the terminal afterwards."""
    terminal = sys.stdin.fileno()
    before, ended = termios.tcgetattr(terminal), threading.Event()

    def read() -> None:
        while not ended.is_set():
            if select([terminal], [], [], LOOK_S)[0]:
                # Not from sys.stdin: `select` does not see what its buffer has read ahead.
                keys = os.read(terminal, 64)
                for _ in range(keys.count(b" ")):
                    held.toggle()
                if b"q" in keys or not keys:  # the terminal is gone
                    held.stop.set()
                    return

    tty.setcbreak(terminal)
    reader = threading.Thread(target=read, name="keys", daemon=True)
    reader.start()
    try:
        yield
    finally:
        ended.set()
        reader.join(2 * LOOK_S)
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
