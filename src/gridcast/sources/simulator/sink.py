"""What takes in a simulated feed."""

from collections.abc import Callable
from typing import Protocol

from gridcast.models.simulator import SimulationChunk

Tell = Callable[[int, int], None]
"""Told how many readings more were taken, and up to which time."""


class Sink(Protocol):
    """A place that readings are written to."""

    def write(self, chunk: SimulationChunk, tell: Tell) -> None:
        """Take a chunk: all of it, or as much as there is time for until told to stop."""

    def close(self) -> str:
        """Finish what was begun, losing nothing, and say what is where."""
