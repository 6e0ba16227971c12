"""The board: the newest of everything, and what changed since a place."""

import pytest
from pydantic import BaseModel
from support.gateway import alarm, forecast

from gridcast.gateway import latest_state as board_module
from gridcast.gateway.entries import Entry, KafkaMessage, entry
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
def board() -> LatestState:
    board = LatestState()
    board.begin("e", dict.fromkeys(What, 2))
    return board


def put(
    board: LatestState, what: What, message: Message, partition: int = 0, at_ms: int = NOW_MS
) -> Entry:
    """Put a message on the board as the next of its partition."""
    offset = board.next[what][partition]
    made = entry(
        what, KafkaMessage(partition, offset, at_ms, message.key, message.to_bytes()), 10_000
    )
    assert isinstance(made, Entry)
    board.take(made)
    board.reached(what, partition, offset + 1)
    return made


def since(board: LatestState, what: What, place: Place | None) -> list[Entry]:
    return [one for one in board.since(what, place) if one is not None]


def delete(board: LatestState, what: What, key: str, partition: int = 0) -> None:
    offset = board.next[what][partition]
    made = entry(what, KafkaMessage(partition, offset, NOW_MS, key.encode(), None), 10_000)
    assert isinstance(made, Entry)
    board.take(made)
    board.reached(what, partition, offset + 1)


def test_the_message_of_kafka_is_passed_on_byte_for_byte(board: LatestState):
    made = put(board, What.FORECAST, forecast("m-1"))
    assert made.value == forecast("m-1").to_bytes()
    assert made.packet.payload.startswith(
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
def test_what_is_sent_is_what_its_schema_says(
    board: LatestState, what: What, message: Message, delta: type[BaseModel]
):
    sent = put(board, what, message).packet.payload
    assert delta.model_validate_json(sent, strict=True).model_dump_json().encode() == sent


def test_only_the_newest_of_each_series_is_on_the_board(board: LatestState):
    put(board, What.FORECAST, forecast("m-1", 0))
    newest = put(board, What.FORECAST, forecast("m-1", 1))
    assert list(board.all(What.FORECAST)) == [newest]


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
def test_a_forecast_that_is_not_whole_is_refused(value: bytes):
    assert isinstance(entry(What.FORECAST, KafkaMessage(0, 0, 0, b"m-1", value), 10_000), Refusal)


def test_what_the_quick_look_lets_through_the_contract_lets_through():
    whole = forecast("m-1").to_bytes()
    assert isinstance(entry(What.FORECAST, KafkaMessage(0, 0, 0, b"m-1", whole), 10_000), Entry)


def test_since_a_place_only_what_changed_is_told(board: LatestState):
    put(board, What.FORECAST, forecast("m-1"))
    put(board, What.FORECAST, forecast("m-2"), partition=1)
    place = board.place()
    changed = put(board, What.FORECAST, forecast("m-2", 1), partition=1)
    assert since(board, What.FORECAST, place) == [changed]
    assert len(since(board, What.FORECAST, None)) == 2


@pytest.mark.parametrize(
    "place",
    [
        Place(epoch="another", seq={What.FORECAST: [9, 9]}),
        Place(epoch="e", seq={}),
        Place(epoch="e", seq={What.FORECAST: [9]}),
    ],
)
def test_since_a_place_that_is_not_known_all_is_told(board: LatestState, place: Place):
    put(board, What.FORECAST, forecast("m-1"))
    assert len(since(board, What.FORECAST, place)) == 1


def test_since_a_place_every_change_of_an_alarm_is_told(board: LatestState):
    put(board, What.ALARM, alarm("a-1"))
    place = board.place()
    for minute in range(3):
        put(board, What.ALARM, alarm("a-1", change=AlarmChange.UPDATED, minute=minute))
    assert [one.offset for one in since(board, What.ALARM, place)] == [1, 2, 3]
    assert [one.offset for one in board.all(What.ALARM)] == [3]


def test_where_changes_are_kept_no_more_alarms_are_told_as_they_stand(
    board: LatestState, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(board_module, "MOST_CHANGES", 2)
    place = board.place()
    for minute in range(3):
        put(board, What.ALARM, alarm("a-1", minute=minute))
    assert [one.offset for one in since(board, What.ALARM, place)] == [2]
    recent = Place(epoch="e", seq={What.ALARM: [1, 0]})
    assert [one.offset for one in since(board, What.ALARM, recent)] == [1, 2]


def test_a_deletion_is_told_to_those_who_come_back_and_to_nobody_else(board: LatestState):
    put(board, What.FORECAST, forecast("m-1"))
    place = board.place()
    delete(board, What.FORECAST, "m-1")
    (gone,) = since(board, What.FORECAST, place)
    assert b'"type":"gone"' in gone.packet.payload
    assert list(board.all(What.FORECAST)) == []
    assert board.about(What.FORECAST, "m-1") == []


def test_the_way_leads_from_a_series_to_the_top(board: LatestState):
    put(board, What.SERIES, GridSeries(series="m-1", parent="f-1"))
    put(board, What.SERIES, GridSeries(series="f-1", parent="z-1"))
    assert board.way("m-1") == ["m-1", "f-1", "z-1"]
    assert board.below("z-1") == ["z-1", "f-1", "m-1"]
    delete(board, What.SERIES, "f-1")
    assert board.way("m-1") == ["m-1", "f-1"]


def test_what_is_too_old_is_forgotten(board: LatestState):
    put(board, What.FORECAST, forecast("old"), at_ms=NOW_MS - 9 * DAY_MS)
    put(board, What.FORECAST, forecast("new"))
    put(board, What.ALARM, alarm("lasts"), at_ms=NOW_MS - 80 * DAY_MS)
    put(board, What.ALARM, alarm("over", change=AlarmChange.CLEARED), at_ms=NOW_MS - 2 * DAY_MS)
    put(board, What.SCORE, Score(series="m-1", hour=forecast("m").tick, bands=[]))
    assert board.forget(NOW_MS) == 2
    assert [one.key for one in board.all(What.FORECAST)] == ["new"]
    assert [one.key for one in board.all(What.ALARM)] == ["lasts"]
    assert len(list(board.all(What.SCORE))) == 1
