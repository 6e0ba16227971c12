"""A minute is a set of readings, however they come."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gridcast.models.windows.minute import Minute, merge
from gridcast.models.windows.trust import TRUST

READING = st.tuples(
    st.integers(0, 12),
    st.sampled_from([0, 0, 0, 1, 59_999]),
    st.floats(-9, 9, width=32),
    st.sampled_from([0, 0, 0, 1, 2]),
    st.sampled_from([0, 0, 9, 10]),
)
Reading = tuple[int, int, float, int, int]


def minute(readings: list[Reading]) -> Minute:
    types = ("i8", "i8", "f8", "i4", "u1")
    row, time, value, revision, quality = (
        np.array([reading[i] for reading in readings], kind) for i, kind in enumerate(types)
    )
    batch = Minute.of(row, time, value, revision, quality)
    return batch.take(np.argsort(batch.key, kind="stable"))


def listed(found: Minute) -> list[Reading]:
    parts = (found.row, found.offset_ms, found.value, found.revision, found.quality)
    return list(zip(*(part.tolist() for part in parts), strict=True))


def by_precedence(reading: Reading) -> tuple[int, int, float, int]:
    _, _, value, revision, quality = reading
    return revision, int(TRUST[quality]), value + 0.0, quality


def one_by_one(readings: list[Reading]) -> list[Reading]:
    best: dict[tuple[int, int], Reading] = {}
    for reading in readings:
        known = best.setdefault(reading[:2], reading)
        if by_precedence(reading) > by_precedence(known):
            best[reading[:2]] = reading
    return [best[place] for place in sorted(best)]


@given(st.lists(READING, max_size=60), st.lists(st.integers(0, 60), max_size=5))
def test_a_minute_is_the_best_of_what_came_in_whatever_batches(
    readings: list[Reading], cuts: list[int]
) -> None:
    whole, known = Minute.empty(), 0
    edges = sorted({0, len(readings), *(cut for cut in cuts if cut < len(readings))})
    for start, stop in pairwise(edges):
        before = listed(whole)
        merged = merge(whole, minute(readings[start:stop]))
        assert listed(whole) == before, "what was there is not written over"
        whole = merged.minute
        known += merged.accepted
        assert merged.accepted + merged.corrected + merged.duplicate == stop - start
        changed = set(listed(whole)) - set(before)
        assert {(key >> 16, key & 0xFFFF) for key in merged.changed.tolist()} >= {
            reading[:2] for reading in changed
        }
        assert (np.diff(merged.changed) > 0).all()
    assert listed(whole) == one_by_one(readings)
    assert known == len(whole)


def test_a_late_reading_among_many_costs_no_revisions_or_qualities() -> None:
    many = merge(Minute.empty(), minute([(row, 0, 1.0, 0, 0) for row in range(1000)])).minute
    more = merge(many, minute([(500, 7, 2.0, 0, 0)])).minute
    assert (many.nbytes, more.nbytes) == (12 * 1000 + 5, 12 * 1001 + 5)
    assert listed(more)[501] == (500, 7, 2.0, 0, 0)
