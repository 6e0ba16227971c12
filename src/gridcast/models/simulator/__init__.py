"""Simulated grid: readings as real meters send them, with every fault labelled.

>>> from gridcast.models.simulator import FAULTS, Simulation, build_grid, spread_series
>>> grid = build_grid(seed=1, country_code="KR", meters_of=spread_series(100))
>>> simulation = Simulation(grid, seed=1, step_s=60, faults=FAULTS["mild"])
>>> noon_ms = 1_704_110_400_000
>>> chunk = next(simulation.chunks(noon_ms))
>>> len(chunk.arrivals) > 5_000
True
"""

from gridcast.models.simulator.arrivals import Arrivals, Labels
from gridcast.models.simulator.faults import FAULTS, KINDS, FaultKind, Faults
from gridcast.models.simulator.grid import SimulatedGrid, build_grid, spread_series
from gridcast.models.simulator.places import COUNTRIES
from gridcast.models.simulator.simulation import Simulation, SimulationChunk, Truth

__all__ = [
    "COUNTRIES",
    "FAULTS",
    "KINDS",
    "Arrivals",
    "FaultKind",
    "Faults",
    "Labels",
    "SimulatedGrid",
    "Simulation",
    "SimulationChunk",
    "Truth",
    "build_grid",
    "spread_series",
]
