"""Reading a snapshot of an earlier time: only the newest message of each key is kept."""

import json
from collections.abc import Iterable

import pytest
from support.gateway import NOON, alarm, forecast

from gridcast.gateway import snapshot_at
from gridcast.gateway.entries import Entry, KafkaMessage, read_entry
from gridcast.gateway.latest_state import LatestState
from gridcast.gateway.snapshot_at import SnapshotReader, SnapshotUnavailable, _SnapshotMessages
from gridcast.schemas import GridSeries, Message, Reading, ReadingFrame, SeriesKind
from gridcast.schemas.gateway import What
from gridcast.stream.settings import Settings

NOON_MS = round(NOON.timestamp() * 1000)


def everything(_: str) -> bool:
    return True


def messages(*messages: Message) -> list[KafkaMessage]:
    return [
        KafkaMessage(0, offset, NOON_MS, message.key, message.to_bytes())
        for offset, message in enumerate(messages)
    ]


def payloads(snapshot: _SnapshotMessages) -> list[str]:
    return sorted(payload.decode() for payload in snapshot.messages())


def test_only_the_newest_of_each_is_kept() -> None:
    snapshot = _SnapshotMessages(Settings(), everything, everything)
    snapshot.take(
        What.FORECAST, messages(forecast("m-1"), forecast("m-2"), forecast("m-1", minute=1))
    )
    snapshot.take(What.FORECAST, messages(forecast("m-2", minute=2)))
    ticks = {json.loads(payload)["forecast"]["series"]: payload for payload in payloads(snapshot)}
    assert '"tick":"2026-01-01T12:01:00Z"' in ticks["m-1"]
    assert '"tick":"2026-01-01T12:02:00Z"' in ticks["m-2"]


def test_the_readings_of_a_frame_are_sent_one_by_one_and_an_older_one_is_not() -> None:
    snapshot = _SnapshotMessages(Settings(), lambda name: name != "m-3", everything)
    frame = ReadingFrame(frame="f-1", time=NOON, series=["m-1", "m-2", "m-3"], value=[1, 2, 3])
    late = Reading(series="m-1", time=NOON.replace(hour=11), value=9.0)
    snapshot.take(What.READING, messages(frame))
    snapshot.take(What.READING, messages(late))
    first, second = payloads(snapshot)
    assert '"value":1.0' in first
    assert '"value":2.0' in second


def test_too_many_bytes_are_refused_and_replaced_messages_do_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    size = len(forecast("m-1").to_bytes())
    monkeypatch.setattr(snapshot_at, "MOST_BYTES", 2 * size)
    snapshot = _SnapshotMessages(Settings(), everything, everything)
    for _ in range(5):
        snapshot.take(What.FORECAST, messages(forecast("m-1"), forecast("m-2")))
    with pytest.raises(SnapshotUnavailable, match="too much"):
        snapshot.take(What.FORECAST, messages(forecast("m-3")))


def test_alarms_of_everything_visible_are_included_even_of_a_feed() -> None:
    snapshot = _SnapshotMessages(Settings(), lambda _: False, lambda name: name != "m-9")
    snapshot.take(
        What.ALARM, messages(alarm("a", series="meter.readings/0"), alarm("b", series="m-9"))
    )
    (only,) = payloads(snapshot)
    assert "meter.readings/0" in only


def wanted(messages: Iterable[Message], series: str | None = None) -> set[str]:
    state = LatestState()
    state.begin("e", dict.fromkeys(What, 1))
    for offset, message in enumerate(messages):
        what = What.SERIES if isinstance(message, GridSeries) else What.FORECAST
        entry = read_entry(
            what, KafkaMessage(0, offset, 0, message.key, message.to_bytes()), 10_000
        )
        assert isinstance(entry, Entry)
        state.take(entry)
    is_wanted = SnapshotReader(Settings(), state)._wanted_series(
        state.newest[What.SERIES].values(), everything, series
    )
    return {name for name in ("z", "f", "m-1", "m-2") if is_wanted(name)}


def test_of_a_declared_grid_the_upper_series_and_the_parts_of_the_requested_one_are_included() -> (
    None
):
    grid = [
        GridSeries(series="z", kind=SeriesKind.ZONE),
        GridSeries(series="f", kind=SeriesKind.FEEDER, parent="z"),
        GridSeries(series="m-1", parent="f"),
        GridSeries(series="m-2"),
    ]
    assert wanted(grid) == {"z", "f"}
    assert wanted(grid, "f") == {"z", "f", "m-1"}


def test_of_undeclared_series_no_more_are_included_than_a_screen_shows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = [forecast("m-1"), forecast("m-2")]
    assert wanted(few) == {"z", "f", "m-1", "m-2"}
    monkeypatch.setattr(snapshot_at, "MOST_UNDECLARED", 1)
    assert wanted(few, "m-2") == {"m-2"}
