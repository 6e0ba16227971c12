"""Intervals that hold too little and a model worse than none are told of a group and of a feed."""

import numpy as np

from gridcast.models.alarms import Sign
from gridcast.models.detection import DeclaredSeries
from gridcast.models.detection.health import MODEL, health
from gridcast.models.detection.weather_conditions import STUCK, WeatherCause
from gridcast.models.verification.running import Running
from gridcast.schemas import AlarmKind

FEED = "meter.readings/0"
KNOWN = DeclaredSeries(
    np.full(8, np.nan, np.float32),
    np.zeros(8, np.float32),
    np.array([0] * 4 + [1] * 3 + [-1]),
    np.full(2, -1),
    ["f-0", "f-1"],
    [(), ()],
)


def nobody(_: np.ndarray) -> None:
    """The weather of nobody is to blame."""


def running(inside: float, error: float) -> Running:
    """Return 200 verified forecasts per series; those of f-1 have the given coverage and error."""
    running = Running(bands=1)
    running.grow(8)
    running.count[:] = 200
    running.inside[:], running.error[:], running.naive_error[:] = 180, 80, 100
    running.inside[4:7], running.error[4:7] = 200 * inside, 100 * error
    return running


def told(inside: float, error: float) -> dict[tuple[AlarmKind, str], Sign]:
    return {one.key: one.sign for one in health(running(inside, error), KNOWN, FEED, nobody)}


def test_all_is_well() -> None:
    assert told(0.9, 0.8) == {}
    assert list(health(Running(1), KNOWN, FEED, nobody)) == []


def test_intervals_that_hold_too_little_are_told_of_their_group() -> None:
    assert told(0.7, 0.8) == {
        (AlarmKind.COVERAGE_LOST, "f-1"): Sign.ON,
        (AlarmKind.COVERAGE_LOST, FEED): Sign.BETWEEN,
    }
    assert told(0.82, 0.8) == {(AlarmKind.COVERAGE_LOST, "f-1"): Sign.BETWEEN}


def test_a_model_worse_than_none_is_told_with_how_much_and_under_the_whole_feeds_alarm() -> None:
    (one,) = [one for one in health(running(0.9, 1.3), KNOWN, FEED, nobody) if one.series == "f-1"]
    assert one.kind is AlarmKind.MODEL_DEGRADED
    assert one.text == "the forecasts of f-1 err 30 % more than the seasonal-naive ones"
    assert one.under == ((AlarmKind.MODEL_DEGRADED, FEED),)
    assert one.evidence == {"judged_count": 600, "coverage_90_share": 0.9, "skill_share": -0.3}


def test_of_few_forecasts_nothing_is_told() -> None:
    few = running(0.0, 9.0)
    few.count /= 10
    assert list(health(few, KNOWN, FEED, nobody)) == []


def test_forecasts_that_err_by_a_station_that_is_ill_are_for_that() -> None:
    def of_f1(rows: np.ndarray) -> WeatherCause | None:
        is_f1 = rows.tolist() == [4, 5, 6]
        return WeatherCause(STUCK, "st-1 is stuck", {"weather_hours": 9.0}) if is_f1 else None

    told = {one.series: one for one in health(running(0.9, 2.5), KNOWN, FEED, of_f1)}
    assert told["f-1"].cause == STUCK
    assert told["f-1"].text.endswith(" than the seasonal-naive ones; st-1 is stuck")
    assert told["f-1"].evidence["weather_hours"] == 9.0
    assert told[FEED].cause == MODEL
