"""Every way a record can be wrong, by name, each with the record that shows it."""

import json
from typing import Any

import numpy as np
import pytest
from support.messages import EXAMPLES

from gridcast.schemas import (
    Decoded,
    Message,
    Reason,
    Refusal,
    TimeBounds,
    Topic,
    decode,
    read,
    within,
)
from gridcast.schemas.topics import (
    ALARMS,
    COMMANDS,
    FORECASTS,
    RELEASES,
    SERIES,
    WEATHER_FORECASTS,
    WEATHER_OBSERVATIONS,
)

GOOD = {"version": 1, "series": "m-1", "time": "2026-01-01T00:00:00Z", "value": 1.5}
FRAME = {"frame": "f-1", "time": "2026-01-01T00:00:00Z", "series": ["a", "b"], "value": [1, 2]}


def reading(**changes: Any) -> bytes:
    return json.dumps(GOOD | changes).encode()


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in GOOD.items() if key != name}).encode()


READINGS_REFUSED = [
    (b"", Reason.EMPTY),
    (None, Reason.EMPTY),
    (reading(note="x" * 2000), Reason.OVERSIZED),
    (b"m-1;2026-01-01;1.5", Reason.NOT_JSON),
    (b"{", Reason.NOT_JSON),
    (reading()[:-1], Reason.NOT_JSON),
    (reading() + reading(), Reason.NOT_JSON),
    (reading() + b",", Reason.NOT_JSON),
    (b"\xff\xfe" + reading(), Reason.NOT_JSON),
    (b'{"series":"\xff","time":"2026-01-01T00:00:00Z","value":1}', Reason.NOT_JSON),
    (b'{"x":' + b"[" * 500 + b"]" * 500 + b"}", Reason.NOT_JSON),
    (b"[1, 2]", Reason.NOT_AN_OBJECT),
    (b"null", Reason.NOT_AN_OBJECT),
    (b'"m-1"', Reason.NOT_AN_OBJECT),
    (b"{}", Reason.MISSING_FIELD),
    (without("series"), Reason.MISSING_FIELD),
    (without("time"), Reason.MISSING_FIELD),
    (without("value"), Reason.MISSING_FIELD),
    (reading(value="1.5"), Reason.WRONG_TYPE),
    (reading(value=True), Reason.WRONG_TYPE),
    (reading(value=None), Reason.WRONG_TYPE),
    (reading(series=7), Reason.WRONG_TYPE),
    (reading(time=1767225600), Reason.WRONG_TYPE),
    (reading(revision=0.5), Reason.WRONG_TYPE),
    (reading(quality="0"), Reason.WRONG_TYPE),
    (reading(quality=True), Reason.WRONG_TYPE),
    (reading(value=float("nan")), Reason.NOT_FINITE),
    (reading(value=float("-inf")), Reason.NOT_FINITE),
    (reading(value=0).replace(b'"value": 0', b'"value": 1e999'), Reason.NOT_FINITE),
    (reading(revision=-1), Reason.OUT_OF_RANGE),
    (reading(revision=2**31), Reason.OUT_OF_RANGE),
    (reading(version=2), Reason.UNKNOWN_VERSION),
    (reading(version=0), Reason.UNKNOWN_VERSION),
    (reading(unit="W"), Reason.UNKNOWN_UNIT),
    (reading(unit="kw"), Reason.UNKNOWN_UNIT),
    (reading(quality=1), Reason.UNKNOWN_QUALITY),
    (reading(quality=20), Reason.UNKNOWN_QUALITY),
    (reading(series=""), Reason.BAD_ID),
    (reading(series="m 1"), Reason.BAD_ID),
    (reading(series="m\n1"), Reason.BAD_ID),
    (reading(series="계량기"), Reason.BAD_ID),
    (reading(series="m" * 201), Reason.BAD_ID),
    (reading(time="yesterday"), Reason.BAD_TIME),
    (reading(time="2026-02-29T00:00:00Z"), Reason.BAD_TIME),
    (reading(time="2026-01-01T24:00:00Z"), Reason.BAD_TIME),
    (reading(time="2026-01-01T00:00:60Z"), Reason.BAD_TIME),
    (reading(time="2026-01-01 00:00:00Z"), Reason.BAD_TIME),
    (reading(time="2026-01-01T00:00:00Z\0"), Reason.BAD_TIME),
    (reading(time="2026-01-01T00:00:00+25:00"), Reason.BAD_TIME),
    (reading(time="0001-01-01T00:00:00+14:00"), Reason.BAD_TIME),
    (reading(time="9999-12-31T23:59:59-14:00"), Reason.BAD_TIME),
    (reading(time="2026-01-01T00:00:00"), Reason.TIME_WITHOUT_ZONE),
    (reading(time="2026-01-01T00:00:00.5"), Reason.TIME_WITHOUT_ZONE),
    (reading(series="m-2"), Reason.WRONG_KEY),
    (reading(time="2026-01-01T01:00:00.001Z"), Reason.FAR_FUTURE),
    (reading(time="2025-12-31T22:59:59.999Z"), Reason.TOO_OLD),
    (json.dumps(FRAME).encode(), Reason.WRONG_KEY),
    (json.dumps(FRAME | {"value": [1]}).encode(), Reason.UNEVEN_LISTS),
    (json.dumps(FRAME | {"revision": [1]}).encode(), Reason.UNEVEN_LISTS),
    (json.dumps(FRAME | {"series": [], "value": []}).encode(), Reason.OUT_OF_RANGE),
]
MIDNIGHT_MS = 1767225600_000
BOUNDS = TimeBounds(ahead_ms=3_600_000, behind_ms=3_600_000)


