"""Scores on a real Kafka: every series and hour, and the same though workers die."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.consuming import all_of
from support.site import Site, site

from gridcast.schemas import ReadingFrame, Score
from gridcast.schemas.topics import READINGS, SCORES

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURS = 40
SERIES = ["a", "b", "c"]


@pytest.fixture
def hourly(kafka: str, tmp_path: Path) -> Iterator[Site]:
    """A deployment of hourly steps that has been sent its readings."""
    with site(kafka, tmp_path, partitions=1, step_minutes="60", clock="replay") as one:
        frames = []
        for hour in range(HOURS):
            load = 100 + 30 * (8 <= hour % 24 < 20) + hour % 7
            time, value = START + hour * HOUR, [load, 2 * load, 3 * load]
            frames.append(ReadingFrame(frame="f", time=time, series=SERIES, value=value))
        one.send(READINGS, frames)
        yield one


Told = dict[tuple[str, datetime], bytes]


def scores(hourly: Site) -> Told:
    """Give the bytes for each series and hour; twice is the same."""
    found: Told = {}
    for message in all_of(hourly.settings, SCORES.name):
        score = Score.from_bytes(message.value())
        assert message.key() == score.key
        assert found.setdefault((score.series, score.hour), message.value()) == message.value()
    return found


def scores_when(hourly: Site, count: int) -> Told:
    def look() -> Told:
        found = scores(hourly)
        return found if len(found) >= count else {}

    return hourly.wait_for(look, f"{count} scores")


@pytest.mark.parametrize("deaths", [0, 2])
def test_every_series_is_scored_for_every_hour_and_a_death_changes_no_byte(
    hourly: Site, deaths: int, calm: dict[tuple[str, int], bytes]
) -> None:
    # The newest reading closes its tick five minutes before; an hour is told one slot later.
    hours = HOURS - 2
    for death in range(deaths):
        worker = hourly.start_worker()
        scores_when(hourly, death * 12 * len(SERIES) + 1)
        worker.kill()
        worker.wait()
    hourly.start_worker()
    found = scores_when(hourly, hours * len(SERIES))
    assert {hour for _, hour in found} == {START + number * HOUR for number in range(hours)}
    told = {(series, (hour - START) // HOUR): value for (series, hour), value in found.items()}
    for key, value in told.items():
        assert calm.setdefault(key, value) == value


@pytest.fixture(scope="module")
def calm() -> dict[tuple[str, int], bytes]:
    """What the first of the deployments said."""
    return {}
