"""The keeper, with a command that is quicker to start than Java."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.processes import is_gone

from gridcast.stream.process.child_process import SUPERVISOR

WITHIN_S = 60.0
"""What does not end would go on for an hour."""

# Says when it has begun to heed SIGTERM.
STUBBORN = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
open(sys.argv[1], "w").close()
time.sleep(3600)
"""
# Starts a keeper, says its process id and the command's, and waits to be killed.
PARENT = """
import os, subprocess, sys, time
keeper = subprocess.Popen(
    [sys.executable, sys.argv[1], str(os.getpid()), sys.argv[2], "sleep", "3600"],
    stdout=subprocess.PIPE, text=True,
)
print(keeper.pid, keeper.stdout.readline(), flush=True)
time.sleep(3600)
"""


def keep(*command: str) -> tuple["subprocess.Popen[str]", int]:
    keeper = subprocess.Popen(
        [sys.executable, "-I", "-S", str(SUPERVISOR), str(os.getpid()), "", *command],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert keeper.stdout is not None
    with keeper.stdout as said:
        return keeper, int(said.readline())


def test_it_ends_with_the_command_s_exit_code() -> None:
    keeper, _ = keep("sh", "-c", "exit 3")
    assert keeper.wait(WITHIN_S) == 3


def test_it_says_by_which_signal_the_command_was_ended() -> None:
    keeper, pid = keep("sleep", "3600")
    os.kill(pid, signal.SIGKILL)
    assert keeper.wait(WITHIN_S) == 128 + signal.SIGKILL


def test_it_hands_sigterm_on_and_waits_for_the_command(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    keeper, _ = keep(sys.executable, "-c", STUBBORN, str(ready))
    while not ready.exists():
        time.sleep(0.02)
    keeper.terminate()
    assert keeper.wait(WITHIN_S) == 7


def test_the_command_ends_and_the_directory_goes_when_the_parent_is_killed(tmp_path: Path) -> None:
    directory = tmp_path / "temporary"
    (directory / "node-1").mkdir(parents=True)
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(SUPERVISOR), str(directory)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    with parent.stdout as said:
        keeper, pid = (int(number) for number in said.readline().split())
    parent.kill()
    parent.wait()
    assert is_gone(pid, WITHIN_S)
    assert is_gone(keeper, WITHIN_S)
    assert not directory.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_the_command_ends_when_the_supervisor_is_killed() -> None:
    keeper, pid = keep("sleep", "3600")
    keeper.kill()
    keeper.wait()
    assert is_gone(pid, WITHIN_S)
