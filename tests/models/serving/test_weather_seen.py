"""A release sees the weather that was known, says of which run, and does without."""

import numpy as np
import pytest

pytest.importorskip("onnx", reason="needs gridcast[train]")

from support.answering import (
    BLIND_OR_NOT,
    DAY,
    HOUR,
    NOW,
    SEES_WEATHER,
    daily,
    fed,
    forecaster,
    serving,
    sky,
    told,
)

from gridcast.models.grid import Grid
from gridcast.models.nearest import NearestStations
from gridcast.models.partition import Tick
from gridcast.models.serving.weather_view import view_weather
from gridcast.models.weather import Weather
from gridcast.schemas import Rung


def test_the_run_of_the_weather_forecast_is_named() -> None:
    context = serving(BLIND_OR_NOT, weather=sky(NOW - 3 * HOUR).at(NOW))
    found = told(forecaster().forecast(fed(daily("a")), Tick(NOW), context))["a"]
    assert (found.rung, found.reason) == (Rung.MODEL, None)
    assert found.weather_issued_at is not None
    assert found.weather_issued_at.timestamp() * 1000 == NOW - 3 * HOUR


@pytest.mark.parametrize(
    ("weather", "reason"),
    [
        (None, "no weather is served"),
        (Weather(HOUR, 8 * DAY), "no weather station"),
        (sky(None), "no weather forecast known"),
        (sky(NOW - 31 * HOUR), "the weather forecast is 31 h old"),
    ],
)
def test_without_its_weather_the_model_answers_and_says_what_failed(
    weather: Weather | None, reason: str
) -> None:
    context = serving(BLIND_OR_NOT, weather=None if weather is None else weather.at(NOW))
    found = told(forecaster().forecast(fed(daily("a")), Tick(NOW), context))["a"]
    assert (found.rung, found.reason) == (Rung.MODEL_WITHOUT_WEATHER, reason)
    assert (found.model, found.weather_issued_at) == ("small", None)


@pytest.mark.parametrize(("hours", "is_seen"), [(3, True), (24, True), (25, False)])
def test_an_old_weather_forecast_is_not_looked_at(hours: int, is_seen: bool) -> None:
    weather, stations = sky(NOW - hours * HOUR).at(NOW), NearestStations(Grid())
    seen = view_weather(SEES_WEATHER, weather, stations, ["a"], origin_ms=NOW, old_ms=24 * HOUR)
    past, ahead = np.split(seen.slots.values[0, :, 0], [SEES_WEATHER.slots])
    assert not np.isnan(past).all()
    assert np.isnan(ahead).all() != is_seen
