"""Windows: fold readings, smooth and fill windows, and what a series costs in memory and records.

One core: the threads of the linear algebra libraries are pinned before NumPy is loaded.
"""

# ruff: noqa: E402
import os

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_threads] = "1"

import time
import tracemalloc
from dataclasses import dataclass, field

import numpy as np
from common import arguments, in_turn, result, show, timed
from scipy.interpolate import make_smoothing_spline
from scipy.linalg import solve_banded

from gridcast.models.partition import Partition
from gridcast.models.simulator import FAULTS, Simulation, build_grid, spread_series
from gridcast.models.splines import Smoother, Spline
from gridcast.models.windows import Windows, WindowSpec
from gridcast.models.windows.marks import NOTHING, PLAIN
from gridcast.models.windows.snapshot import changes, load
from gridcast.schemas.columns import ReadingColumns

MINUTE = 60_000
DAY = 24 * 60 * MINUTE
START = 20_000 * DAY
SLOTS = 192
WARM_MINUTES = 120
LAM = 1.0
TAKE = 20_000
"""Readings a batch."""


@dataclass
class Feed:
    """Minutes of readings for many series, in a new order each minute."""

    series: int
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def __post_init__(self) -> None:
        self.names = [f"meter-{i:07d}" for i in range(self.series)]

    def minute(self, time_ms: int) -> ReadingColumns:
        """Give a reading of each series."""
        order = self.rng.permutation(self.series)
        return ReadingColumns(
            [self.names[i] for i in order],
            np.full(self.series, time_ms),
            self.rng.random(self.series) * 5,
            np.zeros(self.series, np.uint8),
            np.zeros(self.series, np.int32),
        )


def fold(feed: Feed, rounds: int) -> tuple[dict[str, float], Windows]:
    """Fold minute after minute, as live: a tick and a record of what changed after each."""
    windows, quiet = Windows(WindowSpec()), []
    closing, sent = [], 0
    first, largest = 0.0, 0
    for i in range(WARM_MINUTES + rounds):
        batch = feed.minute(START + i * MINUTE)
        folded = timed(lambda batch=batch: windows.fold(batch)).cpu_s
        advanced = timed(lambda i=i: windows.advance(START + (i + 1) * MINUTE)).cpu_s
        records = changes(windows)
        largest = max(largest, *(len(value) for value in records.values() if value))
        if i == 0:
            first = folded
            continue
        quiet.append(folded)
        if i >= WARM_MINUTES:  # as many slots are compacted as are closed
            sent += sum(len(value) for value in records.values() if value)
        if (i + 1) % 15 == 0:
            closing.append(advanced)
    again = timed(lambda: windows.fold(batch)).cpu_s
    return {
        "fold_s_100k": float(np.median(quiet)),
        "fold_new_series_s_100k": first,
        "fold_duplicates_s_100k": again,
        "close_slot_s_100k": float(np.median(closing)),
        "record_bytes_a_series_minute": sent / rounds / feed.series,
        "largest_record_bytes": float(largest),
    }, windows


def memory(feed: Feed) -> tuple[dict[str, float], Windows]:
    """Fill 8 days at 15 minutes, with two hours of a reading a minute at the end."""
    tracemalloc.start()
    windows = Windows(WindowSpec())
    slots = windows.spec.slots
    for i in range(slots - 8):
        windows.fold(feed.minute(START + i * 15 * MINUTE))
        windows.advance(START + (i + 1) * 15 * MINUTE)
    now = START + (slots - 8) * 15 * MINUTE
    for i in range(120):
        windows.fold(feed.minute(now + i * MINUTE))
    windows.advance(now + 120 * MINUTE)
    traced, _ = tracemalloc.get_traced_memory()  # all but the names, which the feed holds
    tracemalloc.stop()
    table: dict[str, bytes] = {k: v for k, v in changes(windows).items() if v}
    columns = [len(value) for key, value in table.items() if key.startswith("slot/")]
    restart = timed(lambda: load(windows.spec, table))
    figures = {
        "bytes_a_series": windows.nbytes / feed.series,
        "traced_bytes_a_series": traced / feed.series,
        "record_bytes_a_series_and_slot": float(np.median(columns)) / feed.series,
        "load_s": restart.cpu_s,
        "load_series": float(feed.series),
    }
    return figures, windows


