import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gridcast.models.records import Record, RecordError, RecordKind, decode, encode, key_of

INT64 = st.integers(-(2**62), 2**62)
NUMBERS = st.one_of(
    arrays.arrays(np.int64, st.integers(0, 20), elements=INT64),
    arrays.arrays(np.int64, st.integers(0, 20), elements=st.integers(0, 300)),
    st.lists(INT64, max_size=20).map(lambda some: np.array(sorted(some), np.int64)),
)
FLOATS = arrays.arrays(np.float32, st.integers(0, 20))
TEXTS = st.lists(st.text(max_size=5), max_size=10)


@given(st.lists(st.one_of(NUMBERS, FLOATS, TEXTS), max_size=5), INT64)
def test_a_record_comes_back_as_it_was(columns: list[object], number: int) -> None:
    record = Record(RecordKind.SLOT, number, columns)  # type: ignore[arg-type]
    back = decode(record.key, encode(record))
    assert (back.kind, back.number, len(back.columns)) == (RecordKind.SLOT, number, len(columns))
    for ours, theirs in zip(columns, back.columns, strict=True):
        if isinstance(ours, list):
            assert theirs == ours
        else:
            assert isinstance(theirs, np.ndarray)
            assert isinstance(ours, np.ndarray)
            assert theirs.tobytes() == ours.tobytes()


def test_what_is_equal_or_runs_on_takes_a_few_bytes_only() -> None:
    record = Record(RecordKind.HEAD, 0, [np.zeros(100_000, "u1"), np.arange(100_000) * 7 + 10**12])
    assert len(encode(record)) < 64


RECORD = Record(RecordKind.MINUTE, 7, [np.arange(5), np.ones(5, "f4"), ["a", "b"]])


@given(st.data())
def test_a_torn_record_is_an_error_that_names_it(data: st.DataObject) -> None:
    whole = encode(RECORD)
    if data.draw(st.booleans()):
        torn = whole[: data.draw(st.integers(0, len(whole) - 1))]
    else:
        bit = data.draw(st.integers(0, 8 * len(whole) - 1))
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        torn = bytes(flipped)
    with pytest.raises(RecordError, match="record minute/7: ") as error:
        decode("minute/7", torn)
    assert error.value.record == "minute/7"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_record_or_a_record_error(data: bytes) -> None:
    with pytest.raises(RecordError):
        decode("head", data)


def test_a_record_of_another_version_says_so() -> None:
    newer = bytearray(encode(RECORD))
    newer[3] = 9
    with pytest.raises(RecordError, match=r"record minute/7: version 9; .* reads version 2"):
        decode("minute/7", bytes(newer))


def test_a_record_under_another_key_says_so() -> None:
    with pytest.raises(RecordError, match="record minute/8: holds minute/7"):
        decode("minute/8", encode(RECORD))


def test_the_keys_on_the_state_topic_are_those_of_deployments_that_exist() -> None:
    """A renamed kind would be a record that no worker finds after an upgrade."""
    assert [key_of(kind).partition("/")[0] for kind in RecordKind] == [
        *("head", "series", "border", "slot", "minute", "clock", "told", "readings"),
        *("feed", "alarms", "detection", "calibration", "noted", "checks", "running"),
    ]
