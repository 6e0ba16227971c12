"""Stations whose weather came otherwise than forecast, that are silent, stuck, or drift."""

from copy import deepcopy
from dataclasses import dataclass, field

import numpy as np
import pytest

from gridcast.models.detection.observations import StationObservations
from gridcast.models.detection.stations import StationDetectors, StationFault
from gridcast.models.weather import NOT_KNOWN

STATIONS, START, MINUTE = 4, 1_767_225_600_000, 60_000
EVERY = 10
"""Minutes between observations."""
DAY = 24 * 60
CHANCE = np.float32(2e-4)
NAMES = [f"st-{number}" for number in range(STATIONS)]


@dataclass
class Sky:
    """Stations that err by half a degree, alike for hours, and are looked at every ten minutes."""

    stations: StationDetectors = field(default_factory=StationDetectors)
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(5))
    minute: int = 0
    error: np.ndarray = field(default_factory=lambda: np.zeros(STATIONS))
    said: np.ndarray = field(default_factory=lambda: np.full(STATIONS, np.nan, np.float32))
    time_ms: np.ndarray = field(default_factory=lambda: np.full(STATIONS, NOT_KNOWN))

    def __post_init__(self) -> None:
        self.stations.reorder(np.full(STATIONS, -1))

    def minutes(
        self,
        minutes: int,
        off: float = 0.0,
        *,
        silent: bool = False,
        stuck: bool = False,
        has_forecast: bool = True,
    ) -> set[tuple[str, StationFault]]:
        """Let time go by; tell what was wrong with which. All is done to st-1 alone."""
        seen, strange = set(), np.arange(STATIONS) == 1
        for _ in range(minutes // EVERY):
            self.minute += EVERY
            pull = self.rng.normal(0, 0.1, STATIONS)
            self.error = 0.985 * self.error + pull
            foretold = 8 + 6 * np.sin(self.minute / DAY * 2 * np.pi) * np.ones(STATIONS)
            comes = ~(strange & silent)
            value = foretold + self.error + off * strange
            value = np.where(strange & stuck, self.said, value.round(1))
            self.said = np.where(comes, value, self.said).astype(np.float32)
            at_ms = START + (self.minute - 4) * MINUTE
            self.time_ms = np.where(comes, at_ms, self.time_ms)
            known = foretold if has_forecast else np.full(STATIONS, np.nan)
            tick_ms = START + self.minute * MINUTE
            look = StationObservations(
                tick_ms,
                NAMES,
                self.time_ms,
                self.said,
                known.astype(np.float32),
                np.zeros(0, np.intp),
            )
            self.stations.update(look, CHANCE)
            found = self.stations.states(look, 0)
            seen |= {
                (NAMES[row], StationFault(found.ill[row]))
                for row in np.flatnonzero(found.ill).tolist()
            }
        return seen

    def since(self, station: str) -> float:
        """Tell for how many minutes a station has been ill."""
        look = StationObservations(
            0, NAMES, self.time_ms, self.said, self.said, np.zeros(0, np.intp)
        )
        found = self.stations.states(look, 0)
        return (START - int(found.since_ms[NAMES.index(station)])) / MINUTE + self.minute


@pytest.fixture(scope="module")
def settled() -> Sky:
    settled = Sky()
    assert settled.minutes(30 * DAY) == set(), "weather that comes as it usually does"
    return settled


@pytest.fixture
def sky(settled: Sky) -> Sky:
    return deepcopy(settled)


def test_weather_that_comes_otherwise_than_forecast_is_told_within_hours_until_it_is_over(
    sky: Sky,
) -> None:
    assert sky.minutes(4 * 60, off=7.0) == {("st-1", StationFault.OFF)}
    assert 2 * 60 <= sky.since("st-1") <= 4 * 60
    sky.minutes(6 * 60)
    assert sky.minutes(DAY) == set()


def test_a_station_that_falls_silent_is_told_within_about_two_of_its_intervals(sky: Sky) -> None:
    assert sky.minutes(2 * EVERY, silent=True) == set()
    assert sky.minutes(2 * EVERY, silent=True) == {("st-1", StationFault.SILENT)}
    sky.minutes(EVERY)
    assert sky.minutes(60) == set()


def test_a_station_that_stays_at_a_value_is_stuck_after_hours_and_since_then(sky: Sky) -> None:
    assert sky.minutes(2 * 60, stuck=True) - {("st-1", StationFault.OFF)} == set()
    assert ("st-1", StationFault.STUCK) in sky.minutes(4 * 60, stuck=True)
    assert sky.since("st-1") == pytest.approx(6 * 60, abs=2 * EVERY)


def test_a_station_whose_errors_move_has_drifted_within_days_and_no_other_has(sky: Sky) -> None:
    seen = sky.minutes(9 * DAY, off=2.5)
    assert ("st-1", StationFault.DRIFTED) in seen
    assert {station for station, _ in seen} == {"st-1"}
    sky.minutes(16 * DAY, off=2.5)
    assert sky.minutes(30 * DAY, off=2.5) == set(), "then that is what is usual"


def test_without_forecasts_nothing_is_off_but_silence_is_still_told(sky: Sky) -> None:
    assert sky.minutes(DAY, off=9.0, has_forecast=False) == set()
    assert sky.minutes(60, silent=True, has_forecast=False) == {("st-1", StationFault.SILENT)}


def test_of_a_new_station_nothing_is_held_against_its_first_days() -> None:
    sky = Sky()
    assert sky.minutes(DAY, off=9.0) == set()


def test_what_was_learned_of_a_station_stays_with_it(sky: Sky) -> None:
    usual = sky.stations.errors.usual.tolist()
    sky.stations.reorder(np.array([3, -1, 1]))
    assert sky.stations.errors.usual.tolist() == [usual[3], 1.0, usual[1]]
    again = StationDetectors()
    again.load(sky.stations.columns())
    for one, other in zip(again.columns(), sky.stations.columns(), strict=True):
        np.testing.assert_array_equal(one, other)
