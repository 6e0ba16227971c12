"""The demo, as a newcomer runs it: alive, honest about dead letters, and gone without a trace."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SERIES, MOST_LAG = 200, 1500
SAYS_HOW_IT_GOES = re.compile(r" (\d+) series .* (\d+) kept .* lag (\d+) (\d+) forecasts")


def demo(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "gridcast", "demo", "--series", str(SERIES), *arguments]


def environment(folder: Path) -> dict[str, str]:
    """Temporary files of the demo's own, so that it can be seen what is left of them."""
    inherited = {k: v for k, v in os.environ.items() if k != "GRIDCAST_BROKER"}
    return inherited | {"TMPDIR": str(folder), "GRIDCAST_GATEWAY_PORT": "0"}


def processes_of(folder: Path) -> list[str]:
    """Give the command lines of all that runs with those temporary files."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"TMPDIR={folder}".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text().replace("\0", " ")[:100])
        except OSError:
            continue
    return found


def is_alive(line: str) -> bool:
    """Tell whether a line of what it says shows all series answered, and no backlog."""
    found = SAYS_HOW_IT_GOES.search(line.replace(",", ""))
    if found is None:
        return False
    series, kept, lag, forecasts = map(int, found.groups())
    return series == SERIES and kept > SERIES and lag < MOST_LAG and forecasts > 2 * SERIES


def run_until_alive(folder: Path) -> tuple[str, dict[str, Any]]:
    """Run it until it shows that it is, and end it; gives what it says, and its summary."""
    running = subprocess.Popen(
        demo(folder, "--json"),
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert running.stdout is not None
    told = []
    with running, running.stdout as said:
        for line in said:
            told.append(line)
            if is_alive(line):
                running.terminate()  # as Ctrl-C
                break
        told += said
    assert running.returncode == 0, "".join(told)
    return "".join(told), json.loads(told[-1])


def test_readings_flow_and_nothing_is_left_behind(tmp_path: Path) -> None:
    said, summary = run_until_alive(tmp_path)
    assert summary["series"] == SERIES
    assert summary["worked"] > SERIES
    assert summary["forecasts"] > SERIES
    assert set(summary["zones_answered_by"]) == {"model"}  # its grid has a past
    assert "first forecasts after" in said
    assert list(tmp_path.iterdir()) == []
    assert processes_of(tmp_path) == []


def test_a_demo_that_is_killed_takes_all_of_its_processes_along(tmp_path: Path) -> None:
    """`kill -9` gives it no chance to stop anything itself."""
    running = subprocess.Popen(
        demo(tmp_path), cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    with running.stdout as said:
        for line in said:
            if line.startswith("first forecasts"):
                break
        assert len(processes_of(tmp_path)) >= 4
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    end = time.monotonic() + 60
    while processes_of(tmp_path) and time.monotonic() < end:
        time.sleep(0.2)
    assert processes_of(tmp_path) == []
