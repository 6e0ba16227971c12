"""Past hours as measured, slots ahead as forecast."""

import numpy as np

from gridcast.models.features import WeatherSlots
from gridcast.models.features.weather import HELD_HOURS, past_hours, slots_ahead
from gridcast.models.weather import NOT_KNOWN

NAN = float("nan")


def test_an_hour_is_the_mean_of_what_is_known_of_its_slots() -> None:
    values = np.full((1, 6, 6), NAN, np.float32)
    values[0, :, 2] = [1, 3, 4, NAN, 7, 8]
    hours = past_hours(values, 2, ("wind_ms", "temperature_c"))
    assert hours[0, :, 0].tolist() == [2.0, 4.0, 7.5]
    assert np.isnan(hours[0, :, 1]).all()


def test_what_was_known_is_held_for_some_hours() -> None:
    values = np.full((1, 10, 6), NAN, np.float32)
    values[0, 2, 0], values[0, 3, 0] = 5.0, 6.0
    hours = past_hours(values, 1, ("temperature_c",))[0, :, 0]
    assert hours[2:4].tolist() == [5.0, 6.0]
    assert hours[4 : 4 + HELD_HOURS].tolist() == [6.0] * HELD_HOURS
    assert np.isnan(hours[4 + HELD_HOURS :]).all()
    assert np.isnan(hours[:2]).all()


def test_slots_ahead_are_given_in_the_order_asked_for() -> None:
    values = np.arange(12, dtype=np.float32).reshape(1, 2, 6)
    assert slots_ahead(values, ("wind_ms", "temperature_c")).tolist() == [[[2, 0], [8, 6]]]


def test_a_column_without_a_place_knows_nothing() -> None:
    weather = WeatherSlots(np.zeros((2, 3, 6), np.float32), np.array([1, NOT_KNOWN]))
    found = weather.of_columns(np.array([[1.0], [2.0]], np.float32))
    assert found[0, 0] == 2.0
    assert np.isnan(found[1, 0])
