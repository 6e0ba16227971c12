"""The interface of a destination of simulated readings."""

from collections.abc import Callable
from typing import Protocol

from gridcast.models.simulator import SimulationChunk

Tell = Callable[[int, int], None]
"""A callback with the number of additional readings, and the time up to which they go."""


class Sink(Protocol):
    """A destination of readings."""

    def write(self, chunk: SimulationChunk, tell: Tell) -> None:
        """Write a chunk, or part of it if told to stop."""

    def close(self) -> str:
        """Finish without losing anything. Return a line that says what was written where."""
