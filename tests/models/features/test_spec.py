"""What a network is shown has a shape and an order."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from gridcast.models.features import FeatureSpec
from gridcast.models.features.static import static_of
from gridcast.schemas import GridSeries


@pytest.mark.parametrize(
    ("step", "knots"),
    [
        (60, tuple(range(24))),
        (30, (0, 1, 2, 3, *range(5, 48, 2))),
        (10, (*range(12), *range(17, 144, 6))),
    ],
)
def test_the_knots_are_every_slot_to_two_hours_then_each_hours_last(
    step: Any, knots: tuple[int, ...]
) -> None:
    spec = FeatureSpec(step_minutes=step)
    assert spec.knots == knots
    assert spec.knots[-1] == spec.horizon - 1


def test_a_short_horizon_has_no_knot_beyond_it() -> None:
    assert FeatureSpec(step_minutes=15, horizon_hours=1).knots == (0, 1, 2, 3)


def test_the_calendar_comes_first_then_weather_then_the_operator() -> None:
    spec = FeatureSpec(
        weather=("wind_ms", "temperature_c"), weather_ahead=("cloud_pct",), operator=True
    )
    assert spec.past == (*spec.calendar, "wind_ms", "temperature_c")
    assert spec.future == (*spec.calendar, "cloud_pct_ahead", "operator")
    without = dataclasses.replace(spec, holidays=False, day_of_year=False)
    assert len(without.calendar) == 4 + 7
    assert set(without.calendar) < set(spec.calendar)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"weather": ("snow_cm",)}, "weather: no such feature: snow_cm"),
        ({"weather_ahead": ("wind_ms", "wind_ms")}, "weather_ahead: a feature is named twice"),
        ({"static": ("colour",)}, "static: no such feature: colour"),
        ({"step_minutes": 7}, "step_minutes"),
        ({"lookback_hours": 193}, "lookback_hours"),
        ({"lam": -1.0}, "lam"),
        ({"lookback_hours": 24, "recent": 25}, "recent: a window has 24 slots"),
        ({"colour": 1}, "colour"),
    ],
)
def test_what_nobody_can_show_is_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        FeatureSpec(**given)


def test_what_nobody_declared_of_a_series_is_not_known() -> None:
    names = ("is_feeder", "can_be_negative", "capacity_kw", "latitude")
    series = [GridSeries(series="a", kind="feeder", capacity_kw=3), GridSeries(series="b")]
    found = static_of(names, series)
    np.testing.assert_array_equal(
        found, np.array([[1, 0, 3, np.nan], [0, 0, np.nan, np.nan]], "f4")
    )
    assert static_of((), series).shape == (2, 0)
