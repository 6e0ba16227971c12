"""A command on a terminal of its own, as one types at it."""

import os
import pty
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROWS, COLUMNS = 40, 200


class Terminal:
    """What a command shows on a terminal, and keys for it."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self._master, self._slave = pty.openpty()
        termios.tcsetwinsize(self._slave, (ROWS, COLUMNS))
        self.before = self.modes
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | {"TERM": "xterm"},
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            start_new_session=True,
        )
        self._shown = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def modes(self) -> list[Any]:
        """How the terminal is set."""
        return termios.tcgetattr(self._slave)

    @property
    def shown(self) -> str:
        """All that was shown."""
        return self._shown.decode("utf-8", "replace")

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._master, keys.encode())

    def wait_for(self, state: Callable[[], bool], within_s: float = 120) -> None:
        """Wait until something is so, while the command runs."""
        until = time.monotonic() + within_s
        while not state():
            assert self.process.poll() is None, self.shown
            assert time.monotonic() < until, self.shown
            time.sleep(0.05)

    def end(self, within_s: float = 120) -> int:
        """Wait until the command has ended; gives its exit code."""
        return self.process.wait(within_s)

    def close(self) -> None:
        """End the command if it has not ended, and put the terminal away."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._slave)  # the reader then sees the end
        self._reader.join(10)
        os.close(self._master)

    def _read(self) -> None:
        while True:
            try:
                some = os.read(self._master, 65_536)
            except OSError:  # Linux says so where nobody has the other end any more
                return
            if not some:
                return
            self._shown += some


@contextmanager
def terminal(command: list[str], folder: Path) -> Iterator[Terminal]:
    """Run a command on a terminal."""
    found = Terminal(command, folder)
    try:
        yield found
    finally:
        found.close()
