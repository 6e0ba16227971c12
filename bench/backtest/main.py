"""Rolling-origin forecasts a second: gridcast's backtest beside the cross-validation of others.

    uv run --extra train --group bench bench/backtest

A thousand series, a forecast of 96 steps of 15 minutes at every step. A whole year is 35,040
origins and hours of work: gridcast walks as many as `--origins` says (a week), and what a year
would take is told from that. `--origins 35040` walks it whole, and says every week how far it is;
`--only gridcast_box` leaves out the others.

All time counts from the first origin on, and what comes once is told beside: gridcast fills the
window and lets the calibration learn from each of its 768 slots; peers fit. They cross-validate the
newest `--peer-origins` of the same readings, and then twice as many: what the second half costs is
their rate. gridcast and statsforecast give seven quantiles, mlforecast a single number.
"""

import os
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from multiprocessing import get_context

from common import arguments, result, show

from backtest.material import DAY, START_MS, STEP_MS, WARM_DAYS, make_recording
from backtest.peers import frame, mlforecast_lightgbm, statsforecast_seasonal_naive
from gridcast.learning.backtest.plan import BacktestPlan
from gridcast.learning.backtest.run import NamedForecaster, partition_tasks
from gridcast.learning.backtest.walk import PartitionTask, walk
from gridcast.stream.recording import Recording
from gridcast.stream.settings import load

CORES = 2
YEAR = 365 * DAY
"""Origins."""
HORIZON = 96
BESIDE = (
    ("gridcast_box", "mlforecast_lightgbm"),
    ("gridcast_rungs", "statsforecast_seasonal_naive"),
)
"""Whom each is comparable with: one model of all series, and each series' own past."""


@dataclass(frozen=True)
class Run:
    """One call: how many forecasts it made, and what it took, child processes included."""

    forecasts: int
    wall_s: float
    cpu_s: float
    before_s: float = 0.0
    """Wall seconds until the first origin: what comes once."""


def gridcast(recording: Recording, model: str, origins: int, processes: int) -> Run:
    """Walk all partitions side by side."""
    first_ms = START_MS + WARM_DAYS * DAY * STEP_MS
    settings = load().settings.model_copy(update={"partitions": CORES, "step_minutes": 15})
    plan = BacktestPlan(settings, first_ms, first_ms + origins * STEP_MS, STEP_MS, most_judged=1)
    every = partition_tasks(recording, plan, [NamedForecaster(model, model)], None)
    if processes == 1:
        runs = [walk_timed(way) for way in every]
        wall_s = sum(run.wall_s for run in runs)
    else:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            runs = list(pool.map(walk_timed, every))
        wall_s = max(run.wall_s for run in runs)
    made, cpu_s = sum(run.forecasts for run in runs), sum(run.cpu_s for run in runs)
    return Run(made, wall_s, cpu_s, before_s=max(run.before_s for run in runs))


def walk_timed(way: PartitionTask) -> Run:
    """Walk one partition; the time counts from the first origin on."""
    began_s = time.perf_counter()
    first: list[tuple[float, float]] = []
    week_ms = 7 * DAY * STEP_MS

    def told(tick_ms: int) -> None:
        since_ms = tick_ms - way.plan.from_ms
        if since_ms >= 0 and not first:
            first.append((time.perf_counter(), _cpu()))
        elif first and since_ms % week_ms == 0:
            weeks, cpu_s = since_ms // week_ms, _cpu() - first[0][1]
            where = f"{way.forecaster}, partition {way.number}: {weeks} weeks, {cpu_s:,.0f} CPU s"
            print(where, file=sys.stderr, flush=True)

    made = walk(way, told).forecasts
    wall_s, cpu_s = time.perf_counter() - first[0][0], _cpu() - first[0][1]
    return Run(made, wall_s, cpu_s, before_s=first[0][0] - began_s)


