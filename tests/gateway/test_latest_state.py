"""The latest state: the newest message of each key, and the changes since a position."""

import pytest
from pydantic import BaseModel
from support.gateway import alarm, forecast

from gridcast.gateway import latest_state
from gridcast.gateway.entries import Entry, KafkaMessage, read_entry
from gridcast.gateway.latest_state import LatestState
from gridcast.schemas import AlarmChange, GridSeries, Message, Reading, Refusal, Score
from gridcast.schemas.gateway import (
    AlarmDelta,
    ForecastDelta,
    Place,
    ReadingDelta,
    ScoreDelta,
    SeriesDelta,
    What,
)
from gridcast.units import DAY_MS

NOW_MS = 1_000 * DAY_MS


@pytest.fixture
def state() -> LatestState:
    state = LatestState()
    state.begin("e", dict.fromkeys(What, 2))
    return state


def put(
    state: LatestState, what: What, message: Message, partition: int = 0, at_ms: int = NOW_MS
) -> Entry:
    """Put a message into the state, as the next of its partition."""
    offset = state.next[what][partition]
    added = read_entry(
        what, KafkaMessage(partition, offset, at_ms, message.key, message.to_bytes()), 10_000
    )
    assert isinstance(added, Entry)
    state.take(added)
    state.reached(what, partition, offset + 1)
    return added


def since(state: LatestState, what: What, position: Place | None) -> list[Entry]:
    return [entry for entry in state.since(what, position) if entry is not None]


def delete(state: LatestState, what: What, key: str, partition: int = 0) -> None:
    offset = state.next[what][partition]
    added = read_entry(what, KafkaMessage(partition, offset, NOW_MS, key.encode(), None), 10_000)
    assert isinstance(added, Entry)
    state.take(added)
    state.reached(what, partition, offset + 1)


def test_a_message_of_kafka_is_passed_on_byte_for_byte(state: LatestState) -> None:
    added = put(state, What.FORECAST, forecast("m-1"))
    assert added.value == forecast("m-1").to_bytes()
    assert added.packet.payload.startswith(
        b'{"type":"forecast","seq":[0,0],"forecast":{"version":1,'
    )


@pytest.mark.parametrize(
    ("what", "message", "delta"),
    [
        (What.SERIES, GridSeries(series="m-1"), SeriesDelta),
        (What.FORECAST, forecast("m-1"), ForecastDelta),
        (What.ALARM, alarm("a-1"), AlarmDelta),
        (What.SCORE, Score(series="m-1", hour=forecast("m").tick, bands=[]), ScoreDelta),
        (What.READING, Reading(series="m-1", time=forecast("m").tick, value=1), ReadingDelta),
    ],
)
def test_each_message_matches_its_schema(
    state: LatestState, what: What, message: Message, delta: type[BaseModel]
) -> None:
    sent = put(state, what, message).packet.payload
    assert delta.model_validate_json(sent, strict=True).model_dump_json().encode() == sent


def test_only_the_newest_of_each_series_is_in_the_state(state: LatestState) -> None:
    put(state, What.FORECAST, forecast("m-1", 0))
    newest = put(state, What.FORECAST, forecast("m-1", 1))
    assert list(state.all(What.FORECAST)) == [newest]


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{}",
        b"\xff",
        b'{"series":"m-1"}',
        forecast("m-2").to_bytes(),
        forecast("m-1").to_bytes().replace(b'"version":1', b'"version":2'),
        forecast("m-1").to_bytes().replace(b"[0.05,0.5,0.95]", b"[0.5]"),
        b"x" * 20_000,
    ],
)
def test_an_incomplete_forecast_is_refused(value: bytes) -> None:
    assert isinstance(
        read_entry(What.FORECAST, KafkaMessage(0, 0, 0, b"m-1", value), 10_000), Refusal
    )


