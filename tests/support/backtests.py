"""`gridcast backtest` as a user runs it, and what one run of it came to."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.recordings import instant

from gridcast.stream.recording import Recording

MAPPING = """
title = "Sines"
step_minutes = 60
[time]
column = "time"
zone = "UTC"
marks = "begin"
[load]
unit = "kW"
series_column = "series"
value_column = "value"
[series_defaults]
time_zone = "Europe/Berlin"
[operator_forecast]
column = "planned"
days_before = 1
at = "10:00"
zone = "Europe/Berlin"
"""


@dataclass(frozen=True)
class Ran:
    """What a run of the command came to."""

    folder: Path
    report: Path
    told: dict[str, Any]
    code: int
    said: str


def write_history(recording: Recording, folder: Path) -> None:
    """Write readings as a file of history, with what an operator had planned, and its mapping."""
    arrivals = recording.arrivals
    rows = [
        f"{instant(time)},s-{series},{value!r},{value * 1.02 + 0.1!r}"
        for time, series, value in zip(
            arrivals.time_ms.tolist(),
            arrivals.series.tolist(),
            arrivals.value.tolist(),
            strict=True,
        )
    ]
    (folder / "load.csv").write_text("\n".join(["time,series,value,planned", *rows]), "utf-8")
    (folder / "load.toml").write_text(MAPPING, "utf-8")


def gridcast(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a user would."""
    environment = os.environ | {
        "GRIDCAST_EVALUATIONS_FILE": str(folder / "past.duckdb"),
        "OMP_NUM_THREADS": "1",
    }
    return subprocess.run(
        [sys.executable, "-m", "gridcast", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
