"""What all benches share: fair turns, medians, a table for people, one JSON line for programs."""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

# Benches and tests share tests/support.
sys.path.append(str(Path(__file__).parents[1] / "tests"))


@dataclass(frozen=True)
class Run:
    """How long one call took."""

    wall_s: float
    cpu_s: float


def arguments(about: str) -> argparse.ArgumentParser:
    """Make the parser with the flags that every bench has."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--quick", action="store_true", help="the same on less, within 50 s")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    return parser


def timed(call: Callable[[], object]) -> Run:
    """Time one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return Run(time.perf_counter() - wall, time.process_time() - cpu)


def in_turn(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Run]:
    """Time calls in turn, A B C A B C …, so that a slow minute falls on all; give the medians.

    One round before goes uncounted: caches and lazy imports are paid there.
    """
    runs: dict[str, list[Run]] = {name: [] for name in calls}
    for turn in range(rounds + 1):
        for name, call in calls.items():
            run = timed(call)
            if turn:
                runs[name].append(run)
    return {
        name: Run(
            statistics.median(run.wall_s for run in found),
            statistics.median(run.cpu_s for run in found),
        )
        for name, found in runs.items()
    }


def show(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """Print a table for people."""
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def result(bench: str, figures: Mapping[str, object]) -> str:
    """Give the JSON line: what was measured, on what."""
    machine = {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "numpy": version("numpy"),
        "gridcast": version("gridcast"),
    }
    return json.dumps({"bench": bench, "figures": figures, "machine": machine})


def _cpu() -> str:
    try:
        with Path("/proc/cpuinfo").open() as info:
            return next(line.split(":")[1].strip() for line in info if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor()


def history_arguments(
    about: str, *, series: int, length: tuple[str, float], horizon: float
) -> argparse.Namespace:
    """Parse the flags of a bench that plays a history; `length` is the flag of its length."""
    parser = arguments(about)
    name, default = length
    parser.add_argument("--series", type=int, default=series)
    parser.add_argument(f"--{name}", type=float, default=default)
    parser.add_argument("--horizon", type=float, default=horizon, help="hours")
    parser.add_argument("--model", choices=("box", "none"), default="box")
    return parser.parse_args()


def print_figures(bench: str, figures: Mapping[str, object], *, json: bool) -> None:
    """Print a table for people, and a line for programs."""
    show(bench, ["figure", "value"], [[name, f"{value:,}"] for name, value in figures.items()])
    if json:
        print(result(bench, figures))
