"""Loads to forecast: of the simulated grid, and the real sets where they are at hand."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gridcast.learning.history import load_mapping, read_history
from gridcast.models.simulator import FAULTS, Simulation, build_grid, spread_series
from gridcast.units import DAY_MS

MAPPINGS = Path(__file__).parents[2] / "docs" / "howto" / "history"
START_MS = 1_672_531_200_000  # 2023-01-01
GRIDS = ("germany", "spain", "victoria", "tetouan")
"""Loads far from 0: a percentage error means something."""
OTHERS = ("households", "substations")


@dataclass(frozen=True)
class LoadSet:
    """Loads of some series, in slots."""

    name: str
    title: str
    step_minutes: int
    value: np.ndarray
    """kW, [series, slots]; not a number where nothing is known."""
    far_from_zero: bool

    @property
    def about(self) -> str:
        """Say how much there is of it."""
        series, slots = self.value.shape
        days = slots * self.step_minutes // 1440
        return f"{series:,} series, step {self.step_minutes} min, {days:,} days"


def read_sets(folder: Path, quick: bool) -> Iterator[LoadSet]:
    """Give all sets, the simulated ones first."""
    yield from _simulated(550 if quick else 1_650, 60)
    missing = []
    for name in (*GRIDS, *OTHERS):
        if not (file := folder / f"{name}.parquet").exists():
            missing.append(name)
            continue
        history = read_history(file, load_mapping(MAPPINGS / f"{name}.toml"))
        step = (history.step_ms or 0) // 60_000
        value = history.grid(step).value.astype(np.float32)
        yield LoadSet(name, history.title, step, value, name in GRIDS)
    if missing:
        print(f"left out, not in {folder}: {', '.join(missing)} (--data names the folder)")


def _simulated(series: int, days: int) -> Iterator[LoadSet]:
    grid = build_grid(seed=1, country_code="DE", meters_of=spread_series(series))
    simulation = Simulation(grid, seed=1, step_s=900, faults=FAULTS["none"])
    value = simulation.truth(START_MS, START_MS + days * DAY_MS).value.astype(np.float32)
    zones, feeders, meters = [], [], []
    for zone in grid.zones:
        first = zone.first
        zones.append(first)
        feeders += range(first + 1, first + 1 + zone.feeders)
        meters += range(first + 1 + zone.feeders, first + zone.size)
    for name, rows in {"zones": zones, "feeders": feeders, "meters": meters}.items():
        yield LoadSet(f"simulated_{name}", f"simulated {name}", 15, value[rows], name != "meters")
