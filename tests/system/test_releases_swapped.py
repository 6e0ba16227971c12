"""Twenty releases while a history is replayed: no tick missed, none answered by two models."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.consuming import all_of
from support.releases import model_file, release_of
from support.site import Site, site

from gridcast.schemas import Forecast, Message, ReadingFrame, Release, Rung
from gridcast.schemas.topics import FORECASTS, READINGS, RELEASES

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
BEFORE, RELEASED = 30, 20
"""Hours until the network has a window; and hours, each with a release of its own."""
FRAMES = {f"f-{number}": [f"m-{number}a", f"m-{number}b"] for number in range(6)}
EVERYONE = {name for series in FRAMES.values() for name in series}


@pytest.fixture
def hourly(kafka: str, tmp_path: Path) -> Iterator[Site]:
    """A deployment of hourly steps, and a worker there."""
    chosen: dict[str, Any] = {"step_minutes": "60", "levels": "0.05,0.5,0.95", "clock": "replay"}
    with site(kafka, tmp_path, **chosen) as one:
        one.start_worker()
        yield one


def hour(number: int) -> list[Message]:
    """Make the readings of one hour: a load that is larger by day."""
    load = 100 + 30 * (8 <= number % 24 < 20)
    at = START + number * HOUR
    return [
        ReadingFrame(frame=frame, time=at, series=series, value=[load, 2 * load])
        for frame, series in FRAMES.items()
    ]


def is_bad(number: int) -> bool:
    return number % 5 == 4


def release(folder: Path, number: int) -> Release:
    """Make a release; every fifth is no good."""
    spread = float("nan") if is_bad(number) else 0.1
    data = model_file(f"r{number}", seed=number, spread=spread)
    path = folder / f"r{number}.onnx"
    path.write_bytes(data)
    return release_of(data, f"r{number}", number, url=path.as_uri())


def test_twenty_releases_are_swapped_between_ticks_and_each_forecast_names_its_own(
    hourly: Site, tmp_path: Path
) -> None:
    for number in range(BEFORE):
        hourly.send(READINGS, hour(number))
    hourly.forecasts_until(START + (BEFORE - 1) * HOUR, EVERYONE)
    for number in range(RELEASED):  # while the hour before is worked off
        hourly.send(RELEASES, [release(tmp_path, number)])
        hourly.wait_until_said(f"r{number}: probe: " if is_bad(number) else f"small r{number} (")
        hourly.send(READINGS, hour(BEFORE + number))
        if not is_bad(number):
            wait_until_answered_by(hourly, f"r{number}")
    last = START + (BEFORE + RELEASED - 1) * HOUR
    found = hourly.forecasts_until(last, EVERYONE)

    answered: dict[datetime, set[str | None]] = defaultdict(set)
    ticks: dict[str, list[datetime]] = defaultdict(list)
    for one in found:
        ticks[one.series].append(one.tick)
        if one.rung is Rung.MODEL:
            answered[one.tick].add(one.release)
            assert one.model in {"small", "box-60"}
    assert {one.partition() for one in all_of(hourly.settings, FORECASTS.name)} == {0, 1}
    for series, seen in ticks.items():
        whole = [START + n * MINUTE for n in range((last - START) // MINUTE + 1)]
        assert seen[-1 - RELEASED * 60 :] == whole[-1 - RELEASED * 60 :], series
    first = START + (BEFORE - 1) * HOUR + MINUTE
    of_releases = [first + n * MINUTE for n in range(RELEASED * 60)]
    assert all(len(answered[tick]) == 1 for tick in of_releases)
    who = {release for tick in of_releases for release in answered[tick]}
    assert who == {f"r{number}" for number in range(RELEASED) if not is_bad(number)}


def wait_until_answered_by(hourly: Site, release: str) -> None:
    def look() -> bool:
        newest_first = reversed(hourly.values(FORECASTS))
        return any(Forecast.from_bytes(value).release == release for value in newest_first)

    hourly.wait_for(look, f"an answer of {release}")
