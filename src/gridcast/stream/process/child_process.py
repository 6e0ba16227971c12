"""A process of ours that never outlives us, and whose last words are kept."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

KEEPER = Path(__file__).with_name("supervisor.py")
LAST_LINES = 8


class Process:
    """A command run under a keeper (see `keeper.py`), what it says going to a file.

    Parameters
    ----------
    command
        What to run.
    log
        Where what it says goes.
    folder
        Where it runs.
    environment
        What it is told beside what we are told ourselves.
    removed_after
        A temporary directory that the keeper removes if we cannot any more, having been killed.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        *,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
        removed_after: Path | None = None,
    ) -> None:
        keeper = [sys.executable, "-I", "-S", str(KEEPER), str(os.getpid())]
        with log.open("wb") as said:
            self._keeper = subprocess.Popen(  # noqa: S603 - a command of ours
                [*keeper, str(removed_after or ""), *command],
                cwd=folder,
                env=os.environ | (environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=said,
                # Ctrl-C is for us; we then stop our processes one after the other.
                start_new_session=True,
            )
        self.log = log
        self.pid = 0
        """The command's own process id."""
        if self._keeper.stdout is not None:
            with self._keeper.stdout as told:
                self.pid = int(told.readline() or 0)

    def is_alive(self) -> bool:
        """Tell whether it runs."""
        return self._keeper.poll() is None

    def ask_to_stop(self) -> None:
        """Begin a clean stop (SIGTERM)."""
        self._keeper.terminate()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end; tells whether it came in time."""
        try:
            self._keeper.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self, within_s: float) -> None:
        """Stop it, cleanly if that can be done in time."""
        self.ask_to_stop()
        if not self.wait(within_s):
            self.kill()

    def kill(self) -> None:
        """End it at once, as a power cut would (`kill -9`)."""
        if self.is_alive() and self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        self._keeper.wait()


def end_of(log: str) -> str:
    """Take the last lines, less where in the code it happened: that tells a user nothing."""
    told = [line for line in log.splitlines() if line and not line.startswith(("\tat ", "  File"))]
    return "\n".join(f"  {line}" for line in told[-LAST_LINES:])
