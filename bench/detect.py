"""Detection: a look at 100,000 series, scored, learned and judged, beside plain River one by one.

A look is what a worker does at a tick: a reading of each series (3 in 1,000 faulty, 2 % missing)
against its forecast, all detectors, the conditions for those beyond a limit, and the board of
alarms. River's way is a detector object of each kind for each series, a call each for a reading:
a Gaussian scorer behind a quantile filter, Page-Hinkley, ADWIN, and half-space trees a feeder. That
is measured on fewer series and told for as many. One core: threads are pinned before NumPy is
loaded. With --data, the labelled sets; what a simulated grid shows: `gridcast detect score`.
"""

# ruff: noqa: E402
import os

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_threads] = "1"

import itertools
import statistics
from pathlib import Path

import numpy as np
from common import Run, arguments, in_turn, result, show, timed
from river import anomaly, drift

from gridcast.learning.detection.labelled_sets import read_set
from gridcast.models.alarms import AlarmBoard
from gridcast.models.detection.condition_builder import DETECTED
from gridcast.models.detection.watch import ReadingWatch
from gridcast.models.evaluation.detection.labelled_series import novelty_stream
from gridcast.models.evaluation.detection.nab import PROFILES, nab_score
from gridcast.models.grid import Grid
from gridcast.schemas import ClosedBy, GridSeries, Rung
from gridcast.schemas.forecast_columns import ForecastColumns, Maker, to_the_watt

LEVELS = (0.05, 0.5, 0.95)
FEEDER = 50
"""Series of one."""
STEP = 15
FEED = "meter.readings/0"
HOUR = 60
"""Looks."""
START = 1_767_225_600_000
MINUTE = 60_000
SETTLES = 30
"""Looks before those that are timed."""
ALL = 100_000


class Partition:
    """Series of a partition, and a reading of each for as many looks as are asked for."""

    def __init__(self, series: int) -> None:
        self.rng = np.random.default_rng(8)
        self.series = series
        self.names = [f"m-{number}" for number in range(series)]
        self.grid = Grid()
        for number, name in enumerate(self.names):
            parent = f"f-{number // FEEDER}"
            self.grid.declare(GridSeries(series=name, parent=parent, capacity_kw=20))
        self.rows = np.arange(series)
        median = self.rng.lognormal(0, 0.7, series)
        around = np.array([-0.5, 0, 0.5])
        self.quantiles = (median[:, None] * (1 + 0.6 * around)).astype(np.float32)
        self.watch, self.board = ReadingWatch(), AlarmBoard(FEED)
        self.minute = itertools.count(8)
        self.alarms = 0

    def readings(self) -> np.ndarray:
        value = self.quantiles[:, 1] * (1 + 0.18 * self.rng.standard_normal(self.series))
        value[self.rng.random(self.series) < 0.02] = np.nan
        value[self.rng.random(self.series) < 0.003] *= 30
        return value.astype(np.float32).round(3)

    def look(self, value: np.ndarray) -> None:
        minute = next(self.minute)
        tick_ms = START + minute * MINUTE
        rows = self.rows[~np.isnan(value)]
        at = np.full(len(rows), tick_ms - MINUTE)
        sent = at + self.rng.integers(500, 5_000, len(rows))
        self.watch.take(rows, value[rows], at, sent)
        found = self.watch.conditions(tick_ms, self.names, self.grid, FEED)
        self.alarms += len(self.board.judge(tick_ms, found, DETECTED))
        if minute % STEP == 0:
            self.watch.expect(self._forecasts(tick_ms))

    def _forecasts(self, tick_ms: int) -> ForecastColumns:
        return ForecastColumns(
            tick_ms,
            tick_ms,
            STEP,
            LEVELS,
            ClosedBy.WATERMARK,
            self.names,
            to_the_watt(self.quantiles[:, :, None]),
            (Maker(Rung.MODEL),),
            np.zeros(self.series, np.uint16),
            np.full(self.series, tick_ms),
            np.ones(self.series),
        )


