"""Rolling-origin forecasts a second: gridcast's backtest beside the cross-validation of others.

    uv run --extra train --group bench bench/backtest.py

Every forecaster makes a forecast of 96 steps of 15 minutes for every series at every origin, from
the same readings, on the same two cores. The peers' time contains their fit. gridcast's begins at
the first origin: before it the window is filled and the calibration learns from each of its 768
slots, once for however long a history follows; that is told beside, as seconds. gridcast and
statsforecast give seven quantiles, mlforecast a single number.
"""

import os
import resource
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from multiprocessing import get_context

from backtest_parts.material import DAY, START_MS, STEP_MS, WARM_DAYS, make_recording
from backtest_parts.peers import frame, mlforecast_lightgbm, statsforecast_seasonal_naive
from common import arguments, result, show

from gridcast.stream.backtest.plan import Plan
from gridcast.stream.backtest.run import Forecaster, ways
from gridcast.stream.backtest.walk import Way, walk
from gridcast.stream.recording import Recording
from gridcast.stream.settings import load

CORES = 2
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
    """Until the first origin was reached."""


def gridcast(recording: Recording, model: str, origins: int, processes: int) -> Run:
    """Walk all partitions side by side."""
    first_ms = START_MS + WARM_DAYS * DAY * STEP_MS
    settings = load().settings.model_copy(update={"partitions": CORES, "step_minutes": 15})
    plan = Plan(settings, first_ms, first_ms + origins * STEP_MS, STEP_MS, most_judged=1)
    every = ways(recording, plan, [Forecaster(model, model)], None)
    if processes == 1:
        runs = [walk_timed(way) for way in every]
        wall_s = sum(run.wall_s for run in runs)
    else:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            runs = list(pool.map(walk_timed, every))
        wall_s = max(run.wall_s for run in runs)
    made, cpu_s = sum(run.forecasts for run in runs), sum(run.cpu_s for run in runs)
    return Run(made, wall_s, cpu_s, before_s=max(run.before_s for run in runs))


def walk_timed(way: Way) -> Run:
    """Walk one partition; the time counts from the first origin on."""
    began_s = time.perf_counter()
    first: list[tuple[float, float]] = []

    def told(tick_ms: int) -> None:
        if not first and tick_ms >= way.plan.from_ms:
            first.append((time.perf_counter(), _cpu()))

    made = walk(way, told).forecasts
    wall_s, cpu_s = time.perf_counter() - first[0][0], _cpu() - first[0][1]
    return Run(made, wall_s, cpu_s, before_s=first[0][0] - began_s)


def timed(call: Callable[[], int]) -> Run:
    """Time a peer's whole call."""
    wall, cpu = time.perf_counter(), _cpu()
    made = call()
    return Run(made, time.perf_counter() - wall, _cpu() - cpu)


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--series", type=int, default=1_000)
    parser.add_argument("--origins", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    series, origins, rounds, processes = asked.series, asked.origins, asked.rounds, CORES
    if asked.quick:  # too little to start processes for
        series, origins, rounds, processes = 20, 16, 1, 1
    os.environ["OMP_NUM_THREADS"] = "1"
    runs: dict[str, list[Run]] = {}
    calls = calls_of(series, origins, processes)
    for _ in range(rounds):
        for name, call in calls.items():
            runs.setdefault(name, []).append(call())
    for name, of in runs.items():
        if {run.forecasts for run in of} != {series * origins}:
            raise SystemExit(f"{name} made {of[0].forecasts} forecasts, not {series * origins}")
    rates = {name: _median(of, "wall_s") for name, of in runs.items()}
    each = {name: _median(of, "cpu_s") for name, of in runs.items()}
    shares = {
        f"{own}_times_{peer}": round(each[own] / each[peer], 2)  # wall time is others' as well
        for own, peer in BESIDE
        if peer in each
    }
    rows = [[name, f"{rates[name]:,.0f}", f"{each[name]:,.0f}"] for name in rates]
    rows += [
        [name.replace("_times_", " / "), "", f"{one:.1f} times"] for name, one in shares.items()
    ]
    title = f"backtest: {series:,} series, {origins} origins, {HORIZON} steps ahead"
    show(title, ["forecaster", "forecasts a second", "a CPU second"], rows)
    if asked.json:
        figures: dict[str, object] = {"series": series, "origins": origins, "processes": processes}
        figures |= {f"{name}_per_s": round(rate, 1) for name, rate in rates.items()}
        figures |= {f"{name}_per_cpu_s": round(rate, 1) for name, rate in each.items()}
        figures |= {
            f"{name}_before_s": round(statistics.median(run.before_s for run in of), 1)
            for name, of in runs.items()
            if of[0].before_s
        }
        print(result("backtest", figures | shares))


def calls_of(series: int, origins: int, processes: int) -> dict[str, Callable[[], Run]]:
    """Give all that is measured: gridcast, and the peers that are installed."""
    recording = make_recording(series, origins)
    calls: dict[str, Callable[[], Run]] = {
        name: partial(gridcast, recording, model, origins, processes)
        for name, model in (("gridcast_box", "box"), ("gridcast_rungs", "none"))
    }
    if not find_spec("statsforecast") or not find_spec("mlforecast"):
        print("no peers: uv run --extra train --group bench bench/backtest.py")
        return calls
    data = frame(recording, HORIZON)
    for peer in (statsforecast_seasonal_naive, mlforecast_lightgbm):
        calls[peer.__name__] = partial(timed, partial(peer, data, origins, HORIZON, processes))
    return calls


def _median(runs: list[Run], of: str) -> float:
    return statistics.median(run.forecasts / getattr(run, of) for run in runs)


if __name__ == "__main__":
    main()