def peer(call: Callable[[int], int], origins: int) -> Run:
    """Time a peer with so many origins and with twice as many: its fit is in both."""
    call(1)  # imports, and what numba compiles when first called
    runs = []
    for count in (origins, 2 * origins):
        wall, cpu = time.perf_counter(), _cpu()
        made = call(count)
        runs.append(Run(made, time.perf_counter() - wall, _cpu() - cpu))
    few, many = runs
    made, wall_s, cpu_s = (
        getattr(many, name) - getattr(few, name) for name in ("forecasts", "wall_s", "cpu_s")
    )
    if min(wall_s, cpu_s) <= 0:
        raise SystemExit(f"{origins} origins are too few to tell a peer's rate: --peer-origins")
    return Run(made, wall_s, cpu_s, before_s=max(0.0, few.wall_s - wall_s))


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--series", type=int, default=1_000)
    parser.add_argument("--origins", type=int, default=7 * DAY)
    parser.add_argument("--peer-origins", type=int, default=8)
    parser.add_argument(
        "--only", action="append", choices=[name for pair in BESIDE for name in pair]
    )
    asked = parser.parse_args()
    series, origins, few, processes = asked.series, asked.origins, asked.peer_origins, CORES
    if asked.quick:  # too little to start processes for
        series, origins, few, processes = 20, 16, 8, 1
    os.environ["OMP_NUM_THREADS"] = "1"
    calls = calls_of(series, origins, few, processes)
    runs = {name: call() for name, call in calls.items() if name in (asked.only or calls)}
    for name, run in runs.items():
        wanted = series * (origins if name.startswith("gridcast") else few)
        if run.forecasts != wanted:
            raise SystemExit(f"{name} made {run.forecasts} forecasts, not {wanted}")
    each = {name: run.forecasts / run.cpu_s for name, run in runs.items()}
    shares = {
        f"{own}_times_{other}": round(each[own] / each[other], 2)  # wall time is others' as well
        for own, other in BESIDE
        if own in each and other in each
    }
    year_h = {name: YEAR * series / rate / 3600 for name, rate in each.items()}
    rows = [
        [
            name,
            f"{run.forecasts:,}",
            f"{run.cpu_s:,.0f}",
            f"{run.wall_s:,.0f}",
            f"{each[name]:,.0f}",
            f"{year_h[name]:,.1f}",
        ]
        for name, run in runs.items()
    ]
    title = (
        f"backtest: {series:,} series, {HORIZON} steps ahead; gridcast {origins:,} origins of"
        f" {YEAR:,} of a year, peers {2 * few:,}; the year is told from these"
    )
    heads = ["forecaster", "forecasts", "CPU s", "wall s", "a CPU second", "a year, CPU hours"]
    show(title, heads, rows)
    for name, one in shares.items():
        print(f"{name.replace('_times_', ' / ')}: {one:.1f} times a CPU second")
    if asked.json:
        figures: dict[str, object] = {"series": series, "origins": origins, "peer_origins": few}
        figures["processes"] = processes
        for name, run in runs.items():
            figures[f"{name}_per_s"] = round(run.forecasts / run.wall_s, 1)
            figures[f"{name}_per_cpu_s"] = round(each[name], 1)
            figures[f"{name}_before_s"] = round(run.before_s, 1)
            figures[f"{name}_year_cpu_h_estimated"] = round(year_h[name], 2)
        print(result("backtest", figures | shares))


def calls_of(series: int, origins: int, few: int, processes: int) -> dict[str, Callable[[], Run]]:
    """Give all that is measured: gridcast, and the peers that are installed."""
    recording = make_recording(series, origins)
    calls: dict[str, Callable[[], Run]] = {
        name: partial(gridcast, recording, model, origins, processes)
        for name, model in (("gridcast_box", "box"), ("gridcast_rungs", "none"))
    }
    if not find_spec("statsforecast") or not find_spec("mlforecast"):
        print("no peers: uv run --extra train --group bench bench/backtest")
        return calls
    data = frame(make_recording(series, 2 * few), HORIZON)
    for one in (statsforecast_seasonal_naive, mlforecast_lightgbm):
        call = partial(validated, one, data, processes)
        calls[one.__name__] = partial(peer, call, few)
    return calls


def validated(one: Callable[..., int], data: object, cores: int, origins: int) -> int:
    """Let a peer cross-validate."""
    return one(data, origins, HORIZON, cores)
