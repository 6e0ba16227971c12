"""How long partitions stand still when the worker that had them goes."""

import time
from datetime import UTC, datetime

from support.chaos.deployment import Deployment, StoppedError

from gridcast.schemas import Reading
from gridcast.stream.process.child_process import Process

SERIES = 60
SETTLED_WITHIN_S = 120.0


def feed(deployment: Deployment, time_: datetime | None = None) -> None:
    """Send a reading of each of some series, as many as it takes to reach every partition."""
    time_ = time_ or datetime.now(UTC)
    readings = [Reading(series=f"m-{number}", time=time_, value=1.5) for number in range(SERIES)]
    deployment.send([(reading.series.encode(), reading.to_bytes()) for reading in readings])


def share_out(deployment: Deployment, workers: int) -> list[Process]:
    """Start more workers; return when every worker has a share of the partitions, and works."""
    started = [deployment.start() for _ in range(workers)]
    end = time.monotonic() + SETTLED_WITHIN_S
    while len(deployment.shares()) < len(deployment.workers):
        if time.monotonic() > end:
            raise StoppedError(f"{deployment.shares()} after {SETTLED_WITHIN_S:.0f} s")
        time.sleep(0.2)
    feed(deployment)
    deployment.wait_until_all_is_kept(SETTLED_WITHIN_S)
    return started


def takeover_s(deployment: Deployment, lost: Process, *, killed: bool) -> float:
    """Take a worker away; give the time until those left have kept new readings of all series."""
    began = time.monotonic()
    if killed:
        deployment.kill(lost)
    else:
        deployment.stop(lost)
    feed(deployment)
    deployment.wait_until_all_is_kept(SETTLED_WITHIN_S)
    return time.monotonic() - began
