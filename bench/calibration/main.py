"""Does the 90 % interval hold 90 %? A year, with the load 15 % higher from its middle on.

Every slot is a tick, as in a worker: judged, learned, forecast, noted. Beside what was published
stands what it would have been without calibration, of the same forecasts. The goal is 88 to 92 %
in every month; the week after the shift is told apart.

The simulated grid (zones, feeders, meters) and, where they are at hand (--data), real sets; by the
seasonal profile and by the network in the box; and what it costs. --quick: the simulated grid, by
the profile.
"""

# ruff: noqa: E402
import os

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_threads] = "1"

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import arguments, result, show
from rungs.sets import GRIDS, MAPPINGS, OTHERS

from calibration.cost import cost
from calibration.replay import DAY_MS, WARM_DAYS, Year, play, shifted
from gridcast.learning.history import load_mapping, read_history
from gridcast.models.network import Network
from gridcast.models.serving import EMPTY_CONTEXT, LoadedRelease, ServingModels, TickContext
from gridcast.models.simulator import FAULTS, Simulation, build_grid, spread_series
from gridcast.stream.releases.box import boxed, boxed_steps

GOAL = (88.0, 92.0)
START_MS = 1_671_235_200_000  # 17 December 2022: fifteen days before the year
DAYS = 365 + WARM_DAYS
FEWEST_DAYS = 200


@dataclass(frozen=True)
class Load:
    """Load of some series, the newest year."""

    name: str
    step_minutes: int
    start_ms: int
    value: np.ndarray
    """kW, [series, slots]."""


def simulated(quick: bool) -> Load:
    """Take a zone, feeders and meters of a grid."""
    grid = build_grid(seed=1, country_code="DE", meters_of=spread_series(550))
    first = 1 + grid.zones[0].feeders
    rows = [0, *range(1, 5), *range(first, first + (5 if quick else 15))]
    simulation = Simulation(grid, seed=1, step_s=3_600, faults=FAULTS["none"])
    value = simulation.truth(START_MS, START_MS + DAYS * DAY_MS).value[rows]
    return Load("simulated", 60, START_MS, value)


def real(folder: Path) -> Iterator[Load]:
    """Take the real sets that are there: their newest year."""
    for name in (*GRIDS, *OTHERS):
        if not (file := folder / f"{name}.parquet").exists():
            print(f"left out, not in {folder}: {name} (--data names the folder)")
            continue
        history = read_history(file, load_mapping(MAPPINGS / f"{name}.toml"))
        step_ms = history.step_ms or 0
        grid = history.grid(step_ms // 60_000)
        slots = min(DAYS * DAY_MS // step_ms, grid.value.shape[1])
        if slots * step_ms >= FEWEST_DAYS * DAY_MS:
            start_ms = int(grid.time_ms[-slots])
            yield Load(name, step_ms // 60_000, start_ms, grid.value[:15, -slots:])


def loads(given: argparse.Namespace) -> Iterator[Load]:
    """Give what was asked for."""
    if given.only in {None, "simulated"}:
        yield simulated(given.quick)
    if given.quick:
        return
    for load in real(given.data):
        if given.only in {None, load.name}:
            yield load


def told(title: str, year: Year) -> dict[str, object]:
    """Print a year; give its figures."""
    low, high = GOAL
    rows = []
    for number, month in enumerate(year.months):
        good = "" if low <= month.coverage <= high else "missed"
        rows.append([f"month {number + 1}", *_shown(month), good])
    rows.append(["the week after the shift", *_shown(year.shifted), ""])
    for (begin, end), band in sorted(year.bands.items()):
        rows.append([f"{begin / 60:g} to {end / 60:g} h ahead", *_shown(band), ""])
    show(title, ["", "raw %", "calibrated %", "judged", "skill %", "88 to 92"], rows)
    months = [round(month.coverage, 2) for month in year.months]
    raw = [round(month.coverage_raw, 2) for month in year.months]
    found: dict[str, object] = {
        "coverage_min": min(months),
        "coverage_max": max(months),
        "coverage_raw_min": min(raw),
        "coverage_raw_max": max(raw),
        "months_missed": sum(not low <= month <= high for month in months),
        "week_after_the_shift": round(year.shifted.coverage, 2),
        "week_after_the_shift_raw": round(year.shifted.coverage_raw, 2),
        "record_bytes_a_series_minute": round(year.record_bytes, 2),
        "held_bytes_a_series": round(year.held_bytes),
    }
    days = [f"{day:+d}: {sums.coverage:.0f}" for day, sums in sorted(year.days.items())]
    print("day from the shift, calibrated %: ", ", ".join(days))
    print(
        f"a series: {found['held_bytes_a_series']} bytes held, "
        f"{found['record_bytes_a_series_minute']} bytes of records a minute\n"
    )
    return found


def _shown(sums: object) -> list[str]:
    skill = 100 * (1 - sums.paired / sums.naive) if sums.naive else float("nan")
    return [f"{sums.coverage_raw:.1f}", f"{sums.coverage:.1f}", f"{sums.count:,}", f"{skill:.0f}"]


def main() -> int:
    parser = arguments(__doc__ or "")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--only", help="one of it: simulated, germany, spain, …, cost")
    given = parser.parse_args()
    figures: dict[str, dict[str, object]] = {}
    for load in loads(given):
        value = shifted(load.value, load.step_minutes)
        forecasters = {"seasonal_profile": EMPTY_CONTEXT}
        if not given.quick and load.step_minutes in boxed_steps():
            network = Network.load(boxed(load.step_minutes), step_minutes=load.step_minutes)
            forecasters["model"] = TickContext(
                models=ServingModels({None: LoadedRelease("box", "box", network)})
            )
        for name, context in forecasters.items():
            year = play(value, load.start_ms, load.step_minutes, context)
            title = f"{load.name}, {len(value)} series, {load.step_minutes} min: {name}"
            figures[f"{load.name}_{name}"] = told(title, year)
    if given.only in {None, "cost"}:
        figures["cost"] = spent = cost(4_000 if given.quick else 25_000)
        rows = [[name, f"{value:,.4g}"] for name, value in spent.items()]
        show(
            "What it adds to a tick, 15 min, 24 h, 7 levels, one core", ["figure", "measured"], rows
        )
    if given.json:
        print(result("calibration", figures))
    return int(any(found.get("months_missed") for found in figures.values()))