def decoded_in_time(values: list[bytes | None]) -> Decoded:
    """Decode readings that Kafka got at midnight, when the newest reading was midnight's."""
    decoded = decode([b"m-1"] * len(values), values, limit=1500)
    return within(decoded, np.full(len(values), MIDNIGHT_MS), MIDNIGHT_MS, BOUNDS)[0]


def _name(value: bytes | None) -> str:
    return ascii(value)[:60]


@pytest.mark.parametrize(("value", "reason"), READINGS_REFUSED, ids=_name)
def test_a_bad_reading_is_refused_by_its_reason(value: bytes | None, reason: Reason) -> None:
    decoded = decoded_in_time([value])
    assert [refusal.reason for _, refusal in decoded.refused] == [reason]
    assert len(decoded.readings) == 0
    assert decoded.refused[0][1].detail


@pytest.mark.parametrize(("value", "reason"), READINGS_REFUSED, ids=_name)
def test_a_bad_reading_costs_itself_and_no_neighbour(value: bytes | None, reason: Reason) -> None:
    values = [reading(value=1), value, reading(value=2), reading(value=3)]
    decoded = decoded_in_time(values)
    assert decoded.readings.value.tolist() == [1, 2, 3]
    assert decoded.message.tolist() == [0, 2, 3]
    assert [(place, refusal.reason) for place, refusal in decoded.refused] == [(1, reason)]


def example(name: str, **changes: Any) -> tuple[bytes | None, bytes]:
    message: Message = next(m for m in EXAMPLES if type(m).__name__ == name)
    fields = json.loads(message.to_bytes()) | changes
    return message.key, json.dumps(fields).encode()


@pytest.mark.parametrize(
    ("topic", "record", "reason"),
    [
        (SERIES, example("GridSeries", capacity_kw=-5), Reason.NEGATIVE_CAPACITY),
        (SERIES, example("GridSeries", capacity_kw=0), Reason.NEGATIVE_CAPACITY),
        (SERIES, example("GridSeries", kind="toaster"), Reason.UNKNOWN_VALUE),
        (SERIES, example("GridSeries", time_zone="Mars/Olympus"), Reason.UNKNOWN_VALUE),
        (SERIES, example("GridSeries", time_zone="../../etc/passwd"), Reason.UNKNOWN_VALUE),
        (SERIES, example("GridSeries", holidays="Korea"), Reason.UNKNOWN_VALUE),
        (SERIES, example("GridSeries", latitude=91), Reason.OUT_OF_RANGE),
        (SERIES, example("GridSeries", longitude=None), Reason.MISSING_FIELD),
        (SERIES, example("GridSeries", parent="feeder-7"), Reason.OUT_OF_RANGE),
        (
            WEATHER_OBSERVATIONS,
            example("WeatherObservation", humidity_pct=130),
            Reason.OUT_OF_RANGE,
        ),
        (
            WEATHER_OBSERVATIONS,
            example("WeatherObservation", available_at="2026-03-29T11:59:59Z"),
            Reason.OUT_OF_RANGE,
        ),
        (WEATHER_FORECASTS, example("WeatherForecast", temperature_c=[1]), Reason.UNEVEN_LISTS),
        (
            WEATHER_FORECASTS,
            example("WeatherForecast", valid_at=["2026-03-29T14:00:00Z"] * 2),
            Reason.OUT_OF_RANGE,
        ),
        (RELEASES, example("Release", digest="md5:0"), Reason.UNKNOWN_VALUE),
        (RELEASES, example("Release", series_kind="metre"), Reason.UNKNOWN_VALUE),
        (RELEASES, example("Release", role="champion"), Reason.OUT_OF_RANGE),
        (RELEASES, example("ReleaseRefused", because="mood"), Reason.UNKNOWN_VALUE),
        (RELEASES, example("ReleaseRefused", model="a b"), Reason.BAD_ID),
        (FORECASTS, example("Forecast", step_minutes=7), Reason.UNKNOWN_VALUE),
        (FORECASTS, example("Forecast", quantiles=[[1]]), Reason.UNEVEN_LISTS),
        (FORECASTS, example("Forecast", levels=[0.5, 0.5, 0.9]), Reason.OUT_OF_RANGE),
        (ALARMS, example("Alarm", evidence={"x": "high"}), Reason.WRONG_TYPE),
        (COMMANDS, example("Command", action="delete"), Reason.UNKNOWN_VALUE),
        (COMMANDS, example("Command", until=None), Reason.MISSING_FIELD),
        (COMMANDS, example("Command", until="2026-03-29T13:00:00Z"), Reason.OUT_OF_RANGE),
        (COMMANDS, example("Command", action="unshelve"), Reason.OUT_OF_RANGE),
        (COMMANDS, example("Command", by=""), Reason.OUT_OF_RANGE),
    ],
    ids=lambda part: part.name if isinstance(part, Topic) else None,
)
def test_a_bad_message_of_another_topic_is_refused_by_its_reason(
    topic: Topic, record: tuple[bytes | None, bytes], reason: Reason
) -> None:
    found = read(topic, *record)
    assert isinstance(found, Refusal)
    assert found.reason is reason


def test_every_reason_has_a_record_above_that_shows_it() -> None:
    shown = {reason for _, reason in READINGS_REFUSED}
    by_agents = {Reason.UNKNOWN_ALARM}
    elsewhere = {Reason.NEGATIVE_CAPACITY, Reason.UNKNOWN_VALUE} | by_agents
    assert shown | elsewhere == set(Reason)


def test_a_refusal_never_repeats_a_whole_hostile_record() -> None:
    decoded = decode([b"m-1"], [reading(series="m" * 100_000)])
    assert len(decoded.refused[0][1].detail) <= 300
