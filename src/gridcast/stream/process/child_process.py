"""A child process that never outlives its parent, and whose output is kept in a file."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

SUPERVISOR = Path(__file__).with_name("supervisor.py")
LAST_LINES = 8


class Process:
    """A command run under a supervisor (`supervisor.py`), with its output in a file.

    Parameters
    ----------
    command
        The command and its arguments.
    log
        The file for its output.
    folder
        Its working directory.
    environment
        Variables in addition to this process's own.
    removed_after
        A temporary directory that the supervisor removes if this process is killed.
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
        supervisor = [sys.executable, "-I", "-S", str(SUPERVISOR), str(os.getpid())]
        with log.open("wb") as output:
            self._supervisor = subprocess.Popen(  # noqa: S603 - a command of ours
                [*supervisor, str(removed_after or ""), *command],
                cwd=folder,
                env=os.environ | (environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=output,
                # Ctrl-C goes to this process alone, which then stops its children in order.
                start_new_session=True,
            )
        self.log = log
        self.pid = 0
        """The command's own process id."""
        if self._supervisor.stdout is not None:
            with self._supervisor.stdout as stdout:
                self.pid = int(stdout.readline() or 0)

    def is_alive(self) -> bool:
        """Return whether it is running."""
        return self._supervisor.poll() is None

    def ask_to_stop(self) -> None:
        """Ask for a clean stop (SIGTERM)."""
        self._supervisor.terminate()

    def wait(self, timeout_s: float) -> bool:
        """Wait for it to end; return whether it did in time."""
        try:
            self._supervisor.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self, within_s: float) -> None:
        """Stop it; kill it if it does not stop in time."""
        self.ask_to_stop()
        if not self.wait(within_s):
            self.kill()

    def kill(self) -> None:
        """Kill it at once (`kill -9`), as a power cut would."""
        if self.is_alive() and self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        self._supervisor.wait()


def end_of(log: str) -> str:
    """Return the last lines of a log, without the places in the code: they don't help a user."""
    lines = [line for line in log.splitlines() if line and not line.startswith(("\tat ", "  File"))]
    return "\n".join(f"  {line}" for line in lines[-LAST_LINES:])
