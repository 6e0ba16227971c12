"""Loads that are off because of the weather are told so; a station that is ill is told once."""

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import pytest
from support.detection import Skies, standing

from gridcast.models.alarms import AlarmBoard, Condition
from gridcast.models.detection.condition_builder import DETECTED, LOAD, MODEL, NEIGHBOURS, OWN
from gridcast.models.detection.stations import StationFault
from gridcast.models.detection.watch import ReadingWatch
from gridcast.models.detection.weather_conditions import (
    DRIFTED,
    SILENT,
    STUCK,
    WEATHER,
    WeatherCause,
)
from gridcast.models.grid import Grid as Declared
from gridcast.schemas import AlarmChange, AlarmKind, GridSeries
from gridcast.units import MINUTE_MS

START = 1_767_225_600_000
STEP = 5 * MINUTE_MS
DAY = 24 * 12
"""Steps."""
METERS = 12
NAMES = [f"m-{feeder}-{number}" for feeder in (1, 2) for number in range(METERS)]
OF_F1 = np.arange(2 * METERS) < METERS
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
STATION = "weather.observations/st-1"


class Grid:
    """Two feeders, each with a weather station of its own, a reading every five minutes."""

    def __init__(self) -> None:
        self.watch, self.skies, self.declared = ReadingWatch(), Skies("st-1", "st-2"), Declared()
        self.rng, self.at_ms = np.random.default_rng(8), START
        self.found: list[Condition] = []
        for feeder in (1, 2):
            self.declared.declare(GridSeries(series=f"f-{feeder}", station=f"st-{feeder}"))
            for number in range(METERS):
                name = f"m-{feeder}-{number}"
                self.declared.declare(GridSeries(series=name, parent=f"f-{feeder}"))

    def steps(
        self,
        steps: int,
        more: np.ndarray | float = 0.0,
        *,
        off: dict[str, float] | None = None,
        silent: Sequence[str] = (),
        feed: str = "meter.readings/0",
    ) -> dict[tuple[AlarmKind, str], Condition]:
        """Let time go by; `more` is drawn than usual, kW. Give what is seen at its end."""
        for _ in range(steps):
            if self.at_ms % (15 * MINUTE_MS) == 0:
                around = 2 + np.array([-0.33, -0.13, 0.0, 0.13, 0.33])
                quantiles = np.tile(around, (len(NAMES), 1))
                self.watch.expect(standing(NAMES, self.at_ms, LEVELS, quantiles))
            self.skies.minute(self.at_ms, off, silent)
            value = (2 + self.rng.normal(0, 0.2, len(NAMES)) + more).round(3)
            at = np.full(len(NAMES), self.at_ms)
            self.watch.take(np.arange(len(NAMES)), value, at, at + 900)
            self.at_ms += STEP
            weather = self.skies.weather.at(self.at_ms)
            self.found = self.watch.conditions(self.at_ms, NAMES, self.declared, feed, weather)
        return {one.key: one for one in self.found}


