"""What is known beside the readings when a tick is answered."""

from dataclasses import dataclass, field

from gridcast.models.grid import Grid
from gridcast.models.serving.duty import NO_MODELS, ServingModels
from gridcast.models.weather import WeatherAtTick


@dataclass(frozen=True, slots=True, eq=False)
class TickContext:
    """The grid, who answers, and the weather."""

    grid: Grid = field(default_factory=Grid)
    duty: ServingModels = NO_MODELS
    weather: WeatherAtTick | None = None
    """The weather as it was known at the tick; None: there is none, or nothing reads it."""


EMPTY_CONTEXT = TickContext()
