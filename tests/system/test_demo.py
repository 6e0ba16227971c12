"""The demo, as a newcomer runs it: alive, honest about dead letters, and gone without a trace."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def demo(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "gridcast", "demo", "--series", "200", *arguments]


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


def run(folder: Path, seconds: int) -> tuple[str, dict[str, Any]]:
    """Run it for so long; gives what it says, and its summary."""
    done = subprocess.run(
        demo(folder, "--for", str(seconds), "--json"),
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=seconds + 120,
        check=False,
    )
    assert done.returncode in (0, 2), done.stdout + done.stderr
    return done.stdout + done.stderr, json.loads(done.stdout.splitlines()[-1])


def test_readings_flow_and_nothing_is_left_behind(tmp_path: Path):
    said, summary = run(tmp_path, 15)
    if summary["forecasts"] <= 200 or summary["lag"] >= 1500:
        said, summary = run(tmp_path, 90)  # a busy machine takes longer to begin
    assert "no forecast came" not in said
    assert summary["series"] == 200
    assert summary["worked"] > 200
    assert summary["forecasts"] > 200
    assert summary["lag"] < 1500
    assert set(summary["zones_answered_by"]) == {"model"}  # its grid has a past
    assert "first forecasts after" in said
    assert list(tmp_path.iterdir()) == []
    assert processes_of(tmp_path) == []


def test_a_demo_that_is_killed_takes_all_of_its_processes_along(tmp_path: Path):
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
