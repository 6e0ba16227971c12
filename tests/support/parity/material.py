"""A stretch of history with dirt in it: late, doubled, out of order, missing, corrected."""

from pathlib import Path

from gridcast.learning.history.recording_source import open_source
from gridcast.models.simulator import FAULTS, Simulation, build_grid, spread_series
from gridcast.sources.simulator.folder import Folder
from gridcast.stream.recording import Recording
from gridcast.units import MINUTE_MS

START_MS = 1_767_225_600_000
"""1 January 2026: a history, so no clock closes a tick."""


def make_recording(folder: Path, series: int, minutes: int, seed: int) -> Recording:
    """Simulate readings every minute with ten times the faults of a well-run grid, into files."""
    grid = build_grid(seed=seed, country_code="DE", meters_of=spread_series(series))
    simulation = Simulation(grid, seed=seed, step_s=60, faults=FAULTS["storm"])
    sink = Folder(simulation, folder, "parquet", truth=False, about={})
    for chunk in simulation.chunks(START_MS, START_MS + minutes * MINUTE_MS):
        sink.write(chunk, lambda *_: None)
    sink.close()
    return open_source(folder, None)