def test_a_forecast_that_passes_the_quick_check_is_valid() -> None:
    whole = forecast("m-1").to_bytes()
    assert isinstance(
        read_entry(What.FORECAST, KafkaMessage(0, 0, 0, b"m-1", whole), 10_000), Entry
    )


def test_since_a_position_only_changes_are_returned(state: LatestState) -> None:
    put(state, What.FORECAST, forecast("m-1"))
    put(state, What.FORECAST, forecast("m-2"), partition=1)
    position = state.position()
    changed = put(state, What.FORECAST, forecast("m-2", 1), partition=1)
    assert since(state, What.FORECAST, position) == [changed]
    assert len(since(state, What.FORECAST, None)) == 2


@pytest.mark.parametrize(
    "position",
    [
        Place(epoch="another", seq={What.FORECAST: [9, 9]}),
        Place(epoch="e", seq={}),
        Place(epoch="e", seq={What.FORECAST: [9]}),
    ],
)
def test_since_an_unknown_position_everything_is_returned(
    state: LatestState, position: Place
) -> None:
    put(state, What.FORECAST, forecast("m-1"))
    assert len(since(state, What.FORECAST, position)) == 1


def test_since_a_position_every_change_of_an_alarm_is_returned(state: LatestState) -> None:
    put(state, What.ALARM, alarm("a-1"))
    position = state.position()
    for minute in range(3):
        put(state, What.ALARM, alarm("a-1", change=AlarmChange.UPDATED, minute=minute))
    assert [entry.offset for entry in since(state, What.ALARM, position)] == [1, 2, 3]
    assert [entry.offset for entry in state.all(What.ALARM)] == [3]


def test_if_changes_were_dropped_each_alarm_is_returned_in_its_present_state(
    state: LatestState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latest_state, "MOST_CHANGES", 2)
    position = state.position()
    for minute in range(3):
        put(state, What.ALARM, alarm("a-1", minute=minute))
    assert [entry.offset for entry in since(state, What.ALARM, position)] == [2]
    recent = Place(epoch="e", seq={What.ALARM: [1, 0]})
    assert [entry.offset for entry in since(state, What.ALARM, recent)] == [1, 2]


def test_a_deletion_is_returned_to_clients_that_resume_and_to_no_other(state: LatestState) -> None:
    put(state, What.FORECAST, forecast("m-1"))
    position = state.position()
    delete(state, What.FORECAST, "m-1")
    (gone,) = since(state, What.FORECAST, position)
    assert b'"type":"gone"' in gone.packet.payload
    assert list(state.all(What.FORECAST)) == []
    assert state.about(What.FORECAST, "m-1") == []


def test_the_path_leads_from_a_series_to_the_root(state: LatestState) -> None:
    put(state, What.SERIES, GridSeries(series="m-1", parent="f-1"))
    put(state, What.SERIES, GridSeries(series="f-1", parent="z-1"))
    assert state.path("m-1") == ["m-1", "f-1", "z-1"]
    assert state.subtree("z-1") == ["z-1", "f-1", "m-1"]
    delete(state, What.SERIES, "f-1")
    assert state.path("m-1") == ["m-1", "f-1"]


def test_entries_that_are_too_old_are_dropped(state: LatestState) -> None:
    put(state, What.FORECAST, forecast("old"), at_ms=NOW_MS - 9 * DAY_MS)
    put(state, What.FORECAST, forecast("new"))
    put(state, What.ALARM, alarm("lasts"), at_ms=NOW_MS - 80 * DAY_MS)
    put(state, What.ALARM, alarm("over", change=AlarmChange.CLEARED), at_ms=NOW_MS - 2 * DAY_MS)
    put(state, What.SCORE, Score(series="m-1", hour=forecast("m").tick, bands=[]))
    assert state.forget(NOW_MS) == 2
    assert [entry.key for entry in state.all(What.FORECAST)] == ["new"]
    assert [entry.key for entry in state.all(What.ALARM)] == ["lasts"]
    assert len(list(state.all(What.SCORE))) == 1
