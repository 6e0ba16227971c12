"""What calibration and verification add to a tick, and what they hold."""

from collections.abc import Callable

import numpy as np
from common import Run, timed

from gridcast.models.calibration import corrected
from gridcast.models.partition import Partition
from gridcast.models.verification import Forecasted
from gridcast.models.windows import WindowSpec
from gridcast.models.windows.column import Column
from gridcast.models.windows.marks import PLAIN
from gridcast.schemas import Rung
from gridcast.schemas.columns import ReadingColumns
from gridcast.schemas.forecast_columns import Maker
from gridcast.schemas.score_columns import ScoreColumns

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
HORIZON = 96
PART = 2_048
STEP_MS = 900_000
START_SLOT = 20_000 * 96
SLOTS = 30 * 4
"""Until as much falls due as is noted."""
LATEST = 8
"""Of so many slots, two hours, the mean is taken."""
MAKERS = (Maker(Rung.MODEL, None, "box", "1"), Maker(Rung.SEASONAL_PROFILE, "no window"))


def cost(series: int) -> dict[str, float]:
    """Play slots of so many series; give the CPU seconds for 100,000, and bytes a series."""
    partition = Partition(WindowSpec(), lateness_ms=0)
    windows, checks = partition.windows, partition.checks
    rng = np.random.default_rng(0)
    zeros = np.zeros(series, np.int32)
    times = np.full(series, START_SLOT * STEP_MS)
    names = [f"meter-{row:07d}" for row in range(series)]
    windows.fold(ReadingColumns(names, times, zeros + 1.0, zeros.astype(np.uint8), zeros))
    size = rng.lognormal(0, 1, series).astype(np.float32)
    fan = np.array([-1.6, -1.3, -0.7, 0, 0.7, 1.3, 1.6], np.float32)
    made_by = (rng.random(series) < 0.02).astype(np.intp)
    spent: dict[str, list[Run]] = {}

    def time_it(name: str, call: Callable[[], object]) -> None:
        spent.setdefault(name, []).append(timed(call))

    written = held = messages = 0
    for slot in range(START_SLOT + 1, START_SLOT + SLOTS):
        windows.advance(slot * STEP_MS)
        load = size * (3 + rng.normal(0, 0.3, series)).astype(np.float32)
        windows.columns[slot - 1] = Column(load, np.full(series, PLAIN, np.uint8))
        checks.begin(windows, HORIZON, LEVELS)
        found: list[ScoreColumns] = []
        time_it("judge", lambda found=found: found.extend(checks.judge(windows)))
        for one in found:
            time_it("scores", lambda one=one: sum(len(value) for _, value in one.messages()))
            messages = sum(len(value) for _, value in one.messages())
        leads = checks.leads(slot)
        level = size[:, None] * (3 + 0.3 * fan)
        raw = (level + rng.normal(0, 0.05, (len(leads), series, 1))).astype(np.float32)
        note = Forecasted(leads, raw, raw * np.float32(1.01), MAKERS, made_by)
        time_it("note", lambda note=note: checks.note(windows, note))
        changes: list[bytes | None] = []
        time_it("records", lambda to=changes: to.extend(checks.changes(windows).values()))
        if slot > START_SLOT + SLOTS - 61:  # an even number of turns of every band
            written += sum(len(record) for record in changes if record is not None)
            held = max(held, checks.nbytes)
    rung = np.where(made_by == 0, 0, 2)
    quantiles = np.repeat(size[:, None, None] * (3 + 0.3 * fan)[:, None], HORIZON, axis=2)

    def correct() -> None:
        for first in range(0, series, PART):
            rows = np.arange(first, min(first + PART, series))
            shift = checks.shift(rows, rung[rows])
            if shift is not None:
                corrected(quantiles[rows], shift, 0.0)

    for _ in range(3):
        time_it("correct", correct)
    seconds = {
        f"{name}_s_100k": float(np.mean([run.cpu_s for run in runs[-LATEST:]])) / series * 100_000
        for name, runs in spent.items()
    }
    return seconds | {
        "held_bytes_a_series": held / series,
        "record_bytes_a_series_minute": written / 60 / 15 / series,
        "score_bytes_a_series_hour": messages / series,
    }
