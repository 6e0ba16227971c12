import pytest

from gridcast.models.simulator import FAULTS, SimulatedGrid, Simulation, build_grid, spread_series


@pytest.fixture(scope="session")
def grid() -> SimulatedGrid:
    return build_grid(7, "DE", spread_series(200))


@pytest.fixture(scope="session")
def clean(grid: SimulatedGrid) -> Simulation:
    return Simulation(grid, 7, 60, FAULTS["none"])
