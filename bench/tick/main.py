"""What a minute costs: a tick of very many series, from its readings to the bytes it gives out.

Step 15 minutes, the network in the box: a week's window, 24 hours ahead, 7 quantiles. All of the
tick is in it: readings folded and judged, windows cut, forecasts, their messages, and the records
of the state. Four ways:

- *a minute*: between two slot boundaries, as 14 ticks of 15 are: answers that would come out the
  same are kept, and some of what the next boundary will need is read ahead;
- *a slot boundary*: the newest hour of every window is read, and all are answered;
- *a boundary unread*: the same in a worker that has just come: all hours of all windows are read;
- *one by one*: the same network asked for a series at a time, nothing else of the tick.

The same bytes come out of a tick whether its answers were kept or not: that is checked here too.
"""

# ruff: noqa: E402
import os

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_threads] = "1"

import multiprocessing
import resource
import statistics
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from common import arguments, result, show, timed

from gridcast.models.features import FeatureBuilder
from gridcast.models.network import Network
from gridcast.models.serving import LoadedRelease, ServingModels, TickContext
from gridcast.models.tick import TickSetup, run_tick
from gridcast.models.tick_forecaster import TickForecaster
from gridcast.models.windows import WindowSpec
from gridcast.models.windows.marks import PLAIN
from gridcast.schemas import GridSeries
from gridcast.schemas.quantile_texts import QuantileTexts
from gridcast.stream.releases.box import boxed
from tick.feed import FEED, START_MS, Feed

SIZES = {"1k": 1_000, "10k": 10_000, "100k": 100_000}
GOALS = {"10k": "1 s", "100k": "10 s"}
SLOT = 15
"""Minutes."""
ONE_BY_ONE = 1_000


class Stopwatch:
    """Measures the CPU seconds between entering and leaving it."""

    cpu_s = 0.0

    def __enter__(self) -> None:
        self._began_s = time.process_time()

    def __exit__(self, *_: object) -> None:
        self.cpu_s = time.process_time() - self._began_s


def measure(series: int) -> dict[str, float]:
    """Measure the ticks of so many series, in a process of their own."""
    feed, network = Feed(series), Network.load(boxed(15), step_minutes=15)
    context = TickContext(feed.grid, ServingModels({None: LoadedRelease("box-15", "box", network)}))
    spec, cores = WindowSpec(hold_minutes=3), len(os.sched_getaffinity(0))
    setup = TickSetup(TickForecaster(spec, 24, network.levels, threads=cores))
    given: list[bytes] = []

    looks: list[float] = []
    texts = QuantileTexts()

    def tick() -> None:
        closed = feed.next_tick()
        watching = Stopwatch()
        output = run_tick(feed.partition, closed, context, setup, feed=FEED, watch_timer=watching)
        looks.append(watching.cpu_s + timed(lambda: feed.judge(output.conditions)).cpu_s)
        assert output.forecasts is not None
        given[:] = [value for _, value in output.forecasts.messages(texts)]  # the newest: as sent
        feed.partition.changes()

    feed.skip_to_boundary(0)
    unread = timed(tick)
    minutes = [timed(tick) for _ in range(SLOT - 1)]
    boundary = timed(tick)
    again = TickForecaster(spec, 24, network.levels, threads=cores)
    fresh = again.forecast(feed.partition, feed.tick, context)
    if [value for _, value in fresh.messages()] != given:
        raise SystemExit("tick: kept answers are not those that would be given anew")
    return {
        "minute_s": statistics.median(run.wall_s for run in minutes),
        "minute_cpu_s": statistics.median(run.cpu_s for run in minutes),
        "look_cpu_s": statistics.median(looks),
        "boundary_s": boundary.wall_s,
        "boundary_cpu_s": boundary.cpu_s,
        "unread_s": unread.wall_s,
        "unread_cpu_s": unread.cpu_s,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
        "message_bytes": float(np.mean([len(value) for value in given])),
    }


def one_by_one(series: int) -> float:
    """Give the seconds that the network takes for so many series, asked for one at a time."""
    network = Network.load(boxed(15))
    spec = network.contract.features
    rng = np.random.default_rng(0)
    mean = (1 + rng.random((spec.window, series))).astype(np.float32)
    mark = np.full(mean.shape, PLAIN, np.uint8)
    names = [GridSeries(series="m")] * series
    inputs, _ = FeatureBuilder(spec).build((mean, mark), START_MS, names)
    alone = [inputs.take(slice(row, row + 1)) for row in range(series)]
    return timed(lambda: [network.forecast(each) for each in alone]).wall_s


def main() -> None:
    given = arguments(__doc__ or "").parse_args()
    sizes = dict(list(SIZES.items())[:2]) if given.quick else SIZES
    figures: dict[str, float] = {}
    rows = []
    for name, series in sizes.items():
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, spawn) as own:
            found = own.submit(measure, series).result()
        figures |= {f"{figure}_{name}": value for figure, value in found.items()}
        rows += [
            [
                name,
                kind,
                f"{found[figure + '_s']:.2f}",
                f"{found[figure + '_cpu_s']:.2f}",
                goal,
                f"{found['peak_mb']:,.0f}",
            ]
            for kind, figure, goal in (
                ("a minute", "minute", GOALS.get(name, "")),
                ("a slot boundary", "boundary", ""),
                ("a boundary unread", "unread", ""),
            )
        ]
    figures["one_by_one_s_1k"] = one_by_one(ONE_BY_ONE)
    rows.append(["1k", "one by one", f"{figures['one_by_one_s_1k']:.2f}", "", "", ""])
    figures |= {
        "tick_s_10k": figures["minute_s_10k"],
        "full_window_s_10k": figures["unread_s_10k"],
        "peak_mb": max(value for name, value in figures.items() if name.startswith("peak_mb")),
    }
    if "minute_s_100k" in figures:
        figures["tick_s_100k"] = figures["minute_s_100k"]
    columns = ["series", "tick", "wall s", "CPU s", "goal", "peak MB"]
    show(f"A tick on {len(os.sched_getaffinity(0))} cores, all of it", columns, rows)
    if given.json:
        print(result("tick", figures))
