"""Resident memory of a worker that takes 24 hours of readings at full speed: it must stay flat.

It begins with windows of 8 days that are full. Memory is told at every hour of event time;
`growth_mb_an_hour` is the slope over the second half; no more than 0.5 % of what it uses is taken
for noise. `--quick`: fewer series, 12 hours.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import psutil
from common import arguments, result, show
from recovery.state import write_state
from support.chaos.deployment import Deployment

from gridcast.models.simulator import FAULTS, Simulation, build_grid, spread_series
from gridcast.sources.simulator.messages import FrameWriter, Keyed
from gridcast.stream.kafka.broker import Broker
from gridcast.stream.settings import load
from gridcast.units import HOUR_MS

START_MS = 1_767_225_600_000
WITHIN_S = 600.0
LIMIT_SHARE = 0.005
MB = 1_000_000
HORIZON_HOURS = 2.0


def day(simulation: Simulation, hours: int) -> Iterator[list[Keyed]]:
    """Give a reading of every series a minute, an hour at a time, with a well-run grid's faults."""
    writer, messages, border = FrameWriter(simulation.grid), list[Keyed](), START_MS + HOUR_MS
    for chunk in simulation.chunks(START_MS, START_MS + hours * HOUR_MS):
        if len(chunk.arrivals) and chunk.arrivals.arrival_ms[0] >= border:
            yield messages
            messages, border = [], border + HOUR_MS
        messages.extend(writer.write(chunk.arrivals))
    yield messages


def measure(series: int, hours: int, folder: Path) -> list[float]:
    """Give the worker's resident memory after each hour, MB."""
    grid = build_grid(seed=1, country_code="DE", meters_of=spread_series(series))
    simulation = Simulation(grid, seed=1, step_s=60, faults=FAULTS["mild"])
    with Broker() as broker:
        chosen = {
            "broker": broker.address,
            "topic_prefix": "memory.",
            "partitions": 1,
            "clock": "replay",
            "horizon_hours": HORIZON_HOURS,
            "cache_dir": folder / "cache",
        }
        deployment = Deployment(load().settings.model_copy(update=chosen), folder / "worker")
        try:
            write_state(deployment.settings, 0, list(grid.ids), START_MS)
            worker = deployment.start()
            process = psutil.Process(worker.pid)
            sizes = []
            for number, part in enumerate(day(simulation, hours), 1):
                deployment.send(part)
                deployment.wait_until_all_is_kept(WITHIN_S)
                sizes.append(process.memory_info().rss / MB)
                print(f"after {number} hours: {sizes[-1]:.1f} MB", file=sys.stderr)
            deployment.stop(worker)
        finally:
            deployment.close()
    return sizes


def main() -> int:
    asked = arguments(__doc__ or "").parse_args()
    series, hours = (100, 12) if asked.quick else (1_000, 24)
    began = time.monotonic()
    sizes = measure(series, hours, Path(mkdtemp(prefix="gridcast-memory-")))
    half = sizes[len(sizes) // 2 :]
    growth = float(np.polyfit(np.arange(len(half)), half, 1)[0])
    show(
        f"A worker of {series:,} series, {hours} hours in {time.monotonic() - began:.0f} s",
        ["hour", "resident MB"],
        [[str(number), f"{size:.1f}"] for number, size in enumerate(sizes, 1)],
    )
    limit = LIMIT_SHARE * half[0]
    print(f"growth in the second half: {growth:.2f} MB an hour, limit {limit:.2f}")
    if asked.json:
        figures = {
            "series": series,
            "hours": hours,
            "first_mb": round(sizes[0], 1),
            "last_mb": round(sizes[-1], 1),
            "growth_mb_an_hour": round(growth, 3),
        }
        print(result("memory", figures))
    return 0 if growth <= limit else 1


if __name__ == "__main__":
    sys.exit(main())
