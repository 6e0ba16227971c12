"""What is known beside the readings when a tick is answered."""

from dataclasses import dataclass, field

from gridcast.models.grid import Grid
from gridcast.models.serving.duty import NO_DUTY, Duty
from gridcast.models.weather import WeatherOf


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """The grid, who answers, and the weather."""

    grid: Grid = field(default_factory=Grid)
    duty: Duty = NO_DUTY
    weather: WeatherOf | None = None
    """None: there is no weather, for anyone."""


NOTHING_BESIDE = Beside()