class River:
    """The detectors of each series by themselves."""

    def __init__(self, partition: Partition) -> None:
        self.partition = partition
        series = partition.series
        self.tails = [
            anomaly.QuantileFilter(anomaly.GaussianScorer(), 0.9999) for _ in range(series)
        ]
        self.tests = [drift.PageHinkley() for _ in range(series)]
        self.windows = [drift.ADWIN() for _ in range(series)]
        self.forests = [
            anomaly.HalfSpaceTrees(n_trees=8, height=4, window_size=96, seed=8)
            for _ in range(-(-series // FEEDER))
        ]
        self.found = 0

    def look(self, value: np.ndarray) -> None:
        quantiles = self.partition.quantiles
        score = (value - quantiles[:, 1]) / (quantiles[:, 2] - quantiles[:, 0])
        for one, tail, test, window in zip(
            score.tolist(), self.tails, self.tests, self.windows, strict=True
        ):
            if one != one:  # noqa: PLR0124 - missing
                continue
            self.found += tail.classify(tail.score_one(None, one))
            tail.learn_one(None, one)
            test.update(one)
            window.update(one)
            self.found += test.drift_detected + window.drift_detected
        for number, forest in enumerate(self.forests):
            part = np.nan_to_num(score[number * FEEDER : (number + 1) * FEEDER])
            figures = {
                "mean": float(part.mean()),
                "high": float((part > 1).mean()),
                "low": float((part < -1).mean()),
                "most": float(part.max()),
                "least": float(part.min()),
            }
            self.found += forest.score_one(figures) > 0.99
            forest.learn_one(figures)


def measure(series: int, few: int, rounds: int) -> dict[str, object]:
    whole, part = Partition(series), Partition(few)
    river = River(part)
    for _ in range(SETTLES):
        whole.look(whole.readings())
    many = itertools.cycle([whole.readings() for _ in range(5)])
    some = itertools.cycle([part.readings() for _ in range(5)])
    runs: dict[str, Run] = in_turn(
        {"gridcast": lambda: whole.look(next(many)), "river": lambda: river.look(next(some))},
        rounds,
    )
    kept = Kept(whole)
    for _ in range(HOUR):
        kept.look(next(many))
    restart = timed(lambda: ReadingWatch(kept.table))
    return {
        "score_s_100k": runs["gridcast"].cpu_s * ALL / series,
        "score_wall_s_100k": runs["gridcast"].wall_s * ALL / series,
        "river_one_by_one_s_100k": runs["river"].cpu_s * ALL / few,
        "bytes_a_series": whole.watch.detection.nbytes / series,
        "recorded_bytes_a_series_minute": statistics.mean(kept.sizes) / series,
        "recorded_whole_bytes_a_series": max(kept.sizes) / series,
        "table_bytes_a_series": max(kept.held) / series,
        "forest_bytes_a_group": forest_bytes(whole),
        "record_s_100k": statistics.median(kept.seconds) * ALL / series,
        "restart_s_100k": restart.cpu_s * ALL / series,
        "series": series,
        "alarms": whole.alarms,
    }


class Kept:
    """A partition's watch kept at every tick, as a table would: an hour of it, one whole in it."""

    def __init__(self, partition: Partition) -> None:
        self.partition = partition
        self.table: dict[str, bytes] = {}
        self.sizes: list[int] = []
        self.held: list[int] = []
        """What the table holds after each tick: what a compacted changelog is bounded by."""
        self.seconds: list[float] = []
        self.partition.watch.changes()  # what was not kept so far is none of this hour

    def look(self, value: np.ndarray) -> None:
        self.partition.look(value)
        changes: dict[str, bytes | None] = {}
        self.seconds.append(timed(lambda: changes.update(self.partition.watch.changes())).cpu_s)
        written = {key: record for key, record in changes.items() if record is not None}
        self.sizes.append(sum(map(len, written.values())))
        left = {key: one for key, one in self.table.items() if key not in changes}
        self.table = left | written
        self.held.append(sum(map(len, self.table.values())))


def forest_bytes(partition: Partition) -> float:
    """Return the bytes of one group's half-space trees: River's own take some 50 KB."""
    forests = partition.watch.detection.forests
    return sum(np.asarray(column).nbytes for column in forests.columns()) / len(forests)


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    given = parser.parse_args()
    size = (20_000, 500, 5) if given.quick else (ALL, 4_000, 15)
    figures = measure(*size)
    goals = {"score_s_100k": "< 3", "nab_standard": "≥ 65"}
    path = given.data / "nab.parquet"
    if path.exists():
        streams = [novelty_stream(one) for one in read_set(path)]
        for profile in PROFILES:
            figures[f"nab_{profile.name}"] = nab_score(streams, profile).score
    show(
        "A look at 100,000 series, one core",
        ["figure", "measured", "goal"],
        [[name, f"{value:,.4g}", goals.get(name, "")] for name, value in figures.items()],
    )
    if given.json:
        print(result("detect", figures))


if __name__ == "__main__":
    main()
