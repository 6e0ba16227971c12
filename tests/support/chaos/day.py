"""The readings of a day, dirt and all, in the order in which they came."""

from dataclasses import dataclass

from gridcast.models.simulator import FAULTS, Simulation, build_grid, spread_series
from gridcast.sources.simulator.broken import broken_now_and_then
from gridcast.stream.recording.reading_writer import Keyed, ReadingWriter
from gridcast.units import HOUR_MS

START_MS = 1_767_225_600_000  # the first of January 2026: a history, so no clock closes a tick
BROKEN_PER_MILLION = 3_000


@dataclass(frozen=True)
class Day:
    """Messages for `meter.readings`."""

    messages: list[Keyed]
    series: int


def make_day(series: int, hours: int, seed: int) -> Day:
    """Simulate readings every minute, with ten times the faults of a well-run grid."""
    grid = build_grid(seed=seed, country_code="DE", meters_of=spread_series(series))
    simulation = Simulation(grid, seed=seed, step_s=60, faults=FAULTS["storm"])
    writer = ReadingWriter(grid.ids)
    chunks = simulation.chunks(START_MS, START_MS + hours * HOUR_MS)
    plain = (message for chunk in chunks for message in writer.write(chunk.arrivals))
    return Day(list(broken_now_and_then(plain, BROKEN_PER_MILLION, seed)), len(grid.ids))
