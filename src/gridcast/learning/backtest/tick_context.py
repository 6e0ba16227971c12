"""Tick context of a backtest: the grid, one model, and the weather."""

from collections.abc import Iterable
from pathlib import Path

from gridcast.agents.weather import judge
from gridcast.models.grid import Grid
from gridcast.models.serving import LoadedRelease, ServingModels, TickContext
from gridcast.models.serving.selection import NetworkRequirements, UnfitError
from gridcast.models.weather import Weather
from gridcast.schemas import GridSeries, WeatherForecast, WeatherObservation
from gridcast.stream.errors import UserError
from gridcast.stream.recording.recording import WeatherMessage, available_ms
from gridcast.stream.releases.box import boxed
from gridcast.stream.settings import Settings
from gridcast.stream.worker.forecasting import time_bounds, weather_kept


def backtest_context(
    settings: Settings,
    series: Iterable[GridSeries],
    weather: Iterable[WeatherMessage],
    model: str,
) -> tuple[TickContext, Weather]:
    """Return the declared series with a model that serves all of them, and the weather."""
    grid = Grid()
    for declared in series:
        grid.declare(declared)
    return TickContext(grid, models_of(settings, model)), weather_of(settings, weather)


def weather_of(settings: Settings, messages: Iterable[WeatherMessage]) -> Weather:
    """Take messages of weather as a worker does; what a tick may see of them it asks itself."""
    known, bounds = weather_kept(settings), time_bounds(settings)
    for message in messages:
        found = judge(message, available_ms(message), bounds)
        if isinstance(found, WeatherObservation):
            known.observe(found)
        elif isinstance(found, WeatherForecast):
            known.forecast(found)
    return known


def models_of(settings: Settings, model: str) -> ServingModels:
    """Load the model to use: the bundled one, one from a file, or none."""
    if model == "none":
        return ServingModels()
    data = boxed(settings.step_minutes) if model == "box" else Path(model).read_bytes()
    horizon = round(settings.horizon_hours * 60 / settings.step_minutes)
    try:
        network = NetworkRequirements(settings.step_minutes, horizon, settings.levels).network(data)
    except UnfitError as unfit:
        raise UserError(f"--model {model} cannot serve here: {unfit}") from None
    # Named as a worker names it: forecasts are then the same, to the byte.
    contract = network.contract
    return ServingModels({None: LoadedRelease(contract.model, contract.run, network)})
