"""Load of many series in means of 15 minutes, with days, weeks and noise in it."""

import numpy as np

from gridcast.models.simulator import Arrivals
from gridcast.schemas import GridSeries
from gridcast.stream.recording import Recording

STEP_MS, DAY = 900_000, 96
START_MS = 1_735_689_600_000
"""1 January 2025."""
WARM_DAYS = 8
"""A window; peers learn from it, too."""


def make_recording(series: int, origins: int) -> Recording:
    """Make a window of history, and one step more for each origin."""
    slots = WARM_DAYS * DAY + origins
    rng = np.random.default_rng(1)
    time_ms = START_MS + STEP_MS * np.arange(slots + 1)
    phase = np.arange(slots + 1)[:, None] / DAY * 2 * np.pi + rng.uniform(-1, 1, series)
    size = rng.lognormal(3, 1, series)
    value = size * (1 + 0.4 * np.sin(phase) + 0.1 * np.sin(phase / 7))
    value += rng.normal(scale=0.05, size=value.shape) * size
    row = np.tile(np.arange(series, dtype=np.int32), slots + 1)
    count = len(row)
    arrivals = Arrivals(
        series=row,
        time_ms=np.repeat(time_ms, series),
        arrival_ms=np.repeat(time_ms + STEP_MS, series),
        value=np.maximum(value, 0.01).ravel(),
        quality=np.zeros(count, np.uint8),
        revision=np.zeros(count, np.int32),
    )
    declared = tuple(GridSeries(series=f"m-{number:05d}") for number in range(series))
    return Recording("bench", declared, arrivals, (), slot_ms=STEP_MS)
