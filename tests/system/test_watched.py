"""Readings that are watched, on a real Kafka: faults become alarms with their causes, each once."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from support.detection import Skies
from support.site import Site, deployment

from gridcast.schemas import (
    Action,
    Alarm,
    AlarmChange,
    AlarmKind,
    Command,
    GridSeries,
    Message,
    ReadingFrame,
    WeatherForecast,
)
from gridcast.schemas.topics import (
    ALARMS,
    READINGS,
    SERIES,
    WEATHER_FORECASTS,
    WEATHER_OBSERVATIONS,
)
from gridcast.stream.alarm_client import AlarmClient

START = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
METERS = 24
FEEDERS = {f"f-{f}": [f"m-{f}-{number}" for number in range(METERS)] for f in range(3)}
SETTLED = 24 * 60 + 15
"""Minutes by which it is known what is usual."""

Spoil = Callable[[int, str, np.ndarray], np.ndarray | None]
"""Spoils a feeder's readings of a minute; None: none come."""


class Grid(Site):
    """A deployment whose feeders are declared, and what is sent to it."""

    def declare(self) -> None:
        self.send(
            SERIES,
            [
                GridSeries(series=meter, parent=feeder, capacity_kw=20)
                for feeder, meters in FEEDERS.items()
                for meter in meters
            ],
        )

    def minutes(self, first: int, last: int, spoil: Spoil = lambda _, __, value: value) -> None:
        """Send a frame of each feeder and minute."""
        frames: list[Message] = []
        for minute in range(first, last):
            for place, (feeder, meters) in enumerate(FEEDERS.items()):
                usual = np.random.default_rng((minute, place)).normal(2, 0.2, METERS).round(3)
                value = spoil(minute, feeder, usual)
                if value is not None:
                    at = START + minute * MINUTE
                    frames.append(
                        ReadingFrame(frame=feeder, time=at, series=meters, value=value.tolist())
                    )
        self.send(READINGS, frames)

    def alarms(self) -> list[Alarm]:
        """Give all that happened to alarms, as consumers see it that read committed."""
        return [Alarm.from_bytes(value) for value in self.values(ALARMS)]

    def alarms_when(self, happened: Callable[[list[Alarm]], bool], what: str) -> list[Alarm]:
        """Wait until something has happened to alarms; give all."""

        def look() -> list[Alarm]:
            found = self.alarms()
            return found if happened(found) else []

        return self.wait_for(look, what)


@pytest.fixture
def new_grid(kafka: str, tmp_path: Path) -> Iterator[Callable[[], Grid]]:
    grids: list[Grid] = []

    def new() -> Grid:
        folder = tmp_path / f"grid-{len(grids)}"
        folder.mkdir()
        chosen = {"clock": "replay", "model": "none", "horizon_hours": "2"}
        grids.append(Grid(deployment(kafka, folder, partitions=1), folder, **chosen))
        grids[-1].declare()
        return grids[-1]

    yield new
    for grid in grids:
        grid.end()


def faults(minute: int, feeder: str, value: np.ndarray) -> np.ndarray | None:
    """Spoil what is usual: a spike, a value that stays, a wrong unit; then a feeder dies."""
    since = minute - SETTLED
    if feeder == "f-0" and since == 5:
        value[3] = 15.0
    if feeder == "f-0" and 20 <= since < 50:
        value[4] = 2.034
    if feeder == "f-1" and 40 <= since < 43:
        value[5] *= 1000
    if feeder == "f-2" and 60 <= since < 90:
        return None
    return value


def test_faults_become_alarms_with_their_causes_and_a_dead_feeder_is_one(
    new_grid: Callable[[], Grid],
) -> None:
    grid = new_grid()
    grid.minutes(0, SETTLED + 150, faults)
    grid.start_worker()
    found = grid.alarms_when(
        lambda alarms: any(one.series == "f-2" and not one.active for one in alarms),
        "the feeder lives again",
    )
    raised = [one for one in found if one.change is AlarmChange.RAISED]
    told = {(one.kind, one.series): one for one in raised}
    assert set(told) == {
        (AlarmKind.SPIKE, "m-0-3"),
        (AlarmKind.FLATLINE, "m-0-4"),
        (AlarmKind.UNIT, "m-1-5"),
        (AlarmKind.GAP, "f-2"),
    }
    assert len(raised) == len(told), "none is told twice"
    spike = told[AlarmKind.SPIKE, "m-0-3"]
    assert spike.cause == "meter fault, or an event at this place alone"
    assert spike.measured == 15.0
    assert spike.expected == pytest.approx(2, abs=0.2)
    assert told[AlarmKind.FLATLINE, "m-0-4"].cause == "meter fault"
    assert told[AlarmKind.UNIT, "m-1-5"].cause == "wrong unit at the meter or the head-end"
    dead = told[AlarmKind.GAP, "f-2"]
    assert dead.cause == "communication gap, or the feeder is dead"
    assert dead.text == f"{METERS} of the {METERS} series of f-2 are silent"
    begun = START + (SETTLED + 60) * MINUTE
    assert timedelta() < dead.raised_at - begun <= 5 * MINUTE
    assert {one.alarm for one in found if not one.active} == {one.alarm for one in raised}