@pytest.fixture(scope="module")
def settled() -> Grid:
    """A grid that was watched for two and a half days."""
    settled = Grid()
    assert settled.steps(5 * DAY // 2) == {}
    return settled


@pytest.fixture
def grid(settled: Grid) -> Grid:
    return deepcopy(settled)


def test_what_all_with_the_same_station_do_while_the_weather_is_not_as_forecast_is_for_that(
    grid: Grid,
) -> None:
    grid.steps(24, off={"st-1": -8.0})
    told = grid.steps(1, np.where(OF_F1, 4.0, 0), off={"st-1": -8.0})
    meters = [one for one in told.values() if one.series.startswith("m-1-")]
    assert len(meters) > METERS / 2
    assert {one.cause for one in (*meters, told[AlarmKind.SPIKE, "f-1"])} == {WEATHER}
    meter = meters[0]
    assert meter.evidence["weather_measured_c"] - meter.evidence["weather_expected_c"] < -6
    assert 0.5 < meter.evidence["weather_hours"] < 2.5
    assert meter.evidence["weather_siblings_count"] == METERS
    assert meter.evidence["weather_siblings_share"] > 0.9
    measured, foretold, hours = (
        meter.evidence[f"weather_{name}"] for name in ("measured_c", "expected_c", "hours")
    )
    assert meter.text.endswith(
        f"; weather station st-1 measures {measured} °C where {foretold} were forecast,"
        f" and has been as far off for {hours} h"
    )
    told = grid.steps(1, np.where(OF_F1, 0, 4.0), off={"st-1": -8.0})
    assert told[AlarmKind.SPIKE, "f-2"].cause == NEIGHBOURS, "their station is well"


def test_the_same_loads_under_weather_as_forecast_are_an_event(grid: Grid) -> None:
    told = grid.steps(1, np.where(OF_F1, 4.0, 0))
    assert told[AlarmKind.SPIKE, "f-1"].cause == NEIGHBOURS
    assert "weather_hours" not in told[AlarmKind.SPIKE, "f-1"].evidence


def test_one_meter_alone_is_not_for_the_weather(grid: Grid) -> None:
    grid.steps(24, off={"st-1": -8.0})
    told = grid.steps(1, np.where(np.arange(len(NAMES)) == 3, 5.0, 0), off={"st-1": -8.0})
    assert told[AlarmKind.SPIKE, "m-1-3"].cause == OWN


def test_names_as_long_as_they_may_be_make_a_text_that_an_alarm_can_have() -> None:
    long = WeatherCause(
        WEATHER, f"weather station {200 * 's'} measures 1.0 °C", {"weather_hours": 1.0}
    )
    text = f"{200 * 'm'}: {100 * '9'} kW where 2.0 were expected"
    told = long.of(Condition(AlarmKind.SPIKE, "m", text=text, evidence={"score": 9.0}))
    (alarm,) = AlarmBoard("meter.readings/0").judge(START, [told], {AlarmKind.SPIKE})
    assert (len(alarm.text), alarm.cause) == (500, WEATHER)
    assert alarm.evidence == {"score": 9.0, "weather_hours": 1.0}


def test_a_station_that_is_silent_is_one_alarm_with_how_many_series_have_its_weather(
    grid: Grid,
) -> None:
    board, told = AlarmBoard("meter.readings/0"), []
    for turn in range(36):
        grid.steps(1, silent=["st-1"] if turn < 12 else [])
        told += board.judge(grid.at_ms, grid.found, DETECTED)
    assert [(one.kind, one.series, one.change) for one in told] == [
        (AlarmKind.GAP, STATION, AlarmChange.RAISED),
        (AlarmKind.GAP, STATION, AlarmChange.CLEARED),
    ]
    assert told[0].cause == SILENT
    assert told[0].text.startswith("weather station st-1 has said nothing for 0.")
    assert told[0].evidence["weather_series_count"] == METERS


def test_stations_are_told_of_by_the_first_partition_alone(grid: Grid) -> None:
    assert grid.steps(12, silent=["st-1"], feed="meter.readings/1") == {}
    assert (AlarmKind.GAP, STATION) in grid.steps(1, silent=["st-1"])


def ill(grid: Grid, what: StationFault) -> None:
    """Let st-1 be ill, as after a long time."""
    stations = grid.watch.detection.stations
    stations.usual.stands[0] = 100 if what is StationFault.DRIFTED else 0
    if what is StationFault.STUCK:
        stations.repeats.run[0] = 60_000
        stations.errors.same_s[0] -= 7 * 3_600
        stations.repeats.last[0] = 4.5
    grid.steps(2, silent=["st-1"])


@pytest.mark.parametrize(
    ("what", "kind", "cause", "text"),
    [
        (
            StationFault.DRIFTED,
            AlarmKind.DATA_DRIFT,
            DRIFTED,
            "st-1 has moved against its forecasts",
        ),
        (StationFault.STUCK, AlarmKind.FLATLINE, STUCK, "st-1 has said 4.5 °C for 7."),
    ],
)
def test_what_is_wrong_with_a_station_is_named_and_is_why_forecasts_err(
    grid: Grid, what: StationFault, kind: AlarmKind, cause: str, text: str
) -> None:
    ill(grid, what)
    grid.watch.detection.drift.hours.stands[[3, 20]] = 5
    grid.watch.detection.drift.group_hours.stands[0] = 5
    told = grid.steps(1)
    assert told[kind, STATION].cause == cause
    assert text in told[kind, STATION].text
    assert told[AlarmKind.DRIFT, NAMES[3]].cause == cause
    assert told[AlarmKind.DRIFT, "f-1"].cause == cause
    assert told[AlarmKind.DRIFT, NAMES[20]].cause == MODEL, "its station is well"
    grid.watch.detection.inputs.usual.stands[3] = 5
    assert grid.steps(1)[AlarmKind.DRIFT, NAMES[3]].cause == LOAD
