"""The compiled decoder is held to the contract: both accept and refuse the same records."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.mutations import mutated

from gridcast.schemas import (
    Message,
    Reading,
    ReadingFrame,
    Reason,
    Refusal,
    TimeBounds,
    decode,
    read,
)
from gridcast.schemas.bounds import NEVER, within
from gridcast.schemas.frames import columns_of
from gridcast.schemas.plain import are_ids
from gridcast.schemas.times import milliseconds
from gridcast.schemas.topics import READINGS

TIME = "2026-01-01T00:00:00Z"

ids = st.text(st.sampled_from("abcM-_./:019{}[],'"), min_size=1, max_size=8)
fields_of_a_reading: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "series": ids | st.text(max_size=3),
        "time": st.sampled_from(
            [
                TIME,
                "2026-01-01T00:00:00.125Z",
                "2028-02-29T23:59:59Z",
                "2027-02-29T00:00:00Z",
                "2026-01-01T00:00:00.1Z",
                "2026-01-01T00:00:00.123456789Z",
                "2026-01-01T09:00:00+09:00",
                "2026-01-01t00:00:00z",
                "2026-01-01T00:00Z",
                "1969-12-31T23:59:59Z",
                "2200-01-01T00:00:00Z",
                "2026-13-01T00:00:00Z",
                "2026-00-01T00:00:00Z",
                "2026-01-00T00:00:00Z",
                "2026-01-01T00:00:0\u0661Z",
            ]
        ),
        "value": st.floats() | st.integers() | st.sampled_from([True, None, "1", -0.0, 10**400]),
    },
    optional={
        "version": st.sampled_from([1, 2, 0, True, 1.0, "1"]),
        "unit": st.sampled_from(["kW", "MW", "", None]),
        "quality": st.integers(-1, 20) | st.sampled_from([0.0, True, 10**30]),
        "revision": st.integers(-1, 2**31) | st.sampled_from([1.0, 1e3, 10**30]),
        "extra": st.none() | st.text(max_size=2) | st.lists(st.integers(), max_size=2),
    },
)


def by_contract(key: bytes | None, value: bytes | None) -> Message | Refusal | None:
    return read(READINGS, key, value)


def assert_decoded_as_the_contract_does(
    keys: list[bytes | None], values: list[bytes | None]
) -> None:
    decoded = decode(keys, values)
    expected = [by_contract(key, value) for key, value in zip(keys, values, strict=True)]
    rows = 0
    for place, found in enumerate(expected):
        if isinstance(found, Reading):
            of_message = [
                row for row in range(len(decoded.readings)) if decoded.message[row] == place
            ]
            assert len(of_message) == 1
            assert_row_is(decoded.readings, of_message[0], found)
            rows += 1
        elif isinstance(found, ReadingFrame):
            columns = columns_of(found)
            assert decoded.message.tolist().count(place) == len(columns)
            rows += len(columns)
        else:
            assert (place, found) in decoded.refused or is_a_mended_frame(decoded, place)
    assert rows <= len(decoded.readings)


def is_a_mended_frame(decoded: Any, place: int) -> bool:
    """A frame of which some entries are good: the contract, asked for all of it, refuses it."""
    return any(where == place and refusal.entry is not None for where, refusal in decoded.refused)


def assert_row_is(columns: Any, row: int, reading: Reading) -> None:
    assert columns.series[row] == reading.series
    assert int(columns.time_ms[row]) == round(reading.time.timestamp() * 1000)
    assert repr(float(columns.value[row])) == repr(reading.value)
    assert columns.quality[row] == reading.quality
    assert columns.revision[row] == reading.revision


@given(st.lists(st.tuples(fields_of_a_reading, st.booleans()), max_size=6))
@settings(max_examples=400, deadline=None)
def test_both_accept_and_refuse_the_same_records(
    records: list[tuple[dict[str, Any], bool]],
) -> None:
    values = [json.dumps(fields).encode() for fields, _ in records]
    keys = [
        str(fields["series"]).encode(errors="surrogatepass") if right else b"another"
        for fields, right in records
    ]
    assert_decoded_as_the_contract_does(list(keys), list(values))


@given(st.lists(st.tuples(st.none() | st.binary(max_size=4), st.none() | st.binary(max_size=60))))
@settings(max_examples=300, deadline=None)
@example([(b"a", b'{"series":"a"'), (b"b", b'"time":1}')])
def test_arbitrary_bytes_are_refused_by_name_and_nothing_else_is_raised(
    records: list[tuple[bytes | None, bytes | None]],
) -> None:
    assert_decoded_as_the_contract_does([k for k, _ in records], [v for _, v in records])


@given(st.integers(0, 2**32), st.integers(1, 12))
@settings(max_examples=300, deadline=None)
def test_mutated_records_are_judged_alike_by_both(seed: int, count: int) -> None:
    keys, values, _ = mutated(seed, count)
    assert_decoded_as_the_contract_does(keys, values)


@given(st.integers(0, 2**32), st.integers(1, 40))
@settings(max_examples=200, deadline=None)
def test_no_good_record_is_lost_beside_a_bad_one(seed: int, count: int) -> None:
    keys, values, intact = mutated(seed, count)
    decoded = decode(keys, values)
    assert set(intact) <= set(decoded.message.tolist())
    refused = {place for place, _ in decoded.refused}
    assert refused.isdisjoint(intact)
    assert refused | set(decoded.message.tolist()) == set(range(len(values)))


def test_two_broken_messages_do_not_make_a_good_one_together() -> None:
    """A decoder that joins messages before it parses them would accept both of these."""
    halves: list[bytes | None] = [
        b'{"series":"a","time":"2026-01-01T00:00:00Z","value":1},{"series":"a"}',
        b'{"series":"a","time":"2026-01-01T00:00:00Z"',
        b'"value":3}',
    ]
    decoded = decode([b"a"] * 3, halves)
    assert len(decoded.readings) == 0
    assert [refusal.reason for _, refusal in decoded.refused] == [Reason.NOT_JSON] * 3


def test_keys_that_only_match_when_joined_are_refused() -> None:
    values = [Reading(series=s, time=TIME, value=1).to_bytes() for s in ("a", "b")]
    decoded = decode([b"a\nb", b""], list(values))
    assert [refusal.reason for _, refusal in decoded.refused] == [Reason.WRONG_KEY] * 2


def test_a_bad_entry_of_a_frame_costs_that_entry_only() -> None:
    frame = {
        "frame": "f",
        "time": TIME,
        "series": ["a", "b c", "d", "e", "g"],
        "value": [1, 2, float("nan"), 4, 5],
        "quality": [0, 0, 0, 3, 0],
        "offset_ms": [0, 0, 0, 0, 5000],
    }
    decoded = decode([b"f"], [json.dumps(frame).encode()])
    sent = np.array([1767225600_000])
    decoded, _ = within(decoded, sent, NEVER, TimeBounds(0, 0))
    assert decoded.readings.series == ["a"]
    assert [(refusal.entry, refusal.reason) for _, refusal in decoded.refused] == [
        (1, Reason.BAD_ID),
        (2, Reason.NOT_FINITE),
        (3, Reason.UNKNOWN_QUALITY),
        (4, Reason.FAR_FUTURE),
    ]


@pytest.mark.parametrize(
    "change",
    [{"frame": 1}, {"time": "now"}, {"value": [1]}, {"unit": "W"}, {"value": [None, None]}],
    ids=str,
)
def test_a_frame_that_is_wrong_as_a_whole_is_refused_whole(change: dict[str, Any]) -> None:
    frame = {"frame": "f", "time": TIME, "series": ["a", "b"], "value": [1, 2]} | change
    decoded = decode([b"f"], [json.dumps(frame).encode()])
    assert len(decoded.readings) == 0
    assert [refusal.entry for _, refusal in decoded.refused] == [None]


@given(
    st.lists(st.tuples(ids, st.floats(allow_nan=False, allow_infinity=False)), min_size=1),
    st.booleans(),
    st.sampled_from([TIME, "2026-01-01T09:00:00+09:00"]),
)
@settings(deadline=None)
def test_a_frame_is_as_many_readings_as_it_holds(
    entries: list[tuple[str, float]], full: bool, time: str
) -> None:
    length = len(entries)
    frame = ReadingFrame.model_validate(
        {
            "frame": "f",
            "time": time,
            "series": [series.replace('"', "") for series, _ in entries],
            "value": [value for _, value in entries],
            "quality": [14] * length * full,
            "revision": [3] * length * full,
            "offset_ms": list(range(length)) * full,
        }
    )
    decoded = decode([b"f"], [frame.to_bytes()])
    assert not decoded.refused
    assert decoded.readings.series == frame.series
    assert decoded.readings.value.tolist() == frame.value
    assert set(decoded.readings.quality.tolist()) == {14 if full else 0}
    assert set(decoded.readings.revision.tolist()) == {3 if full else 0}
    start = round(frame.time.timestamp() * 1000)
    expected = [start + entry * full for entry in range(length)]
    assert decoded.readings.time_ms.tolist() == expected


def test_a_batch_of_nothing_is_nothing() -> None:
    decoded = decode([], [])
    assert len(decoded.readings) == len(decoded.message) == len(decoded.refused) == 0


def test_short_and_long_times_mix_in_one_batch() -> None:
    assert milliseconds([TIME, "2026-01-01T00:00:00.001Z"]) is not None
    assert milliseconds(["2026-01-01T00:00:00.00Z", "2026-01-01T00:00:00.001Z"]) is None


@pytest.mark.parametrize("text", ["", "a\n", "\na", "a\n\nb", "a b", "a\rb", "é"])
def test_a_text_that_is_no_list_of_identifiers(text: str) -> None:
    assert not are_ids(text)
