"""What is kept of the topics while a moment is looked up: the newest of each, and no more."""

import json
from collections.abc import Iterable

import pytest
from support.gateway import NOON, alarm, forecast

from gridcast.gateway import snapshot_at
from gridcast.gateway.entries import Entry, KafkaMessage, entry
from gridcast.gateway.latest_state import LatestState
from gridcast.gateway.snapshot_at import Away, Moments, _Found
from gridcast.schemas import GridSeries, Message, Reading, ReadingFrame, SeriesKind
from gridcast.schemas.gateway import What
from gridcast.stream.settings import Settings

NOON_MS = round(NOON.timestamp() * 1000)


def everything(_: str) -> bool:
    return True


def records(*messages: Message) -> list[KafkaMessage]:
    return [
        KafkaMessage(0, offset, NOON_MS, one.key, one.to_bytes())
        for offset, one in enumerate(messages)
    ]


def told(found: _Found) -> list[str]:
    return sorted(one.decode() for one in found.messages())


def test_only_the_newest_of_each_is_kept():
    found = _Found(Settings(), everything, everything)
    found.take(What.FORECAST, records(forecast("m-1"), forecast("m-2"), forecast("m-1", minute=1)))
    found.take(What.FORECAST, records(forecast("m-2", minute=2)))
    ticks = {json.loads(one)["forecast"]["series"]: one for one in told(found)}
    assert '"tick":"2026-01-01T12:01:00Z"' in ticks["m-1"]
    assert '"tick":"2026-01-01T12:02:00Z"' in ticks["m-2"]


def test_the_readings_of_a_frame_are_told_one_by_one_and_an_older_one_is_not():
    found = _Found(Settings(), lambda name: name != "m-3", everything)
    frame = ReadingFrame(frame="f-1", time=NOON, series=["m-1", "m-2", "m-3"], value=[1, 2, 3])
    late = Reading(series="m-1", time=NOON.replace(hour=11), value=9.0)
    found.take(What.READING, records(frame))
    found.take(What.READING, records(late))
    one, other = told(found)
    assert '"value":1.0' in one
    assert '"value":2.0' in other


def test_more_than_may_be_kept_is_refused_and_what_is_overtaken_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
):
    size = len(forecast("m-1").to_bytes())
    monkeypatch.setattr(snapshot_at, "MOST_BYTES", 2 * size)
    found = _Found(Settings(), everything, everything)
    for _ in range(5):
        found.take(What.FORECAST, records(forecast("m-1"), forecast("m-2")))
    with pytest.raises(Away, match="too much"):
        found.take(What.FORECAST, records(forecast("m-3")))


def test_alarms_are_those_of_all_that_somebody_may_see_be_they_of_a_feed():
    found = _Found(Settings(), lambda _: False, lambda name: name != "m-9")
    found.take(What.ALARM, records(alarm("a", series="meter.readings/0"), alarm("b", series="m-9")))
    (only,) = told(found)
    assert "meter.readings/0" in only


def wanted(series: Iterable[Message], asked: str | None = None) -> set[str]:
    board = LatestState()
    board.begin("e", dict.fromkeys(What, 1))
    for place, one in enumerate(series):
        what = What.SERIES if isinstance(one, GridSeries) else What.FORECAST
        made = entry(what, KafkaMessage(0, place, 0, one.key, one.to_bytes()), 10_000)
        assert isinstance(made, Entry)
        board.take(made)
    is_wanted = Moments(Settings(), board)._wanted(
        board.newest[What.SERIES].values(), everything, asked
    )
    return {name for name in ("z", "f", "m-1", "m-2") if is_wanted(name)}


def test_of_a_declared_grid_the_upper_series_are_told_and_the_parts_of_the_one_asked_for():
    grid = [
        GridSeries(series="z", kind=SeriesKind.ZONE),
        GridSeries(series="f", kind=SeriesKind.FEEDER, parent="z"),
        GridSeries(series="m-1", parent="f"),
        GridSeries(series="m-2"),
    ]
    assert wanted(grid) == {"z", "f"}
    assert wanted(grid, "f") == {"z", "f", "m-1"}


def test_of_series_that_nobody_declared_no_more_are_told_than_a_screen_shows(
    monkeypatch: pytest.MonkeyPatch,
):
    few = [forecast("m-1"), forecast("m-2")]
    assert wanted(few) == {"z", "f", "m-1", "m-2"}
    monkeypatch.setattr(snapshot_at, "MOST_UNDECLARED", 1)
    assert wanted(few, "m-2") == {"m-2"}
