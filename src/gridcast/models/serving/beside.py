"""What is known beside the readings when a tick is answered."""

from dataclasses import dataclass, field

from gridcast.models.grid import Grid
from gridcast.models.serving.duty import NO_MODELS, ServingModels
from gridcast.models.weather import WeatherOf


@dataclass(frozen=True, slots=True, eq=False)
class TickContext:
    """The grid, who answers, and the weather."""

    grid: Grid = field(default_factory=Grid)
    duty: ServingModels = NO_MODELS
    weather: WeatherOf | None = None
    """None: there is no weather, for anyone."""


EMPTY_CONTEXT = TickContext()