def test_a_weather_station_that_falls_silent_is_told_of_with_the_readings(
    new_grid: Callable[[], Grid],
) -> None:
    grid, skies = new_grid(), Skies("st-1", "st-2")
    silent, over = 8 * 60, 9 * 60
    begin_ms = round(START.timestamp() * 1000)
    weather = [
        message
        for minute in range(-12 * 60, 12 * 60)
        for message in skies.messages(
            begin_ms + minute * 60_000, silent=["st-2"] if silent <= minute < over else []
        )
    ]
    for topic, is_run in ((WEATHER_FORECASTS, True), (WEATHER_OBSERVATIONS, False)):
        grid.send(topic, [one for one in weather if isinstance(one, WeatherForecast) is is_run])
    grid.minutes(0, 11 * 60)
    grid.start_worker()
    found = grid.alarms_when(
        lambda alarms: any(not one.active for one in alarms), "the station is heard again"
    )
    assert [(one.kind, one.series, one.change) for one in found] == [
        (AlarmKind.GAP, "weather.observations/st-2", AlarmChange.RAISED),
        (AlarmKind.GAP, "weather.observations/st-2", AlarmChange.CLEARED),
    ]
    assert found[0].cause == "the weather station, or the line to it, is silent"
    waited = found[0].raised_at - (START + silent * MINUTE)
    assert timedelta(minutes=20) <= waited <= timedelta(minutes=60)


def storm(minute: int, feeder: str, value: np.ndarray) -> np.ndarray | None:
    """Meter after meter goes wrong: nine of each feeder within half an hour."""
    since = minute - SETTLED
    number = since // 3
    if since >= 0 and since % 3 == 0 and number < 9:
        value[number] = 15.0
    return value


def test_killed_in_the_middle_of_a_storm_none_is_lost_none_raised_twice_and_seen_stays_seen(
    new_grid: Callable[[], Grid],
) -> None:
    calm, killed = new_grid(), new_grid()
    middle, end = SETTLED + 10, SETTLED + 90
    for grid in (calm, killed):
        grid.minutes(0, middle, storm)
    worker = killed.start_worker()
    first = killed.alarms_when(bool, "the first of the storm")[0]
    assert first.kind is AlarmKind.SPIKE
    AlarmClient(killed.settings).send(
        Command(command="c-1", alarm=first.alarm, action=Action.ACKNOWLEDGE, by="anna", at=START)
    )
    killed.alarms_when(lambda found: any(one.acknowledged_by for one in found), "anna has seen it")
    before = len(killed.alarms())
    for minute in range(middle, end, 5):
        killed.minutes(minute, minute + 5, storm)
        if minute == middle + 5:
            killed.alarms_when(lambda found: len(found) > before, "the storm goes on")
            worker.kill()
            worker.wait()
    killed.start_worker()
    calm.minutes(middle, end, storm)
    calm.start_worker()

    def is_over(found: list[Alarm]) -> bool:
        newest = {one.alarm: one for one in found}
        return len(newest) > 1 and not any(one.active for one in newest.values())

    wanted = calm.alarms_when(is_over, "the end of the storm")
    found = killed.alarms_when(is_over, "the end of the storm, after the kill")
    assert any(one.kind is AlarmKind.FLOOD for one in wanted), "it is a storm"
    acknowledged = [one for one in found if one.change is AlarmChange.ACKNOWLEDGED]
    assert [one.alarm for one in acknowledged] == [first.alarm]
    assert happened(found) == happened(wanted)
    later = [one for one in found[found.index(acknowledged[0]) :] if one.alarm == first.alarm]
    assert later[-1].change is AlarmChange.CLEARED
    assert {one.acknowledged_by for one in later} == {"anna"}


def happened(found: list[Alarm]) -> list[tuple[str, AlarmChange, datetime, str]]:
    return [
        (one.alarm, one.change, one.changed_at, one.text)
        for one in found
        if one.change is not AlarmChange.ACKNOWLEDGED
    ]
