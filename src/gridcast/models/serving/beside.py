"""What is known beside the readings when a tick is answered."""

from collections.abc import Callable
from dataclasses import dataclass, field

from gridcast.models.grid import Grid
from gridcast.models.serving.duty import NO_DUTY, Duty
from gridcast.models.weather import WeatherAsOf

WeatherOf = Callable[[int, int, int], WeatherAsOf]
"""Gives the weather known at a tick, from a time on, for so many slots, as `Weather.as_of` does."""


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """The grid, who answers, and the weather."""

    grid: Grid = field(default_factory=Grid)
    duty: Duty = NO_DUTY
    weather: WeatherOf | None = None
    """None: there is no weather, for anyone."""


NOTHING_BESIDE = Beside()
