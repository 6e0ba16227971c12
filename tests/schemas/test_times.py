"""Times of the plain form: one by one, and by the thousand."""

from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gridcast.schemas.fields import EARLIEST, write_time
from gridcast.schemas.times import millisecond, milliseconds

NEARLY = st.from_regex(
    r"\A(19|20|21|22)\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-6]\d:[0-6]\d(\.\d{3})?Z?\n?\Z"
)
WRITTEN = st.integers(-(10**9), 8 * 10**12).map(
    lambda ms: write_time(EARLIEST + timedelta(milliseconds=ms))
)


@given(st.one_of(NEARLY, WRITTEN, st.text(max_size=24)))
@example("2026-01-01T24:00:00Z")
@example("2026-01-01T23:59:60Z")
@example("2024-02-29T00:00:00.001Z")
@example("2023-02-29T00:00:00Z")
@example("٢٠٢٦-01-01T00:00:00Z")
@example("2026-01-01T00:00:00Z\0")
def test_one_time_is_read_as_many_are(time: str) -> None:
    many = milliseconds([time])
    assert millisecond(time) == (None if many is None else many[0])


@pytest.mark.parametrize(
    ("time", "expected"),
    [("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:01:00.250Z", 60_250), ("1969-12-31", None)],
)
def test_a_time_is_milliseconds_since_1970(time: str, expected: int | None) -> None:
    assert millisecond(time) == expected