def recorded(series: int, minutes: int, faults: str) -> dict[str, float]:
    """Take the simulated grid's readings as a partition does, with a checkpoint after each tick.

    Counted when as much leaves the fine part as comes in.
    """
    grid = build_grid(seed=1, country_code="KR", meters_of=spread_series(series))
    simulated = Simulation(grid, seed=1, step_s=60, faults=FAULTS[faults])
    partition = Partition(WindowSpec(hold_minutes=3), lateness_ms=5_000)
    steady = START + (WARM_MINUTES + 10) * MINUTE
    sent = ticks = readings = 0
    cpu_s = 0.0
    for chunk in simulated.chunks(START, START + minutes * MINUTE):
        come = chunk.arrivals
        for at in range(0, len(come), TAKE):
            part = come.take(slice(at, at + TAKE))
            names = [f"meter-{number:07d}" for number in part.series]
            rows = ReadingColumns(names, part.time_ms, part.value, part.quality, part.revision)
            began, counted = time.process_time(), ticks
            for tick in partition.take(rows, part.arrival_ms, np.arange(len(rows)), len(rows)):
                records = partition.changes()
                if tick.time_ms >= steady:
                    sent += sum(len(value) for value in records.values() if value)
                    ticks += 1
            if counted:
                cpu_s += time.process_time() - began
                readings += len(rows)
    return {
        f"record_bytes_a_series_minute_{faults}": sent / ticks / len(partition.windows),
        f"us_a_reading_{faults}": cpu_s / readings * 1e6,
        f"late_share_{faults}": partition.counts.late / partition.counts.accepted,
    }


def gappy(series: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Give 8 days of noisy daily waves with gaps at random."""
    rng = np.random.default_rng(1)
    wave = 2 + np.sin(np.arange(768, dtype=np.float32) / 96 * 2 * np.pi)[:, None]
    mean = wave * rng.random((1, series), np.float32) + 0.1 * rng.random((768, series), np.float32)
    mark = np.where(rng.random((768, series), np.float32) < share, NOTHING, PLAIN).astype(np.uint8)
    mean[mark == NOTHING] = np.nan
    return mean, mark


def smoothing(series: int, sample: int, rounds: int) -> dict[str, float]:
    """Smooth and fill all windows; scipy one by one on a sample; the dense operator."""
    smoother = Smoother.for_step(15, SLOTS, LAM)
    mean, mark = gappy(series, 0.05)
    recent, recent_mark = mean[-SLOTS:].copy(), mark[-SLOTS:].copy()
    complete = np.nan_to_num(recent, nan=2.0).astype(np.float64)
    operator = dense_operator()
    spline, place = Spline(SLOTS, LAM), np.arange(float(SLOTS))

    def scipy_one_by_one() -> None:
        for column in range(sample):
            known = recent_mark[:, column] != NOTHING
            one = make_smoothing_spline(place[known], complete[known, column], lam=LAM)
            one(place)

    def ours() -> None:
        smoother.smooth(
            recent, recent_mark, lambda columns: (mean[:, columns], mark[:, columns]), 0.0
        )

    runs = in_turn(
        {
            "ours": ours,
            "complete": lambda: spline.smooth(complete),
            "matrix": lambda: operator @ complete,
            "scipy": scipy_one_by_one,
        },
        rounds,
    )
    worst = np.abs(operator @ complete[:, :1000] - spline.smooth(complete[:, :1000])).max()
    scale = 100_000 / series
    return {
        "smooth_s_100k": runs["ours"].cpu_s * scale,
        "smooth_complete_s_100k": runs["complete"].cpu_s * scale,
        "matrix_product_s_100k": runs["matrix"].cpu_s * scale,
        "us_a_window": runs["ours"].cpu_s / series * 1e6,
        "scipy_us_a_window": runs["scipy"].cpu_s / sample * 1e6,
        "differs_from_matrix": float(worst),
        "windows_smoothed": float(series),
    }


def dense_operator() -> np.ndarray:
    """Make the spline a matrix, the other way to smooth complete windows."""
    second = np.diff(np.eye(SLOTS), 2, axis=0)
    bands = np.array([[1 / 6], [2 / 3], [1 / 6]]).repeat(SLOTS - 2, axis=1)
    return np.linalg.inv(np.eye(SLOTS) + LAM * second.T @ solve_banded((1, 1), bands, second))


def main() -> None:
    parser = arguments("Windows: fold, smooth, fill, keep.")
    options = parser.parse_args()
    folded, _ = fold(Feed(100_000), 30 if options.quick else 120)
    kept, _ = memory(Feed(5_000 if options.quick else 100_000))
    grid, minutes = (5_000, 170) if options.quick else (25_000, 240)
    feeds = {**recorded(grid, minutes, "none"), **recorded(grid, minutes, "mild")}
    smoothed = smoothing(
        40_000 if options.quick else 100_000,
        100 if options.quick else 500,
        3 if options.quick else 5,
    )
    figures = {**folded, **smoothed, **kept, **feeds}
    goals = {
        "fold_s_100k": "≤ 0.2",
        "smooth_s_100k": "≤ 1",
        "bytes_a_series": "≤ 6144",
        "record_bytes_a_series_minute": "≤ 32",
        "record_bytes_a_series_minute_none": "≤ 32",
        "record_bytes_a_series_minute_mild": "≤ 32",
        "us_a_reading_none": "≤ 0.8",
        "us_a_reading_mild": "≤ 1.1",
    }
    show(
        "Windows: 100,000 series, one core, CPU seconds",
        ["figure", "measured", "goal"],
        [[name, f"{value:,.4g}", goals.get(name, "")] for name, value in figures.items()],
    )
    if options.json:
        print(result("windows", figures))


if __name__ == "__main__":
    main()
